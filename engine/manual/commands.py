"""Writes docs/commands.md: every command and option as click knows them, so that nothing drifts.

Reads the command group, gives the page; ``python -m engine.manual.commands`` writes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ..commands.command import EXIT_CODES, Option
from ..home import HOME

PAGE = HOME / "docs" / "commands.md"
_HEAD = """\
# Commands

<!-- Written by `python -m engine.manual.commands` from engine/commands/. -->

`qliro-fortnox COMMAND -h` says the same at the prompt; `python cli.py` is the same program.
MERCHANT is the name of a file in the folder of merchants, or a path to one. Results go to stdout,
progress and notes to stderr. With `--json` the result is one JSON value, and so is an error.
`NO_COLOR` switches colours off; where there is no terminal there are none.

Every option is an environment variable too, in the last column; an option on the command line wins.

Completion of commands, options and merchants: put `eval "$(_QLIRO_FORTNOX_COMPLETE=bash_source
qliro-fortnox)"` into `~/.bashrc` (`zsh_source` for zsh, `fish_source` for fish).

"""


def page(group: click.Group) -> str:
    """The text of docs/commands.md."""
    parts = [_HEAD, "## Exit codes\n\n| code | means |\n| --- | --- |\n"]
    for line in EXIT_CODES.splitlines()[2:]:
        code, means = line.strip().split("  ", 1)
        parts.append(f"| {code} | {means} |\n")
    parts.append(f"\n## Options of most commands\n\n{_table((), _shared(group))}")
    parts += [_command(name, one) for name, one in _commands(group, ())]
    return "".join(parts)


def _commands(
    group: click.Group, names: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, one in sorted(group.commands.items()):
        if isinstance(one, click.Group):
            yield from _commands(one, (*names, name))
        else:
            yield (*names, name), one


def _command(names: tuple[str, ...], one: click.Command) -> str:
    arguments = [
        param.make_metavar(click.Context(one))
        for param in one.params
        if isinstance(param, click.Argument)
    ]
    title = " ".join([*names, *arguments])
    words = inspect.cleandoc(one.help or "")
    own = [o for o in one.params if isinstance(o, Option) and not o.envvar]
    table = f"\n{_table(names, own)}" if own else ""
    return f"\n## {title}\n\n{words}\n{table}"


def _shared(group: click.Group) -> list[Option]:
    """The options that many commands have, in the order in which they first stand."""
    found: dict[str, Option] = {}
    for _, one in _commands(group, ()):
        for option in one.params:
            if isinstance(option, Option) and option.envvar:
                found.setdefault(option.opts[0], option)
    return list(found.values())


def _table(names: tuple[str, ...], options: Iterable[Option]) -> str:
    rows = "".join(
        f"| {', '.join(f'`{name}`' for name in (*one.opts, *one.secondary_opts))}{_value(one)} "
        f"| {_help(one)} | `{one.variable(names)}` |\n"
        for one in options
    )
    return f"| option | what it does | variable |\n| --- | --- | --- |\n{rows}"


def _value(option: Option) -> str:
    value = (option.metavar or option.type.name.upper()).replace("|", "\\|")
    return "" if option.is_flag else f" {value}"


def _help(option: Option) -> str:
    text = (option.help or "").replace("|", "\\|")
    required = " Required." if option.required else ""
    plain = isinstance(option.default, str | int | float | Path) and not option.is_flag
    default = f" [default: {option.default}]" if plain else ""
    return f"{text}{required}{default}"


def main() -> None:
    """Writes the page."""
    from ..commands.main import (  # noqa: PLC0415  the engine does not know its commands otherwise
        commands,
    )

    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(commands), encoding="utf-8")


if __name__ == "__main__":
    main()
