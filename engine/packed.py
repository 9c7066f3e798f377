"""Long lists that are held as bytes: portions of them are pickled and compressed as they grow.

A line of a payout with all its columns takes 2.7 kB in memory and 70 bytes packed. What is read is
unpacked anew: equal, not the same object, and not to be changed. Nothing of it leaves the process.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import ItemsView, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
K = TypeVar("K")
AT_ONCE = 64  # elements of a portion
SHOWN = 4  # portions that are held unpacked: those that were looked at last


class Packed(Sequence[T], Generic[T]):
    """Elements in their order, added at the end. Read in their order each portion is unpacked once;
    elsewhere a look at one unpacks its whole portion."""

    def __init__(self, every: Iterable[T] = (), at_once: int | None = None) -> None:
        self._at_once = at_once or AT_ONCE  # few, where an element is long
        self._portions: list[bytes] = []
        self._last: list[T] = []  # those of the portion that is being filled
        self._shown: dict[int, list[T]] = {}
        self.extend(every)

    def append(self, one: T) -> None:
        """Add an element, which must not be changed afterwards."""
        self._last.append(one)
        if len(self._last) == self._at_once:
            self._portions.append(zlib.compress(pickle.dumps(self._last, 5), 1))
            self._last = []

    def extend(self, every: Iterable[T]) -> None:
        """Add elements likewise."""
        for one in every:
            self.append(one)

    def __len__(self) -> int:
        return len(self._portions) * self._at_once + len(self._last)

    def __iter__(self) -> Iterator[T]:
        for portion in self._portions:
            yield from _unpacked(portion)
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        portion, place = divmod(index, self._at_once)
        shown = self._shown.get(portion)
        if shown is None:  # or counted from the end
            portion, place = divmod(range(len(self))[index], self._at_once)
            shown = self._last if portion == len(self._portions) else self._show(portion)
        return shown[place]

    def _show(self, portion: int) -> list[T]:
        shown = self._shown.get(portion)
        if shown is None:
            if len(self._shown) == SHOWN:
                del self._shown[next(iter(self._shown))]
            shown = self._shown[portion] = _unpacked(self._portions[portion])
        return shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows


def _unpacked(portion: bytes) -> Any:
    return pickle.loads(zlib.decompress(portion))  # noqa: S301  what this process packed itself


class PackedMap(MutableMapping[K, dict[str, Any]], Generic[K]):
    """Rows by key, in the order in which they were put there; what they ``share`` is in each, and
    held once. What is given may be changed: it is the asker's own."""

    def __init__(self, share: Mapping[str, Any] | None = None) -> None:
        self._places: dict[K, int] = {}
        self._rows: Packed[dict[str, Any]] = Packed()
        self._share = dict(share or {})

    def __setitem__(self, key: K, row: dict[str, Any]) -> None:
        self._places[key] = len(self._rows)
        self._rows.append({name: one for name, one in row.items() if name not in self._share})

    def __getitem__(self, key: K) -> dict[str, Any]:
        return {**self._share, **self._rows[self._places[key]]}

    def __delitem__(self, key: K) -> None:
        del self._places[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class PackedRow(Mapping[str, Any]):
    """One row of a packed list, unpacked at each look."""

    __slots__ = ("_every", "_place")

    def __init__(self, every: Packed[Mapping[str, Any]], place: int) -> None:
        self._every, self._place = every, place

    def __getitem__(self, key: str) -> Any:
        return self._every[self._place][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._every[self._place])

    def __len__(self) -> int:
        return len(self._every[self._place])

    def items(self) -> ItemsView[str, Any]:
        return self._every[self._place].items()

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self.items()),)  # the row alone goes to another process


class SeenRow(Mapping[str, Any]):
    """One row of a packed list that holds those of its columns that were looked at: of the many
    rows of a payout's voucher these are few, and each is looked at again and again."""

    __slots__ = ("_every", "_place", "_seen")

    def __init__(self, every: Sequence[Mapping[str, Any]], place: int) -> None:
        self._every, self._place = every, place
        self._seen: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        seen = self._seen
        if key not in seen:
            seen[key] = self._every[self._place][key]
        return seen[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._every[self._place])

    def __len__(self) -> int:
        return len(self._every[self._place])

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self._every[self._place]),)
