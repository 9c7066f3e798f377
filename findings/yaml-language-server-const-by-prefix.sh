#!/usr/bin/env bash
# yaml-language-server 2.0.0 (npm): which branch of a schema it completes where one word begins another.
#
# JSON Schema: `if` with `const` holds for that very value. While it completes, the server takes a value for the
# constant that is only the beginning of it: below `target: order` the fields of `order` and those of
# `order_change` are offered. Checking is right: of the same text it says that the other's field is not allowed.
# A `pattern` with both anchors in place of `const` completes rightly, which is what our schemas for editors have.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-save --no-audit --no-fund node@24.11.1 yaml-language-server@2.0.0 >/dev/null
cat > run.js <<'JS'
const assert = require("assert");
const fs = require("fs");
const { spawn } = require("child_process");
const { pathToFileURL } = require("url");

const kinds = { order: "OrderRows", order_change: "OrderNumber" };
const branch = (is, field) => ({
  if: { properties: { target: is }, required: ["target"] },
  then: { properties: { document: { properties: { [field]: {} }, additionalProperties: false } } },
});
const schema = (is) => ({
  $schema: "https://json-schema.org/draft/2020-12/schema", type: "object",
  properties: { target: { enum: Object.keys(kinds) }, document: { type: "object" } },
  allOf: Object.entries(kinds).map(([kind, field]) => branch(is(kind), field)),
});
fs.writeFileSync("const.json", JSON.stringify(schema((kind) => ({ const: kind }))));
fs.writeFileSync("pattern.json", JSON.stringify(schema((kind) => ({ pattern: `^${kind}$` }))));

const server = spawn(process.execPath, ["node_modules/yaml-language-server/bin/yaml-language-server", "--stdio"]);
const waiting = new Map(), findings = new Map();
let last = 0, kept = Buffer.alloc(0);
const send = (message) => {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};
const ask = (method, params) => new Promise((done) => { waiting.set(++last, done); send({ id: last, method, params }); });
const given = { validate: true, completion: true, schemaStore: { enable: false } };
const heard = (message) => {
  if (message.method === "textDocument/publishDiagnostics") findings.get(message.params.uri)?.(message.params.diagnostics);
  else if (message.method === "workspace/configuration")
    send({ id: message.id, result: message.params.items.map((item) => (item.section === "yaml" ? given : null)) });
  else if (message.method && message.id !== undefined) send({ id: message.id, result: null });
  else if (waiting.has(message.id)) waiting.get(message.id)(message.result);
};
server.stdout.on("data", (piece) => {
  kept = Buffer.concat([kept, piece]);
  for (;;) {
    const head = kept.indexOf("\r\n\r\n");
    if (head < 0) return;
    const size = Number(/Content-Length: (\d+)/i.exec(kept.subarray(0, head).toString())[1]);
    if (kept.length < head + 4 + size) return;
    const body = kept.subarray(head + 4, head + 4 + size).toString();
    kept = kept.subarray(head + 4 + size);
    heard(JSON.parse(body));
  }
});

const open = (name, text) => {
  const uri = pathToFileURL(name).href;
  const said = new Promise((done) => findings.set(uri, done));
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
  return [uri, said];
};
const main = async () => {
  const root = pathToFileURL(process.cwd()).href;
  await ask("initialize", { processId: process.pid, rootUri: root, capabilities: { workspace: { configuration: true } } });
  send({ method: "initialized", params: {} });
  const offered = {};
  for (const way of ["const", "pattern"]) {
    const [uri, said] = open(`${way}.yaml`, `# yaml-language-server: $schema=./${way}.json\ntarget: order\ndocument:\n  \n`);
    await said;
    const found = await ask("textDocument/completion", { textDocument: { uri }, position: { line: 3, character: 2 } });
    offered[way] = found.items.map((item) => item.label).filter((label) => Object.values(kinds).includes(label)).sort();
  }
  const [, said] = open("wrong.yaml", "# yaml-language-server: $schema=./const.json\ntarget: order\ndocument:\n  OrderNumber: 1\n");
  const wrong = (await said).map((one) => one.message);
  console.log("yaml-language-server", require("yaml-language-server/package.json").version, "offers", offered, "checks", wrong);
  assert.deepStrictEqual(offered, { const: ["OrderNumber", "OrderRows"], pattern: ["OrderRows"] });
  assert.strictEqual(wrong.length, 1);
  server.kill();
};
main().then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
JS
timeout 60 node_modules/node/bin/node run.js
