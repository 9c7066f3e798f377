"""Replaces what names a person or a business in saved traffic, the same way everywhere.

Reads paths, queries and bodies; gives them with every text replaced that is not known to be
harmless: names, addresses, references. A replacement has the structure of what it replaces, digit
for digit and letter for letter, so references that were equal stay equal and others stay apart.
Amounts, dates, codes and the APIs' own ids stay.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from urllib.parse import quote, unquote

from engine.extract.redact import Value, replaced, values
from engine.language.filters import fortnox_text
from engine.store import Store

# Texts under these keys say nothing about anybody: ids that the APIs give out, codes, dates.
HARMLESS = frozenset(
    """
    @url @urlTaxReductionList AccountChartType AccountingMethod AccountNumber AcquirerName
    Action ActionType Active Amount AmountCurrency AmountExcludingVat ApprovalState Balance
    BatchDate BatchId Booked BuyRate Cancelled Code code CostCenter CostCenterSettings Country
    DeliveryState Discount OrderedQuantity Price ProjectNumber ReservedQuantity RowId
    CountryCode Credit CreditInvoiceReference CreditTransactionsTotalSum Currency CurrencyCode
    CurrencyRate CurrencyUnit Date DebitTransactionsTotalSum DeliveredQuantity DeliveryDate
    DiscountType DocumentNumber DueDate EndDate Error error ErrorCode FeeTransactionsTotalSum
    FinalPayDate FromDate FxCurrencyCode FxRate FxTotal FxTotalAmount HouseWorkType Id
    ImportSettlementDate InvoiceDate InvoiceDueDate InvoiceNumber InvoiceReference InvoiceTotal
    InvoiceType JuridicalType Language Manual ModeOfPayment ModeOfPaymentAccount Number
    OfferReference OrderDate OrderId OrderReference OrderType OriginalPaymentTransactionId
    OutboundDate PaymentDate PaymentMethodName PaymentMethodSubType PaymentMethodSubtypeCode
    PaymentMethodType PaymentTransactionId PaymentTypeCode PaymentWay PriceList PrintTemplate
    Project ProjectSettings PspSettlementDate ReferenceType SellRate Source Status
    TaxReductionType TermsOfDelivery TermsOfPayment Timestamp ToDate Total TotalAmount
    TotalFeeAmount TransactionCompletedDate TransactionDate Type Unit VAT VATCode VatRate
    VATType VoucherNumber VoucherSeries VoucherYear WayOfDelivery Year
    """.split()  # noqa: SIM905  a hundred quoted names would be harder to read
)
# Numbers under these keys name somebody all the same; other numbers are amounts, counts and ids.
PERSONAL_NUMBERS = frozenset(
    {"personalnumber", "organisationnumber", "organizationnumber", "phone", "mobilenumber", "ocr"}
)
_SPEECH = frozenset({"Description", "Comments"})  # texts of vouchers and accounts: word by word
_LOWER, _UPPER, _DIGITS = (
    "abcdefghijklmnopqrstuvwxyzåäö",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖ",
    "0123456789",
)
_CLASSES = {sign: signs for signs in (_LOWER, _UPPER, _DIGITS) for sign in signs}
_NUMBER = re.compile(r"[\d.,:/-]+")
_NOBODY = re.compile(r"\d{4}-\d\d-\d\d|[0-9a-f]{16}")  # a day, the id of a line
_ROUNDS = 4

KNOWN_IDS = """
-- Ids that the APIs gave out and that a reference may be compared with.
SELECT DISTINCT id
FROM (
    SELECT CAST(OrderId AS VARCHAR) AS id FROM qliro.settlement_line
    UNION ALL
    SELECT CAST(PaymentTransactionId AS VARCHAR) FROM qliro.settlement_line
    UNION ALL
    SELECT DocumentNumber FROM fortnox.invoice
    UNION ALL
    SELECT OrderReference FROM fortnox.invoice_detail
    UNION ALL
    SELECT CAST(OrderId AS VARCHAR) FROM qliro."order"
    UNION ALL
    SELECT CAST(PaymentTransactionId AS VARCHAR) FROM qliro.transaction
    UNION ALL
    SELECT DocumentNumber FROM fortnox."order"
)
WHERE id IS NOT NULL AND id <> ''
"""


REFERENCES = """
-- What shops call their orders.
SELECT DISTINCT trim(reference) AS reference
FROM (
    SELECT MerchantOrderReference AS reference FROM qliro.settlement_line
    UNION ALL
    SELECT MerchantReference FROM qliro."order"
)
WHERE trim(reference) <> ''
"""


def references(store: Store) -> frozenset[str]:
    """The orders' references in the staged tables: in a text of a voucher each is one, even where
    it looks like any number."""
    return frozenset(row["reference"] for row in store.rows(REFERENCES))


def known_ids(store: Store) -> frozenset[str]:
    """The ids in the staged tables: a reference that is one of them is no name and stays."""
    return frozenset(row["id"] for row in store.rows(KNOWN_IDS))


class Pseudonyms:
    """One way of replacing, held together by its key.

    ``kept`` are texts that stay; ``prefix`` stays before a reference; ``words`` stay in voucher
    texts, and ``references`` are replaced there as everywhere.
    """

    def __init__(
        self,
        key: bytes,
        kept: Collection[str],
        prefix: str = "",
        words: Collection[str] = (),
        references: Collection[str] = (),
    ) -> None:
        self._key = key
        self._kept = frozenset(kept) | {"true", "false"}  # hide nothing, and say what is so
        self._prefix = prefix
        self._words = frozenset(words)
        # As vouchers write them, by Fortnox's characters; some have several words.
        self._spoken = {fortnox_text(one): one for one in references}
        self._longest = max((len(one.split()) for one in self._spoken), default=1)

    def text(self, text: str) -> str:
        """The replacement of a text: same length, same kinds of signs, another text.

        A permutation: different texts get different replacements, and none becomes a kept id.
        White space around it and the prefix before it stay, as matching looks past them.
        """
        core = text.strip()
        if not core or core.startswith("pn:"):
            return text
        before, after = text[: text.index(core)], text[text.index(core) + len(core) :]
        head = self._prefix if self._prefix and core.startswith(self._prefix) else ""
        core = core[len(head) :]
        if core not in self._kept:
            core = self._permuted(core)
            while core in self._kept:  # walk the cycle until it leaves the kept ids
                core = self._permuted(core)
        return before + head + core + after

    def body(self, body: str) -> str:
        """A body with its personal texts replaced; numbers, keys and layout as they were.

        A body that is no JSON is replaced sign by sign: who knows what it says.
        """
        if body[:1] not in ("{", "["):
            return self.text(body)
        speech: list[Value] = []
        personal: list[Value] = []
        for value in values(body):
            text = body[value.start] == '"'
            number = body[value.start].isdigit() and value.key.lower() in PERSONAL_NUMBERS
            if text and value.key in _SPEECH:
                speech.append(value)
            elif number or (text and value.key not in HARMLESS):
                personal.append(value)
        spoken = {value.start for value in speech}
        spots = sorted([*speech, *personal], key=lambda value: value.start)
        order = iter([value.start in spoken for value in spots])
        return replaced(body, spots, lambda t: self._speech(t) if next(order) else self.text(t))

    def path(self, path: str) -> str:
        """A path whose last part may be an order's reference, or a customer or an article."""
        head, slash, last = path.rpartition("/")
        if not head.lower().endswith(("/orders", "/customers", "/articles")):
            return path
        return head + slash + quote(self.text(unquote(last)), safe="")

    def query(self, query: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """A query whose values may be references; ids, dates and numbers of pages stay."""
        return [
            (name, self.text(value) if name.lower() in _SEARCHED else value)
            for name, value in query
        ]

    def _speech(self, text: str) -> str:
        """A voucher's text: references as everywhere, else word by word."""
        pieces = re.split(r"(\s+)", text)  # words, and between them white space
        told: list[str] = []
        at = 0
        while at < len(pieces):
            ends = range(min(at + 2 * self._longest - 1, len(pieces)), at, -2)
            spans = ((end, self._reference("".join(pieces[at:end]))) for end in ends)
            end, found = next((one for one in spans if one[1]), (at + 1, None))
            told += [found or self._word(pieces[at]), *pieces[end : end + 1]]
            at = end + 1
        return "".join(told)

    def _reference(self, word: str) -> str | None:
        """The replacement of a known reference, its prefix left; None for another word."""
        head = self._prefix if self._prefix and word.startswith(self._prefix) else ""
        reference = self._spoken.get(word[len(head) :])
        return None if reference is None else head + fortnox_text(self.text(reference))

    def _word(self, word: str) -> str:
        bare = word.removeprefix(self._prefix)
        if word in self._words or _NOBODY.fullmatch(bare):
            return word
        if not _NUMBER.fullmatch(bare):
            return self.text(word)
        head = word[: len(word) - len(bare)]  # of a number, a part may be a reference: 10001/2
        return head + re.sub(r"\d+", lambda found: self._reference(found[0]) or found[0], bare)

    def _permuted(self, text: str) -> str:
        """A Feistel network over the digits and letters of a text, position by position.

        Each round shifts one half by what a keyed hash makes of the other half and of the text's
        structure, so it can be undone step by step: no two texts become one. Cases count as alike.
        """
        signs = [sign for sign in text if sign in _CLASSES]
        shape = re.sub(r"[a-zåäö]", "a", re.sub(r"\d", "0", text.lower()))
        for turn in range(_ROUNDS):
            half = range(turn % 2, len(signs), 2)
            other = "".join(signs[1 - turn % 2 :: 2]).lower()
            stream = self._stream(f"{turn}|{shape}|{other}", len(signs))
            for place in half:
                kind = _CLASSES[signs[place]]
                signs[place] = kind[(kind.index(signs[place]) + stream[place]) % len(kind)]
        replacing = iter(signs)
        return "".join(next(replacing) if sign in _CLASSES else sign for sign in text)

    def _stream(self, text: str, length: int) -> bytes:
        found = b""
        while len(found) < length:
            part = f"{len(found)}|{text}".encode()
            found += hmac.new(self._key, part, hashlib.sha256).digest()
        return found


_SEARCHED = frozenset(
    {
        "articlenumber",
        "customername",
        "customernumber",
        "email",
        "externalinvoicereference1",
        "externalinvoicereference2",
        "merchantreference",
        "name",
        "ocr",
        "organisationnumber",
        "ourreference",
        "phone",
        "yourordernumber",
        "yourreference",
    }
)
