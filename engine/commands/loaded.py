"""Commands by name, of which the module is loaded when the command is asked for."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator, Mapping
from importlib import import_module

import click


class Loaded(UserDict[str, click.Command]):
    """What ``click.Group`` asks for its commands. ``places`` are ``module:name`` in this room."""

    def __init__(self, places: Mapping[str, str]) -> None:
        super().__init__()
        self._places = dict(places)

    def __getitem__(self, name: str) -> click.Command:
        if name in self._places:
            module, _, variable = self._places.pop(name).partition(":")
            self.data[name] = getattr(import_module(f".{module}", __package__), variable)
        return self.data[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places or name in self.data

    def __iter__(self) -> Iterator[str]:
        return iter([*self.data, *self._places])

    def __len__(self) -> int:
        return len(self.data) + len(self._places)
