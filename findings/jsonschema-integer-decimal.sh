#!/usr/bin/env bash
# jsonschema 4.26.0 beside jsonschema-rs 0.60.3: what is an integer?
#
# JSON Schema (2020-12, 6.1.1): a number with a zero fractional part is an integer. A program that reads JSON
# with exact numbers has Decimals. For jsonschema no Decimal is an integer, not even Decimal("17"), while the
# float 17.0 is one; jsonschema-rs takes whole Decimals as integers. A schema that is checked with the one for
# people's files and with the other in bulk answers twice for the same value.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet jsonschema==4.26.0 jsonschema-rs==0.60.3
env/bin/python - <<'PYTHON'
from decimal import Decimal
from importlib.metadata import version

import jsonschema
import jsonschema_rs

print("jsonschema", version("jsonschema"), "jsonschema-rs", version("jsonschema-rs"))
schema = {"type": "integer"}
one, other = jsonschema.Draft202012Validator(schema), jsonschema_rs.validator_for(schema)
seen = [(repr(value), one.is_valid(value), other.is_valid(value))
        for value in (17, 17.0, Decimal("17"), Decimal("17.0"), Decimal("17.5"))]
for value, first, second in seen:
    print(f"{value:>15}  jsonschema: {first!s:5}  jsonschema-rs: {second}")
assert seen == [
    ("17", True, True), ("17.0", True, True), ("Decimal('17')", False, True),
    ("Decimal('17.0')", False, True), ("Decimal('17.5')", False, False),
], seen
PYTHON
