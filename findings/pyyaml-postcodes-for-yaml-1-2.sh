#!/usr/bin/env bash
# PyYAML 6.0.3 writes, ruamel.yaml 0.19.1 reads: postcodes and customer numbers that begin with 0.
#
# PyYAML puts a text of digits between quotes only where YAML 1.1 would read it as a number. With a 0 in
# front and an 8 or 9 behind it is no octal number there, and so stands plain: 08123, but '01234'. In YAML
# 1.2, which ruamel.yaml and most readers outside Python follow, 08123 is the number 8123. So of a list of
# postcodes most come back as texts, and some as other numbers, without their zero.
# The product reads numbers by YAML 1.2, and quotes by what its own reader makes of a text
# (engine/merchant/first_file.py).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet PyYAML==6.0.3 ruamel.yaml==0.19.1
env/bin/python - <<'PYTHON'
import io
from importlib.metadata import version

import yaml
from ruamel.yaml import YAML

POSTCODES = ["01234", "08123", "09111", "11122"]
written = yaml.safe_dump(POSTCODES)
read = list(YAML(typ="safe", pure=True).load(io.StringIO(written)))
print("PyYAML", version("PyYAML"), "writes", written.split("\n")[:-1])
print("ruamel.yaml", version("ruamel.yaml"), "reads", read)
assert yaml.safe_load(written) == POSTCODES, "it no longer reads what it wrote"
assert read == ["01234", 8123, 9111, "11122"], "this has changed"
PYTHON
