"""What the refunds of a capture give back, at which VAT rate, and what is left of it after each.

Works on the lines that were sold and those of its refunds, oldest first; reads and writes nothing
else. An amount is above zero when it is given back. ``given_back`` is a filter of the language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

Row = Mapping[str, Any]
Part = dict[str, Any]
ByRate = dict[Any, Decimal]

ZERO, CENT = Decimal(0), Decimal("0.01")
# The words of the column ``kind`` that mean something here.
GOODS, DISCOUNT, ROUNDING, VOUCHER = "goods", "discount", "rounding", "credit_voucher"

_half_up = Context(prec=38, rounding=ROUND_HALF_UP).quantize


def shares(total: Any, weights: Mapping[Any, Any]) -> dict[Any, Decimal]:
    """``total`` spread by the weights, to the öre and without a rest; their sum is not 0."""
    whole, before, taken = sum(weights.values()), 0, ZERO
    result = {}
    for key, weight in weights.items():
        before += weight
        until = _half_up(Decimal(total) * before / whole, CENT)
        result[key] = until - taken
        taken = until
    return result


def given_back(sold: Sequence[Row], refunds: Iterable[Row], split: Iterable[Row]) -> list[Part]:
    """The parts of each refund, those of one in the order in which a document shows them.

    ``sold`` are the lines of the capture (item, MerchantReference, Quantity, gross, kind, rate,
    mixed), ``split`` the shares (group, share) of its discount over several rates. ``refunds`` have
    refund, ordinal, Amount and three lists of lines: ``returned``, the fees that are ``charged``,
    and the ``amounts`` that are given back without anything that came back.

    Of a part, ``line`` is what the refund lists and ``like`` the sold line that it is; ``amount``
    is in kronor with VAT. The amounts of a refund's parts sum to its Amount.
    """
    capture = _Capture(sold, split)
    result: list[Part] = []
    for refund in sorted(refunds, key=lambda one: one["ordinal"]):
        if refund["Amount"]:
            parts = capture.give_back(refund)
            result += [{"refund": refund["refund"], **part} for part in parts]
    return result


def _part(
    rule: str,
    amount: Decimal,
    rate: Any,
    kind: str,
    line: Row | None = None,
    like: Row | None = None,
    quantity: Decimal | None = None,
) -> Part:
    """``line`` is the refund's, ``like`` the sold one; the price of one is that of the refund."""
    listed = line if line is not None else like
    price = listed["PricePerItemIncVat"] if listed is not None else None
    return {"rule": rule, "line": line, "like": like, "kind": kind, "rate": rate,
            "quantity": quantity, "price": price, "amount": amount}  # fmt: skip


def _sum(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), ZERO)


