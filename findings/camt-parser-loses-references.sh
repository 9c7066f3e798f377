#!/usr/bin/env bash
# camt-parser 1.1.0 (npm): what is left of a bank statement (camt.053.001.08) whose entries were collected.
#
# A payer's text (RmtInf/Ustrd), by which a Swedish account is reconciled, is in no field of the result. The
# amount of each detail is empty where it stands as TxDtls/Amt, as this version of the message has it; only
# AmtDtls/TxAmt is read. And RvslInd, a boolean of XML Schema, counts only where it is written "true": an entry
# marked with 1 is told as no reversal. Nothing is raised.
# A program that holds payouts against statements must read these three itself.
set -euo pipefail
cd "$(mktemp -d)"
npm install --silent --no-save camt-parser@1.1.0 >/dev/null
cat > run.js <<'JS'
const assert = require("assert");
const { parseCamt053 } = require("camt-parser");

const amount = (value) => `<Amt Ccy="SEK">${value}</Amt>`;
const detail = (value, text) =>
  `<TxDtls>${amount(value)}<CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>${text}</Ustrd></RmtInf></TxDtls>`;
const entry = (value, sign, reversal, details) =>
  `<Ntry>${amount(value)}<CdtDbtInd>${sign}</CdtDbtInd>${reversal}<Sts><Cd>BOOK</Cd></Sts>` +
  `<BookgDt><Dt>2026-11-02</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>` +
  `<SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>${details}</NtryDtls></Ntry>`;
const statement =
  `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">` +
  `<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-03T06:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id>` +
  `<Acct><Id><Othr><Id>5050-1055</Id></Othr></Id><Ccy>SEK</Ccy></Acct>` +
  entry("300.00", "CRDT", "", detail("100.00", "70001") + detail("200.00", "70002")) +
  entry("50.00", "DBIT", "<RvslInd>1</RvslInd>", detail("50.00", "70003")) +
  entry("60.00", "DBIT", "<RvslInd>true</RvslInd>", detail("60.00", "70004")) +
  `</Stmt></BkToCstmrStmt></Document>`;

parseCamt053(statement).then((read) => {
  const [collected, one, word] = read.statements[0].transactions;
  const amounts = collected.details.map((each) => each.amountDetails.transactionAmount.value);
  const texts = JSON.stringify(read).match(/7000[1-4]/g);
  console.log("camt-parser", require("camt-parser/package.json").version, "amounts", amounts,
    "texts", texts, "reversal by 1:", one.reversalIndicator, "by true:", word.reversalIndicator);
  assert.deepStrictEqual(amounts, ["", ""]);
  assert.strictEqual(texts, null);
  assert.deepStrictEqual([one.reversalIndicator, word.reversalIndicator], [false, true]);
});
JS
node run.js
