"""Replaces what names a person or a business in saved traffic, the same way everywhere.

Reads paths, queries and bodies; gives them with names, addresses, e-mails, phones and numbers of
persons and businesses replaced, word for word and sign for sign, and likewise every text that is
not known to be harmless. References and numbers of documents stay, but for what of them names
somebody: a customer number that is a personal number, a name in an order's reference. Amounts,
dates, codes and the APIs' own ids stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, unquote

from ..language.text_filters import fortnox_text
from ..personal import is_persons, persons_numbers
from ..store.database import Store
from .pseudonym_numbers import Numbers
from .pseudonym_words import Words
from .redact import Value, replaced, scalar, values

# Texts under these keys say nothing about anybody: ids that the APIs give out, codes, dates.
HARMLESS = frozenset(
    """
    AccountChartType AccountingMethod AccountNumber AcquirerName
    Action ActionType Active Amount AmountCurrency AmountExcludingVat ApprovalState Balance
    BatchDate BatchId Booked BuyRate Cancelled Code code CostCenter CostCenterSettings Country
    DeliveryState Discount OrderedQuantity Price ProjectNumber ReservedQuantity RowId
    CountryCode Credit CreditInvoiceReference CreditTransactionsTotalSum Currency CurrencyCode
    CurrencyRate CurrencyUnit DatabaseNumber Date DebitTransactionsTotalSum DeliveredQuantity
    DeliveryDate DiscountType DocumentNumber DueDate EndDate Error error ErrorCode
    FeeTransactionsTotalSum FinalPayDate FromDate FxCurrencyCode FxRate FxTotal FxTotalAmount
    HouseWorkType Id ImportSettlementDate InvoiceDate InvoiceDueDate InvoiceNumber InvoiceReference
    InvoiceTotal InvoiceType JuridicalType Language Manual ModeOfPayment ModeOfPaymentAccount Number
    OfferReference OrderDate OrderId OrderReference OrderType OriginalPaymentTransactionId
    OutboundDate PaymentDate PaymentMethodName PaymentMethodSubType PaymentMethodSubtypeCode
    PaymentMethodType PaymentTransactionId PaymentTypeCode PaymentWay PriceList PrintTemplate
    Project ProjectSettings PspSettlementDate ReferenceType SellRate Source Status
    TaxReductionType TermsOfDelivery TermsOfPayment Timestamp ToDate Total TotalAmount
    TotalFeeAmount TransactionCompletedDate TransactionDate Type Unit VAT VATCode VatRate
    VATType VoucherNumber VoucherSeries VoucherYear WayOfDelivery Year
    """.lower().split()
)
# What things are called: it stays, but for what of it names somebody.
REFERENCES = frozenset(
    """
    @url @urlTaxReductionList ArticleNumber CustomerNumber ExternalInvoiceReference1
    ExternalInvoiceReference2 MerchantOrderReference MerchantReference OCR YourOrderNumber
    """.lower().split()
)
# Texts of goods stay likewise; any other Description is what somebody wrote, as are these: of them
# references, numbers and the mappings' own words stay.
GOODS = frozenset({"orderitemactions", "orderrows", "invoicerows", "articles", "article"})
WRITTEN = frozenset(
    """
    Comments Description InvoiceText OurReference Remarks TransactionInformation YourReference
    """.lower().split()
)
NAMES = frozenset(
    """
    BillingName CareOf CompanyName ContactPerson CustomerName DeliveryName FirstName InvoiceName
    LastName Name
    """.lower().split()
)
NUMBERS = frozenset({"personalnumber", "organisationnumber", "organizationnumber", "vatnumber"})
PHONES = re.compile(r"(?:delivery|visiting|invoice)?(?:tele)?(?:phone|mobile|fax)(?:number)?[0-9]?")
# Of a query: what a list is searched by.
SEARCHED = frozenset(
    """
    articlenumber city customername customernumber email externalinvoicereference1
    externalinvoicereference2 merchantreference name ocr organisationnumber ourreference phone
    yourordernumber yourreference zipcode
    """.split()  # noqa: SIM905  as above
)
POSTCODES = frozenset({"postalcode", "zipcode", "deliveryzipcode", "visitingzipcode"})
# In the name of a business these say of which form it is.
FORMS = frozenset("ab hb kb oy oyj as asa aps gmbh ltd inc och".split())  # noqa: SIM905  as above

_MAIL = re.compile(r"[^\s@<>\"&=/]+@[^\s@<>\"&=/]+")
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_LONG = re.compile(r"(?<!\d)(?:SE)?\+?[0-9][0-9 -]{5,16}[0-9](?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.,:/-]+")
_LINE = re.compile(r"[0-9a-f]{16}")  # the id of a line

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


REFERENCES_TOLD = """
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
    """The orders' references in the staged tables: in a written text each stays one."""
    return frozenset(row["reference"] for row in store.rows(REFERENCES_TOLD))


