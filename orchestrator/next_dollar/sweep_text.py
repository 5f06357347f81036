"""Sweep files made from the one that a ledger keeps: for what `plan --next` found, and for a policy of the frontier."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.sweep.write import to_toml
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from orchestrator.ledger.reading.for_run.last_sweep import LastSweep
    from orchestrator.next_dollar.types import Study

COMMANDS = ("serve", "agent")
"""Tables of a model that name a program to start."""


def next_sweep(sweep: LastSweep, found: Study, usd: Decimal) -> str:
    """Asks for what was planned and nothing else, within `usd` beyond what the ledger has borne."""
    data = tables(sweep)
    models: dict[str, Any] = {}
    for one, targets in zip((found.cheap, found.expensive), found.planned.targets, strict=True):
        more = {
            key: int(target)
            for key, n, target in zip(found.problems, one.side.n, targets, strict=True)
            if target > n
        }
        if more and data["models"][one.alias].get("provider") == "replay":
            message = f"{one.alias} plays back a recording, which has no more samples than were recorded"
            raise InputError(
                "--output", message, "leave it out, or name a ledger of models that can be asked"
            )
        if more:
            table = {name: value for name, value in data["models"][one.alias].items() if name != "budget_usd"}
            models[one.alias] = {**table, "samples": int(one.side.n.min()), "samples_by_problem": more}
    if not models:
        raise InputError("--next", f"{usd} dollars buy not one sample of either model", "state more")
    budget = Decimal(sweep.held_pico) / PICO_PER_USD + usd
    head = (
        f"${usd} more on the ledger of {sweep.name}: where samples narrow best what {found.cheap.side.k} × "
        f"{found.cheap.alias} solve\nless {found.expensive.side.k} × {found.expensive.alias}. Run it on that ledger; "
        "budget_usd is a total over all its runs."
    )
    return to_toml({**data, "budget_usd": budget, "models": models}, head + without_commands(sweep, models))


def tables(sweep: LastSweep) -> dict[str, Any]:
    """The kept file, parsed, with numbers as they are written; without what steered its sampling, and without commands:
    a ledger may come from anybody, so none is taken from it."""
    data = tomllib.loads(sweep.text, parse_float=Decimal)
    for name in ("policy", "serve"):
        data.pop(name, None)
    for model in data["models"].values():
        for name in COMMANDS:
            model.pop(name, None)
    return data


def without_commands(sweep: LastSweep, aliases: Collection[str]) -> str:
    """A line for the head of the file that says whose commands are left out; empty where none is."""
    models = tomllib.loads(sweep.text)["models"]
    left = [f"models.{alias}.{name}" for alias in aliases for name in COMMANDS if name in models[alias]]
    if not left:
        return ""
    return f"\nCommands aren't taken from a ledger: copy {' and '.join(left)} from your own sweep file."


def only(models: Mapping[str, Any], aliases: tuple[str, ...], place: str) -> dict[str, Any]:
    """The tables of these models. Raises InputError if the file has no such model."""
    if missing := [alias for alias in aliases if alias not in models]:
        message = f"the ledger's last sweep file has no model {missing[0]!r}"
        raise InputError(place, message, "write the sweep file by hand")
    return {alias: dict(models[alias]) for alias in aliases}
