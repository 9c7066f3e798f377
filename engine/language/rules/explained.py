"""What each finding of lint means: of rules their docstrings, of the others a sentence.

``python -m engine.manual.pages`` writes docs/lint.md of it, SARIF carries it, and a test looks for
a code that has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from .. import impossible_word, missing_braces, not_a_country
from . import may_be_null, text_column, unrounded_money, unused_name

RULES: tuple[ModuleType, ...] = (
    missing_braces, may_be_null, text_column, impossible_word, unrounded_money, unused_name,
    not_a_country,
)  # fmt: skip
# What can't be right in any file, by what it is about.
OTHERS: Mapping[str, Mapping[str, str]] = {
    "Reading files": {
        "duplicate-key": "A key stands twice: the second would hide the first.",
        "key-not-text": "A key is no plain text: an expression without quotes, say.",
        "no-mappings": "No file of a folder that is named as a set declares a mapping.",
        "no-such-file": "A file that is named is not there.",
        "no-such-folder": "A folder that is named is not there.",
        "not-a-file": "A folder stands where a file is meant.",
        "not-readable": "This user may not read the file.",
        "not-utf-8": "The file is not UTF-8 text.",
        "not-yaml": "The file is not YAML: a quote, a bracket or an indentation is wrong.",
        "number": "A number has too many digits.",
        "outside": "A link leads out of the set's folder; its file is not read.",
        "too-deep": "A file is nested too deeply.",
        "too-large": "A file, or an expression, is larger than any has to be.",
    },
    "Keys and values": {
        "bad-name": "A name has signs that names don't have.",
        "duplicate-entry": "Two entries of the error catalogue say the same.",
        "missing-key": "A key that is needed is missing.",
        "missing-identity": "A mapping does not say how its document is found again.",
        "missing-value": "A key has no value.",
        "never-found": "An entry of the error catalogue can never be found.",
        "not-a-choice": "A value is none of the words that the key takes.",
        "not-a-date": "A value is no day.",
        "not-a-pattern": "A pattern of the error catalogue can't be read.",
        "not-allowed": "A value does not fit its key.",
        "not-valid": "A value does not fit the schema.",
        "unknown-key": "A key, or a column, that is not known there; the nearest known is named.",
        "unknown-kind": "A file is none of mapping, entity, table, policy, part or set.",
        "unknown-value": "A value is none of those that the key takes.",
        "wrong-type": "A text where a number is meant, a value where a list is meant, and so on.",
    },
    "Expressions": {
        "arguments": "A filter or a call gets too few or too many arguments, or wrong ones.",
        "braces": "A bare expression stands in braces.",
        "cycle": "Values, parts or mappings need each other in a circle.",
        "missing-input": "A table is called without one of its inputs.",
        "no-sql": "An expression of a match can't be asked of the database.",
        "null": "A null where a value is needed.",
        "syntax": "An expression can't be read.",
        "type": "A text is added to a number, a list is compared, and so on.",
        "unknown-filter": "There is no filter of that name.",
        "unknown-input": "A table has no input of that name.",
        "unknown-name": "Nothing of that name is known where it stands.",
        "unknown-table": "There is no table of that name.",
        "unknown-word": "A word that neither Qliro nor Fortnox documents for a column.",
        "unsupported-syntax": "Something that Jinja2 has and this language has not.",
    },
    "Documents and mappings": {
        "fields-differ": "The rows of a named list have different fields.",
        "misfit": "A value does not fit its field: too long, out of bounds, of another type.",
        "missing-column": "A derived column that the program needs is missing.",
        "missing-field": "A field that the target needs is missing, or may be left out.",
        "policy": "Documents of a mapping break a policy of the set, whatever they are made of.",
        "reserved-name": "A name has a meaning of its own in the language.",
        "twice": "A name or an id stands twice.",
        "unknown-entity": "There is no entity of that name.",
        "unknown-field": "The target has no field of that name.",
        "unknown-mapping": "There is no mapping of that name.",
        "unknown-step": "The target has no action of that name.",
        "unknown-target": "There is no target of that name.",
        "unused": "Something is declared that nothing can use, a part or a parameter among it.",
    },
    "Tables": {
        "duplicate-row": "Two rows have the same conditions.",
        "missing-output": "A row leaves out an output.",
        "no-rows": "A table has no rows, and takes none from settings.",
        "overlap": "Two rows can hold at once, and one may.",
        "table-row": "A row of the merchant does not fit the table.",
        "uncovered": "No row holds for some combination of words, and that is an error.",
        "unknown-output": "A row gives an output that the table does not have.",
        "unknown-setting": "The rows are taken from a setting that is not there.",
        "unreachable-row": "A row above always decides.",
    },
    "Parts and overlays": {
        "bare-list": "A list is laid over a list, which would throw away what it does not repeat.",
        "because": "A check, a warning or a requirement is removed without a reason.",
        "before-and-after": "An item is added before one and after another.",
        "changed-twice": "A file changes a value, and replaces or removes what that is a part of.",
        "essential": "An item that can't be removed or weakened is.",
        "hidden-name": "A name of a part is hidden by another.",
        "id": "The id of an item is changed.",
        "missing-argument": "A part is used without an argument that it needs.",
        "missing-id": "An item has no id.",
        "unknown-argument": "A part has no parameter of that name.",
        "unknown-id": "There is no item with that id; the nearest is named.",
        "unknown-part": "There is no part of that name.",
        "unknown-path": "There is nothing at that path; the nearest is named.",
        "unknown-piece": "A part has nothing under the key where it is used.",
        "unnamed": "Items would go without being named.",
    },
    "Merchant files": {
        "bank-columns": "The columns of a bank's CSV name a day or an amount twice, or not at all.",
        "empty-row": "A row says nothing.",
        "field-not-writable": "A reference field can be searched and not written.",
        "gap": "What was sold has no row in the OSS table.",
        "impossible-account": "An account number can't be one.",
        "interim-account-shared": "An interim account is used for something else too.",
        "literal-secret": "A secret stands in the file.",
        "missing-secret": "A secret is not where the file says.",
        "never-fits": "A row of the OSS table can never fit.",
        "no-bank-account": "No bank account is declared for the currency of the books.",
        "no-orders": "Invoices are to be made of orders, and nobody makes those.",
        "no-rate": "Prices of orders fit no VAT rate.",
        "no-such-mapping-set": "There is no mapping set of that name.",
        "not-a-reference": "A key does not say where its secret is.",
        "not-an-address": "An address is none.",
        "not-https": "Credentials would travel unencrypted.",
        "not-qliros-own": "Terms of payment that Qliro does not take for its own.",
        "prefix-too-long": "The prefix and a reference do not fit their field.",
        "same-article": "Two references would share an article number.",
        "same-field": "Two identifiers would stand in one field.",
        "same-series": "Two kinds of vouchers have one series.",
        "secrets-file-open": "Others may read the file of secrets.",
        "secrets-file-unreadable": "The file of secrets can't be read.",
        "token-expires": "An access token of an hour is used in earnest.",
        "wrong-environment": "An address is that of another environment.",
    },
}


def explained() -> dict[str, str]:
    """In Markdown what each code finds."""
    found = {rule.CODE: str(rule.__doc__).strip() for rule in RULES}
    for about in OTHERS.values():
        found |= {code: told for code, told in about.items() if code not in found}
    return found