class _Capture:
    """Held open while its refunds are gone through: what is left of it, and what came back."""

    def __init__(self, sold: Sequence[Row], split: Iterable[Row]) -> None:
        self.sold = sold
        self.split: ByRate = {}
        for one in split:
            self.split[one["group"]] = self.split.get(one["group"], ZERO) + one["share"]
        self.left: dict[tuple[Any, str], Decimal] = {}
        for line in sold:
            if not line["mixed"]:
                self._add(line["rate"], line["kind"], Decimal(line["gross"]))
        for rate, share in self.split.items():
            self._add(rate, DISCOUNT, share)
        # Above zero, by rate: the only rates that an amount may be given back at.
        self.at_first = self._open()
        self.by_item: dict[Any, list[int]] = {}
        for place, line in enumerate(sold):
            self.by_item.setdefault(line["item"], []).append(place)
        self.pieces = [Decimal(line["Quantity"]) for line in sold]
        self.came_back: list[Part] = []
        self.begun = False

    def _add(self, rate: Any, kind: str, amount: Decimal) -> None:
        self.left[rate, kind] = self.left.get((rate, kind), ZERO) + amount

    def give_back(self, refund: Row) -> list[Part]:
        """The parts of the next refund."""
        charged, returned = refund["charged"], refund["returned"]
        for line in charged:  # what is charged is sold: it may be given back later
            self._add(line["rate"], line["kind"], Decimal(line["gross"]))
        back = Decimal(refund["Amount"]) + _sum(charged, "gross")
        is_all = back == sum(self.left.values())
        if returned:
            parts = self._items(back, returned)
        elif is_all and not self.begun:
            parts = self._all_of_it()
        else:
            parts = self._amount(back, refund["amounts"])
        if is_all and self._after(parts):
            parts = [_part("left", left, rate, kind)
                     for (rate, kind), left in self.left.items() if left]  # fmt: skip
        self.left = {**self.left, **self._after(parts, whole=True)}
        self.came_back += [part for part in parts if part["like"] is not None]
        self.begun = True
        fees = [_part("charged", -Decimal(line["gross"]), line["rate"], line["kind"], line,
                      quantity=-Decimal(line["Quantity"])) for line in charged]  # fmt: skip
        listed = [part for part in parts if part["rule"] in ("sold", "never sold")]
        return [*listed, *fees, *(part for part in parts if part not in listed)]

    def _after(
        self, parts: Iterable[Part], *, whole: bool = False
    ) -> dict[tuple[Any, str], Decimal]:
        """What these parts leave, where that is not nothing; with ``whole`` also where it is."""
        left = dict(self.left)
        for part in parts:
            key = part["rate"], part["kind"]
            left[key] = left.get(key, ZERO) - part["amount"]
        return left if whole else {key: amount for key, amount in left.items() if amount}

    def _open(self, parts: Iterable[Part] = ()) -> ByRate:
        """By rate what is above zero, after ``parts`` have come back too. Nothing, where it is not
        known at which rate something was sold or given back."""
        result: ByRate = {}
        for (rate, kind), amount in self._after(parts, whole=True).items():
            if rate is None and amount:
                return {}
            if kind != ROUNDING:
                result[rate] = result.get(rate, ZERO) + amount
        return {rate: amount for rate, amount in result.items() if amount > 0}

    # -- what came back ---------------------------------------------------------------------------

    def _items(self, back: Decimal, lines: Sequence[Row]) -> list[Part]:
        """Lines that came back, and what the amount is more or less than they are."""
        parts = self._alike(lines)
        apart = [line for line in lines if line["mixed"] and not self._is_sold(line)]
        over = _by_rate(part for part in parts if part["kind"] == GOODS)
        for line in apart:  # a discount over several rates that is of the refund alone
            parts += _parts("share", Decimal(line["gross"]), over, DISCOUNT, line=line)
        rest = back - _sum(parts, "amount")
        if rest < 0:
            parts += self._shares(parts, rest) or _parts("less", rest, _by_rate(parts), GOODS)
        elif rest > 0:
            parts += _parts("more", rest, self._open(parts), GOODS)
        return parts

    def _is_sold(self, line: Row) -> bool:
        return line["item"] in self.by_item or self._by_reference(line) is not None

    def _alike(self, lines: Sequence[Row]) -> list[Part]:
        """Each line as what it was sold as: the same item, else the same reference, where all that
        carries it has one rate; else as what it says itself."""
        parts: list[Part] = []
        places: Counter[Any] = Counter()
        open_ = {item: [at for at in same if self.pieces[at] > 0] or same
                 for item, same in self.by_item.items()}  # fmt: skip
        for line in lines:
            quantity, price = Decimal(line["Quantity"]), Decimal(line["PricePerItemIncVat"])
            same = open_.get(line["item"])
            if same:
                place = places[line["item"]] % len(same)
                places[line["item"]] += 1
                taken = self._take(quantity, [*same[place:], *same[:place]])
                for at, some in taken:
                    parts += self._as_sold(line, self.sold[at], some, some * price)
            elif (like := self._by_reference(line)) is not None:
                parts += self._as_sold(line, like, quantity, Decimal(line["gross"]))
            elif not line["mixed"]:
                parts.append(_part("never sold", Decimal(line["gross"]), line["rate"],
                                   line["kind"], line, quantity=quantity))  # fmt: skip
        return parts

    def _take(self, quantity: Decimal, same: Sequence[int]) -> list[tuple[int, Decimal]]:
        """How many of which of the sold lines that are the same item; where they have one rate it
        makes no difference, and a line stays one."""
        first = self.sold[same[0]]
        if all(_ways(self.sold[at]) == _ways(first) for at in same):
            return [(same[0], quantity)]
        taken = []
        for at in same:
            some = min(quantity, max(self.pieces[at], ZERO))
            if some > 0:
                taken.append((at, some))
                quantity -= some
        if quantity:  # more than was sold: a person is told
            taken.append((same[0], quantity))
        for at, some in taken:
            self.pieces[at] -= some
        return taken

    def _by_reference(self, line: Row) -> Row | None:
        """The first sold line with its reference, where all of them have one rate."""
        if not line["MerchantReference"]:
            return None
        same = [one for one in self.sold if one["MerchantReference"] == line["MerchantReference"]]
        rates = {(one["rate"], one["mixed"]) for one in same}
        return same[0] if len(rates) == 1 and rates != {(None, False)} else None

    def _as_sold(self, line: Row, like: Row, quantity: Decimal, gross: Decimal) -> list[Part]:
        if like["mixed"]:
            return _parts("share", gross, self.split, DISCOUNT, line=line, like=like)
        return [_part("sold", gross, like["rate"], like["kind"], line, like, quantity)]

    # -- discounts that a refund does not list -----------------------------------------------------

    def _shares(self, parts: Sequence[Part], rest: Decimal) -> list[Part]:
        """What the discounts of the sale take off the goods that came back, where that is ``rest``
        to the öre: by what was sold, or by what is left."""
        listed = [part["like"] for part in parts if part["kind"] == DISCOUNT]
        discounts: list[tuple[Row, ByRate]] = [
            (line, {line["rate"]: Decimal(line["gross"])}) for line in self.sold
            if line["kind"] == DISCOUNT and not line["mixed"] and line["rate"] is not None
        ]  # fmt: skip
        mixed = [line for line in self.sold if line["mixed"]]
        if mixed:
            discounts.append((mixed[0], self.split))
        for earlier in ((), self.came_back):
            found = [
                _part("share", share, rate, DISCOUNT, like=discount)
                for discount, by_rate in discounts if discount not in listed
                for rate, whole in by_rate.items()
                if (share := self._share(discount, rate, whole, parts, earlier))
            ]  # fmt: skip
            if _sum(found, "amount") == rest:
                return found
        return []

    def _share(
        self,
        discount: Row,
        rate: Any,
        whole: Decimal,
        parts: Sequence[Part],
        earlier: Sequence[Part],
    ) -> Decimal:
        """The share of a discount, given at a rate, that lies on the goods that came back."""
        bears = self._bearers(rate)
        of = _sum((line for line in self.sold if bears(line)), "gross")
        of -= _sum((part for part in earlier if bears(part["like"])), "amount")
        now = _sum((part for part in parts if part["like"] and bears(part["like"])), "amount")
        given = (part for part in earlier if part["like"] is discount and part["rate"] == rate)
        whole -= _sum(given, "amount")
        return _half_up(whole * now / of, CENT) if of > 0 else ZERO

    def _bearers(self, rate: Any) -> Callable[[Row], bool]:
        """What a discount at a rate is given on: the goods of that rate, else all, else all that
        was sold."""
        tries: tuple[Callable[[Row], bool], ...] = (
            lambda line: bool(line["kind"] == GOODS and line["rate"] == rate),
            lambda line: bool(line["kind"] == GOODS),
        )
        for bears in tries:
            if any(bears(line) for line in self.sold):
                return bears
        return lambda line: line["kind"] not in (DISCOUNT, ROUNDING, VOUCHER)

    # -- amounts ----------------------------------------------------------------------------------

    def _all_of_it(self) -> list[Part]:
        parts = [
            _part("sold", Decimal(line["gross"]), line["rate"], line["kind"], like=line,
                  quantity=Decimal(line["Quantity"]))
            for line in self.sold if not line["mixed"]
        ]  # fmt: skip
        mixed = [line for line in self.sold if line["mixed"]]
        return [*parts, *(_part("share", share, rate, DISCOUNT, like=mixed[0])
                          for rate, share in self.split.items() if share)]  # fmt: skip

    def _amount(self, back: Decimal, lines: Sequence[Row]) -> list[Part]:
        """An amount alone, as far as it goes at the rate that its line fits; the rest of it over
        the rates with something above zero left."""
        offered: list[tuple[Decimal, Any, Row | None]]
        offered = [(Decimal(line["gross"]), line["rate"], line) for line in lines]
        if _sum(lines, "gross") != back or any(gross <= 0 for gross, _, _ in offered):
            only = lines[0] if len(lines) == 1 else None
            offered = [(back, only["rate"] if only else None, only)]
        parts: list[Part] = []
        for gross, rate, line in offered:
            open_ = self._open(parts)
            fitting = min(gross, open_.get(rate, ZERO))
            if fitting:
                parts.append(_part("amount", fitting, rate, GOODS, line))
            if gross != fitting:
                # A line without VAT, as modules send it, tells no rate.
                rule = "moved" if rate or rate in self.at_first else "amount"
                over = self._open(parts) or (self.at_first if open_ else {})
                parts += _parts(rule, gross - fitting, over, GOODS, line=line)
        return parts


def _ways(line: Row) -> tuple[Any, ...]:
    return line["rate"], line["kind"], line["mixed"]


def _by_rate(parts: Iterable[Part]) -> ByRate:
    """What parts come to by rate, above zero. Nothing, where a rate is not known."""
    result: ByRate = {}
    for part in parts:
        if part["rate"] is None:
            return {}
        result[part["rate"]] = result.get(part["rate"], ZERO) + part["amount"]
    return {rate: amount for rate, amount in result.items() if amount > 0}


def _parts(
    rule: str,
    amount: Decimal,
    over: ByRate,
    kind: str,
    *,
    line: Row | None = None,
    like: Row | None = None,
) -> list[Part]:
    """An amount spread over rates; at an unknown rate where there is none to spread it over."""
    if not sum(over.values()):
        return [_part(rule, amount, None, kind, line, like)]
    spread = shares(amount, over).items()
    return [_part(rule, share, rate, kind, line, like) for rate, share in spread if share]
