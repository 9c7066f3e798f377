"""What a rule is shown of a value: the field that it is for, and what its expression sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..expressions import Expression
from ..kinds import Type
from ..lineage import View


class Value(Struct, frozen=True):
    """A value of a document: ``schema`` is its field's in the target, ``needed`` where the target
    has no document without it, ``type`` what is known of it."""

    expression: Expression
    schema: Mapping[str, Any]
    needed: bool
    type: Type
    view: View
