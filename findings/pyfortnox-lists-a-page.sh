#!/usr/bin/env bash
# pyfortnox 1.2.0, a client of Fortnox's API, against a server on this machine.
#
# invoices.list() says that it gives all invoices, and gives the first page: of 250 invoices, 100. What would
# tell (MetaInformation with its number of pages) is thrown away, so that a caller can't know. And the list is
# taken from the second key of the answer, whatever that is: where MetaInformation stands second, which means
# the same in JSON, the "invoices" are the words @TotalResources, @TotalPages and @CurrentPage.
# The product reads every page, and every key by its name.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet pyfortnox==1.2.0 requests==2.34.2 munch==4.0.0 requests-toolbelt==1.0.0
env/bin/python -W ignore - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import fortnox

META = {"@TotalResources": 250, "@TotalPages": 3, "@CurrentPage": 1}
INVOICES = [{"DocumentNumber": str(number)} for number in range(1, 101)]
asked, last = [], []


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        keys = {"MetaInformation": META, "Invoices": INVOICES}
        body = json.dumps(dict(reversed(keys.items())) if last else keys).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = fortnox.Client(
    access_token="token", client_secret="secret", base_url=f"http://127.0.0.1:{server.server_port}"
)
found = client.invoices.list()
print("pyfortnox", version("pyfortnox"), "gives", type(found).__name__, "of", len(found), "asked", asked)
last.append(True)
second = client.invoices.list()
print("with MetaInformation second:", second)
assert (type(found), len(found), asked[0]) == (list, 100, "/3/invoices")
assert len(asked) == 2
assert second == list(META)
PYTHON
