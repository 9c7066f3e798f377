#!/usr/bin/env bash
# bankstatementparser 0.0.29: a statement (camt.053.001.08) with one entry that collects two payments.
#
# The amount of a detail is optional in the message, and banks that tell only the payers of a collected entry
# leave it out: the entry's own amount is what stands on the account. Then parse() gives nothing of the whole
# statement but an error, the entries without details included; parse_streaming() stops at that entry. The
# same file's summary counts both entries, with the right sum.
# A program that holds payouts against statements needs the entry's amount, and must not lose a day by this.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet bankstatementparser==0.0.29
cat > statement.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-03T06:00:00+01:00</CreDtTm></GrpHdr>
<Stmt><Id>S1</Id><CreDtTm>2026-11-03T06:00:00+01:00</CreDtTm>
<Acct><Id><Othr><Id>5050-1055</Id></Othr></Id><Ccy>SEK</Ccy></Acct>
<Ntry><Amt Ccy="SEK">40.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>
<Ntry><Amt Ccy="SEK">300.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RmtInf><Ustrd>70001</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>E2</EndToEndId></Refs><RmtInf><Ustrd>70002</Ustrd></RmtInf></TxDtls>
</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>
XML
env/bin/python - <<'PYTHON' 2>/dev/null
from importlib.metadata import version

from bankstatementparser import CamtParser

print("bankstatementparser", version("bankstatementparser"))
parser = CamtParser("statement.xml")
try:
    whole = len(parser.parse())
except Exception as error:
    whole = f"{type(error).__name__}: {error}"
streamed = []
try:
    streamed.extend(str(row["Amount"]) for row in parser.parse_streaming())
except Exception as error:
    streamed.append(type(error).__name__)
(summary,) = parser.get_summaries()
print("parse:", whole)
print("streamed:", streamed)
print("summary:", summary["transaction_count"], summary["total_amount"])
assert str(whole).startswith("ParserError"), whole
assert streamed == ["40.00", "ParserError"], streamed
assert (summary["transaction_count"], str(summary["total_amount"])) == (2, "340.00")
PYTHON
