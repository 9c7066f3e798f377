#!/usr/bin/env bash
# fortnox-api 0.0.11 (npm), a client of Fortnox's API, against a server on this machine.
#
# orders.list({filter: ...}) asks /3/orders without any query: all orders come back, page one of them, where
# some were asked for. articles.list sends its query. articles.create never calls back when it succeeds, so
# that a caller waits for an article that stands in Fortnox already, and whoever then tries again makes two.
# The product speaks to the API itself, and its tests look at the query of every request.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-save fortnox-api@0.0.11 >/dev/null 2>&1
cat > run.js <<'JS'
const assert = require("assert");
const http = require("http");

const asked = [];
const server = http.createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  request.resume();
  response.writeHead(request.method === "POST" ? 201 : 200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(request.method === "POST" ? { Article: { ArticleNumber: "1" } } : {}));
});
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const api = require("fortnox-api").create({ url, secret: "s", token: "t" });
  const told = [];
  const filter = { filter: "cancelled", page: 2 };
  api.orders.list(filter, () => {
    told.push("orders.list");
    api.articles.list(filter, () => {
      told.push("articles.list");
      api.articles.create({ Article: { Description: "Mugg" } }, () => told.push("articles.create"));
      setTimeout(() => {
        console.log("fortnox-api", require("fortnox-api/package.json").version, asked, "told of", told);
        assert.deepStrictEqual(asked, [
          "GET /3/orders", "GET /3/articles?filter=cancelled&page=2", "POST /3/articles",
        ]);
        assert.deepStrictEqual(told, ["orders.list", "articles.list"]);
        process.exit(0);
      }, 3000);
    });
  });
});
JS
node --no-deprecation run.js
