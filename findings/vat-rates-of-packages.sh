#!/usr/bin/env bash
# pyvat 1.3.18, vat_moss 0.11.0 and vatrates 2.0.3 (npm): standard VAT rates on 1 November 2026.
#
# In force on that day: Estonia 24 (since 2025-07-01), Finland 25.5 (since 2024-09-01), Romania 21 (since
# 2025-08-01), Slovakia 23 (since 2025-01-01). pyvat is given the day and answers with rates that ended before
# it; the other two hold a rate without a day, as it was when they were published.
# The product keeps rates with the days on which they hold, and parks what none of them fits
# (mappings/qliro-fortnox/tables/vat_rates.yaml).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet pyvat==1.3.18 vat_moss==0.11.0
npm install --silent --no-save vatrates@2.0.3 >/dev/null
env/bin/python - <<'PYTHON'
from datetime import date
from importlib.metadata import version

from pyvat import ItemType, Party, get_sale_vat_charge
from vat_moss.rates import BY_COUNTRY

print("pyvat", version("pyvat"), "vat_moss", version("vat_moss"))
day, seller = date(2026, 11, 1), Party("SE", True)
seen = {}
for country in ("EE", "FI", "RO", "SK", "SE"):
    charge = get_sale_vat_charge(
        day, ItemType.generic_electronic_service, Party(country, False), seller
    )
    seen[country] = str(charge.rate), str(BY_COUNTRY[country]["rate"])
    print(country, "pyvat", *seen[country][:1], "vat_moss", seen[country][1])
assert seen == {
    "EE": ("22", "0.20"), "FI": ("24", "0.24"), "RO": ("19", "0.24"), "SK": ("20", "0.20"),
    "SE": ("25", "0.25"),
}, seen
PYTHON
node -e '
const rates = new (require("vatrates"))();
const seen = ["EE", "FI", "RO", "SK", "SE"].map(country => rates.getStandardRate(country));
console.log("vatrates", require("vatrates/package.json").version, seen.join(" "));
if (seen.join(" ") !== process.argv[1]) process.exit(1);
' "20 24 19 20 25"
