"""The command line as typer parses it. Only the named command is imported; for help and for a wrong name, all are."""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from orchestrator.cli.command_table import COMMANDS, function_of
from orchestrator.cli.help import HelpfulCommand
from orchestrator.errors import InputError
from orchestrator.text.command import called, command

_HELP = "Many cheap samples or a few expensive ones? Buys language-model samples within a hard dollar budget."
_WHERE = re.compile(r"\d+|unix:.*|\w+://.*|[\w.-]+:\d+")
"""What follows --web as its value: a port, unix:PATH, or an address, which is then refused."""
_COMPLETION = ("--show-completion", "--install-completion")
_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_INVALID = re.compile(r"invalid value for '([^']*)': (.*)", re.IGNORECASE | re.DOTALL)
_NO_OPTION = re.compile(
    r"no such option:? '?(-[^ ']*)'?\.?(?: \(?(?:possible options?|did you mean):? (.*?)\)?\??)?",
    re.IGNORECASE,
)
_NO_COMMAND = re.compile(r"(no such command '([^']*)').*", re.IGNORECASE)
_TOO_MANY = re.compile(r"got unexpected extra arguments?(?:\(s\))? \((.*)\)", re.IGNORECASE)
_RANGE = re.compile(r"(-?\d+) is not in the range (\d+)<=x<=(\d+)")  # typer before 0.29
_NEEDS = (
    (r"integer", "must be a whole number"),
    (r"float|valid number", "must be a number"),
    (r"greater than or equal to (\d+)", "must be at least {}"),
    (r"less than or equal to (\d+)", "must be at most {}"),
)
"""What typer says of a value, in the words of Python's types, and ours."""

# Click's own classes, whether typer brings its copy of click or takes the installed one.
_UsageError: Any = typer.BadParameter.__mro__[1]
_ClickError: Any = typer.BadParameter.__mro__[2]


def run_command(arguments: list[str]) -> Any:
    """Runs one command and returns what it returned. Raises InputError for unknown commands and flags."""
    first = arguments[0] if arguments else ""
    if first in _COMPLETION:
        return _complete(first, arguments[1:])
    try:
        return app(first)(_with_ports(arguments), prog_name="manyfew", standalone_mode=False)
    except _UsageError as error:
        raise _usage_error(error, first) from None
    except _ClickError as error:
        raise InputError("manyfew", error.format_message()) from None
    except typer.Abort:
        raise KeyboardInterrupt from None


def _complete(flag: str, named: list[str]) -> None:
    """`--show-completion [SHELL]`, `--install-completion [SHELL]`. typer itself takes no shell's name, and finds none
    where no shell is among the processes that started this one (cron, a container)."""
    completion: Any = importlib.import_module("typer.completion")
    shell = named[0] if named else _shell()
    if shell not in _SHELLS or named[1:]:
        known = f"{', '.join(_SHELLS[:-1])} or {_SHELLS[-1]}"
        told = (
            f"no completion for {' '.join(named) or shell!r}" if shell else "can't tell which shell you use"
        )
        raise InputError(f"manyfew {flag}", f"{told}: name {known}", command(f"{flag} bash"))
    if flag == "--show-completion":
        made = {"prog_name": "manyfew", "complete_var": "_MANYFEW_COMPLETE"}
        typer.echo(completion.get_completion_script(**made, shell=shell))
        return
    _, path = completion.install(shell=shell, prog_name="manyfew")
    typer.echo(
        f"Completion for {shell} is installed in {path}. It works in each shell that you start from now on."
    )


def _shell() -> str:
    """The shell that this was called from, else the user's own; empty if neither can be told."""
    try:
        detected: str = importlib.import_module("shellingham").detect_shell()[0]  # typer's own dependency
        return detected
    except (ImportError, OSError):
        return Path(os.environ.get("SHELL", "")).name


def _with_ports(arguments: list[str]) -> list[str]:
    """`watch DB --web` alone, or before what is no port: port 0, which is any free one. Typer knows no option whose
    value may be left out."""
    if arguments[:1] != ["watch"]:
        return arguments
    made: list[str] = []
    for word, after in zip(arguments, [*arguments[1:], ""], strict=True):
        made.append(word)
        if word == "--web" and not _WHERE.fullmatch(after):
            made.append("0")
    return made


def app(only: str | None = None) -> typer.Typer:
    """The command line with every command, or with `only` that one if it exists."""
    made = typer.Typer(
        name="manyfew",
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback(help=_HELP)(_options)
    for name in COMMANDS:
        if only in (None, name) or only not in COMMANDS:
            function = function_of(name)
            made.command(name, cls=HelpfulCommand, help=_help(function))(function)
    return made


def _help(function: Callable[..., Any]) -> str:
    """Its docstring, with examples that can be pasted."""
    return inspect.cleandoc(function.__doc__ or "").replace("Example: manyfew ", f"Example: {called()} ")


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"manyfew {version('manyfew')}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
    ),
) -> None:
    """Options of manyfew itself."""


def _usage_error(error: Any, first: str) -> InputError:
    known = f"manyfew {first}" if first in COMMANDS else "manyfew"
    place = error.ctx.command_path if error.ctx else known
    name = place.removeprefix("manyfew").strip()
    message = _in_our_words(error.format_message().strip().rstrip("."))
    return InputError(place, message[:1].lower() + message[1:], command(f"{name} --help".strip()))


def _in_our_words(message: str) -> str:
    if found := _INVALID.fullmatch(message):
        return f"{found[1]} {_need(found[2])}"
    if found := _NO_OPTION.fullmatch(message):
        return f"no such option: {found[1]}{_meant(found[1], (found[2] or '').split(', '))}"
    if found := _NO_COMMAND.fullmatch(message):
        return message if found[2] not in ("help", "version") else f"{found[1]}. Did you mean --{found[2]}?"
    if found := _TOO_MANY.fullmatch(message):
        return f"too many arguments: {found[1]}"
    return re.sub(r"requires an argument$", "needs a value", message)


def _meant(typed: str, known: list[str]) -> str:
    near = get_close_matches(typed, known, n=1, cutoff=0)
    return f". Did you mean {near[0]}?" if near and near[0] else ""


def _need(told: str) -> str:
    if found := _RANGE.search(told):
        value, low, high = map(int, found.groups())
        return f"must be at most {high}" if value > high else f"must be at least {low}"
    for pattern, ours in _NEEDS:
        if found := re.search(pattern, told):
            return ours.format(*found.groups())
    return f"can't be used: {told}"
