"""Flags that name a verifier and the set of its verdicts, which several commands take, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verifiers.types import Sandbox

VERIFIER = typer.Option(
    None, "--verifier", help="Judge all samples by this kind, such as numeric.", metavar="KIND"
)
OPTION = typer.Option(
    None,
    "--option",
    help="Set an option of the verifier, such as tolerance=0.01; repeatable.",
    metavar="KEY=VALUE",
)
NAME = typer.Option(
    None,
    "--as",
    help="Name the set that these verdicts go into. Default: the verifier's kind.",
    metavar="NAME",
)
TIMEOUT = typer.Option(None, "--timeout", help="Limit the time for one verdict, such as 30s.", metavar="TIME")
WORKERS = typer.Option(
    None,
    "--workers",
    min=1,
    max=1024,
    help="Make N verdicts at the same time. Default: one per core.",
    metavar="N",
)
MEMORY_MB = typer.Option(None, "--memory-mb", min=64, help="Limit the memory for one verdict.", metavar="MB")
SANDBOX = typer.Option(
    None,
    "--sandbox",
    help="Run programs in bubblewrap, container or none-i-trust-this-code.",
    metavar="KIND",
)

CLUSTER = typer.Option(
    None,
    "--cluster",
    help="Make the verdicts on a Ray cluster: ray, or its address such as ray://host:10001.",
    metavar="RAY",
)


def options_given(given: Sequence[str]) -> dict[str, Any]:
    """Each value as TOML writes it, else as plain text."""
    import tomllib

    from orchestrator.errors import InputError

    options: dict[str, Any] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise InputError("--option", f"{word!r} isn't KEY=VALUE", "such as --option tolerance=0.01")
        try:
            options[key.strip()] = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            options[key.strip()] = value
    return options


def sandbox_given(given: str | None) -> Sandbox | None:
    from typing import get_args

    from orchestrator.errors import InputError
    from verifiers.types import Sandbox

    if given is None:
        return None
    for known in get_args(Sandbox):
        if given == known:
            return known
    raise InputError(
        "--sandbox", f"{given!r} isn't a kind of sandbox", f"use one of {', '.join(get_args(Sandbox))}"
    )
