"""A point of the frontier as sweep files: one, or for a cascade two that run one after the other."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.whole_file import write_new
from orchestrator.ledger.reading.for_run.last_sweep import last_sweep
from orchestrator.next_dollar.sweep_text import only, tables, without_commands
from orchestrator.sweep.write import to_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HEADROOM = Decimal("1.2")
"""The budget over the expected cost: what a policy costs is a mean."""


def write_policy(db: Sequence[Path], document: Mapping[str, Any], number: int, file: Path) -> list[Path]:
    """Writes row `number`, from 1, of the document's best buys to `file`, and of a cascade the second stage beside it.
    Gives the files. Raises InputError; never overwrites."""
    points = document["best_buys"]
    if len(db) != 1:
        raise InputError("--write-policy", "takes one ledger, whose sweep file is the pattern", "name one")
    if not 1 <= number <= len(points):
        remedy = (
            f"1 to {len(points)}, as the table numbers them" if points else "look at the warnings of frontier"
        )
        raise InputError("--write-policy", f"there is no best buy {number}", remedy)
    point = points[number - 1]
    texts = _texts(db[0], document["axis"], point, number)
    files = [file, file.with_name(f"{file.stem}-then{file.suffix}")][: len(texts)]
    for one in files:
        if one.exists():
            raise InputError(str(one), "is there already", "name another file")
    for one, text in zip(files, texts, strict=True):
        write_new(one, text)
    return files


def _texts(db: Path, axis: str, point: Mapping[str, Any], number: int) -> list[str]:
    policy = point["policy"]
    order, samples = tuple(policy["order"]), policy["samples"]
    sweep = last_sweep(db)
    data = tables(sweep)
    models = only(data["models"], order, "--write-policy")
    name = f"{sweep.name}-policy-{number}"
    mode = "until_solved" if policy["stop"] == "first_success" else "uniform"
    for alias, model in models.items():
        model.pop("samples_by_problem", None)
        model.pop("budget_usd", None)
        model.update(samples=samples[alias], mode=mode)
    data["sampling"] = {
        key: one for key, one in data.get("sampling", {}).items() if key not in ("samples", "mode")
    }
    data["problems"] = {
        key: one for key, one in data["problems"].items() if key not in ("unsolved_in", "unsolved_by")
    }
    data |= {"name": name, "models": models, "budget_usd": _budget(axis, point, len(sweep.problems), data)}
    said = f"Best buy {number} of {sweep.name}, to be bought anew."
    left_out = without_commands(sweep, order)
    if policy["kind"] != "cascade":
        return [to_toml(data, f"{said} budget_usd: its expected cost and a fifth.{left_out}")]
    first, then = order
    head = f"{said} The first of two stages: {first} until a sample passes, then the second file for what is left."
    second = {
        **data,
        "problems": {**data["problems"], "unsolved_in": f"runs/{name}.db", "unsolved_by": first},
        "models": {then: models[then]},
    }
    told = (
        f"{said} The second of two stages, on the ledger of the first: {then} for what {first} did not solve."
    )
    return [
        to_toml({**data, "models": {first: models[first]}}, head + left_out),
        to_toml(second, told + left_out),
    ]


def _budget(axis: str, point: Mapping[str, Any], problems: int, data: Mapping[str, Any]) -> Decimal:
    """A total over both stages, to the cent or, if that is less, to a millionth of a dollar."""
    if axis != "usd":
        return Decimal(str(data.get("budget_usd", "1.0")))
    total = Decimal(repr(point["usd_per_problem"])) * problems * HEADROOM
    step = Decimal("0.01") if total >= 1 else Decimal("0.000001")
    return max(step, total.quantize(step, ROUND_UP))
