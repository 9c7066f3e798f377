#!/usr/bin/env bash
# python-stdnum 2.2: telling a Swedish company from a person by the number.
#
# An organisation number and a personal number share length and check digit. What tells them apart is the
# third digit: 2 or more in an organisation number (it stands where a personal number has its month, which
# begins with 0 or 1). stdnum.se.orgnr looks at length and check digit alone, so every personal number of ten
# digits passes; sole traders aside, whoever stores "valid organisation numbers" by it stores personal ones.
# The number below is made here, of the first day of a century.
# The product looks at the third digit itself (engine/store/sql/stage_orders.sql).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet python-stdnum==2.2
env/bin/python - <<'PYTHON'
from importlib.metadata import version

from stdnum import luhn
from stdnum.se import orgnr, personnummer, vat

print("python-stdnum", version("python-stdnum"))
body = "00" + "01" + "01" + "000"
number = body + luhn.calc_check_digit(body)
seen = orgnr.is_valid(number), personnummer.is_valid(number), vat.is_valid(f"SE{number}01")
print("a number of the first of January: orgnr", seen[0], "personnummer", seen[1], "vat", seen[2])
company = "212000" + "000"
company += luhn.calc_check_digit(company)
print("a number with 2 in the third place: orgnr", orgnr.is_valid(company), "personnummer",
      personnummer.is_valid(company))
assert seen == (True, True, True), seen
assert orgnr.is_valid(company) and not personnummer.is_valid(company)
PYTHON
