#!/usr/bin/env bash
# jsonschema 4.26.0: multipleOf over Decimals.
#
# A schema for money says multipleOf 0.01; exact numbers are Decimals. Up to 26 digits before the point the
# validator answers; from there on the remainder does not fit Decimal's 28 digits, and instead of a
# ValidationError the caller gets decimal.InvalidOperation (DivisionImpossible) out of validate() and
# iter_errors(), where only ValidationErrors are expected.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet jsonschema==4.26.0
env/bin/python - <<'PYTHON'
from decimal import Decimal, InvalidOperation
from importlib.metadata import version

from jsonschema import Draft202012Validator

print("jsonschema", version("jsonschema"))
money = Draft202012Validator({"type": "number", "multipleOf": Decimal("0.01")})


def said(amount):
    try:
        return [error.message for error in money.iter_errors(amount)]
    except InvalidOperation as error:
        return f"raised InvalidOperation {error}"


seen = {text: said(Decimal(text)) for text in ("10.01", "10.001", "1e25", "1e26", "1e27")}
for text, what in seen.items():
    print(f"{text:>7} -> {what}")
assert seen["10.01"] == [] and seen["1e25"] == []
assert len(seen["10.001"]) == 1
assert "DivisionImpossible" in seen["1e26"] and "DivisionImpossible" in seen["1e27"]
PYTHON