def known_ids(store: Store) -> frozenset[str]:
    """The ids in the staged tables: a reference that is one of them is no name and stays."""
    return frozenset(row["id"] for row in store.rows(KNOWN_IDS))


class Pseudonyms:
    """One way of replacing, held together by its key.

    ``kept`` are texts that stay; ``prefix`` stays before a reference; ``words`` and ``references``
    stay in written texts. ``postcodes`` are the beginnings that make a postcode's place another
    territory. ``know`` takes every body before the first is replaced, so that a name is found where
    no name stands.
    """

    def __init__(
        self,
        key: bytes,
        kept: Collection[str] = (),
        prefix: str = "",
        words: Collection[str] = (),
        references: Collection[str] = (),
        postcodes: Collection[str] = (),
    ) -> None:
        self._kept = frozenset(kept)
        self._prefix = prefix
        self._own = frozenset(words)
        self._words = Words(key)
        self._numbers = Numbers(key, postcodes)
        self._names: set[str] = set()
        self._phones: set[str] = set()
        # As vouchers write them, by Fortnox's characters; some have several words.
        self._spoken = {fortnox_text(one) for one in references} | set(references)
        self._longest = max((len(one.split()) for one in self._spoken), default=1)

    def know(self, content: Any, key: str = "") -> None:
        """Take in a decoded body: its names, phone numbers and numbers of businesses."""
        if isinstance(content, dict):
            for name, value in content.items():
                self.know(value, str(name).lower())
        elif isinstance(content, list):
            for value in content:
                self.know(value, key)
        elif key in NAMES and isinstance(content, str):
            told = {word.casefold() for word in _WORD.findall(content) if len(word) > 1}
            self._names |= told - FORMS
            self._words.avoid(told)
        elif PHONES.fullmatch(key) and isinstance(content, str | int):
            digits = "".join(_DIGITS.findall(str(content)))
            if len(digits) >= 6:
                self._phones |= {digits, _national(digits)}
        elif key in NUMBERS and isinstance(content, str | int):
            self._numbers.know(str(content))

    def body(self, body: str) -> str:
        """A body with its personal texts replaced; other numbers, keys and layout as they were.

        A body that is no JSON is replaced word by word: who knows what it says.
        """
        if body[:1] not in ("{", "["):
            return self._hidden(body)
        spots: list[Value] = []
        news: list[str] = []
        for value in values(body):
            key, first = value.key.lower(), body[value.start]
            if key in HARMLESS or not (first == '"' or first in "-0123456789"):
                continue
            if first != '"' and not _names_somebody(key):
                continue
            text = scalar(body, value)
            new = self.field(key, text, value.of.lower()) if text else text
            if new != text:
                spots.append(value)
                news.append(new)
        following = iter(news)
        return replaced(body, spots, lambda _: next(following))

    def field(self, key: str, text: str, of: str = "") -> str:
        """The replacement of a text under ``key`` (in small letters) of an object under ``of``."""
        if key in HARMLESS or text.startswith("pn:") or text in ("true", "false"):
            return text
        if key.startswith("@url"):
            return self._address(text)
        if key in REFERENCES or (key == "description" and of in GOODS):
            return self.reference(text)
        if key in WRITTEN:
            return self._written(text)
        if key in NUMBERS:
            return self._numbers.business(text)
        if PHONES.fullmatch(key):
            return self._numbers.phone(text)
        if key in POSTCODES:
            return self._numbers.postcode(text)
        return self._hidden(text)

    def reference(self, text: str) -> str:
        """What something is called, without what of it names somebody."""
        if text.strip() in self._kept:
            return text
        head = self._prefix if self._prefix and text.startswith(self._prefix) else ""
        return head + self._without_names(self._without_numbers(text[len(head) :]))

    def path(self, path: str) -> str:
        """A path, of whose parts one may be a customer's number or an order's reference."""
        parts = [(part, unquote(part)) for part in path.split("/")]
        return "/".join(
            part if (new := self.reference(plain)) == plain else quote(new, safe="")
            for part, plain in parts
        )

    def query(self, query: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """A query whose values may name somebody; ids, dates and numbers of pages stay."""
        return [
            (name, self.field(key, value) if (key := name.lower()) in SEARCHED else value)
            for name, value in query
        ]

    def _address(self, url: str) -> str:
        path, sign, query = url.partition("?")
        return self.path(path) + sign + query

    def _hidden(self, text: str) -> str:
        """Every word and every number of a text replaced."""
        shown = _WORD.sub(self._word_of_name, text)
        return _DIGITS.sub(lambda found: self._numbers.digits(found[0]), shown)

    def _word_of_name(self, found: re.Match[str]) -> str:
        word = found[0]
        return word if word.casefold() in FORMS else self._words.word(word)

    def _without_numbers(self, text: str) -> str:
        """A text whose e-mails, phones and numbers of persons and businesses are replaced."""
        if "@" in text:
            text = _MAIL.sub(lambda found: self._hidden(found[0]), text)
        if any(sign.isdigit() for sign in text):
            text = persons_numbers().sub(self._personal, text)
            text = _LONG.sub(self._long_number, text)
        return text

    def _without_names(self, text: str) -> str:
        """A text whose words are replaced that are names."""
        return _WORD.sub(self._word_if_name, text) if self._names else text

    def _word_if_name(self, found: re.Match[str]) -> str:
        word = found[0]
        is_name = word.casefold() in self._names and word not in self._own
        return self._words.word(word) if is_name else word

    def _personal(self, found: re.Match[str]) -> str:
        is_id = "".join(_DIGITS.findall(found[0])) in self._kept
        return self._numbers.business(found[0]) if is_persons(found) and not is_id else found[0]

    def _long_number(self, found: re.Match[str]) -> str:
        text = found[0]
        digits = "".join(_DIGITS.findall(text))
        if digits in self._kept:  # an order's id, in a reference of several parts
            return text
        if digits in self._phones or _national(digits) in self._phones:
            return self._numbers.phone(text)
        return self._numbers.business(text) if self._numbers.is_known(text) else text

    def _written(self, text: str) -> str:
        """What somebody wrote: references, numbers and the mappings' own words stay."""
        if text.strip() in self._kept:
            return text
        text = self._without_numbers(text)
        pieces = re.split(r"(\s+)", text)  # words, and between them white space
        told: list[str] = []
        at = 0
        while at < len(pieces):
            ends = range(min(at + 2 * self._longest - 1, len(pieces)), at, -2)
            end = next((one for one in ends if self._is_reference("".join(pieces[at:one]))), None)
            if end is None:
                told.append(self._said(pieces[at]))
                end = at + 1
            else:
                told.append(self._without_names("".join(pieces[at:end])))
            told += pieces[end : end + 1]
            at = end + 1
        return "".join(told)

    def _is_reference(self, word: str) -> bool:
        return word.removeprefix(self._prefix) in self._spoken

    def _said(self, word: str) -> str:
        bare = word.removeprefix(self._prefix)
        stays = word in self._own or _NUMBER.fullmatch(bare) or _LINE.fullmatch(bare)
        return word if stays else self._hidden(word)


def _names_somebody(key: str) -> bool:
    """Whether a number under the key may name somebody; others are amounts, counts and ids."""
    return key in NUMBERS or key in POSTCODES or key in REFERENCES or bool(PHONES.fullmatch(key))


def _national(digits: str) -> str:
    """A phone number's digits without the country's, or the nought in their place."""
    return digits.removeprefix("00").removeprefix("46").removeprefix("0")


