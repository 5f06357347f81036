"""A point of the frontier as sweep files: one, or for a cascade two that run one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.whole_file import write_new
from orchestrator.ledger.reading.for_run.last_sweep import last_sweep
from orchestrator.next_dollar.sweep_text import only, tables, without_commands
from orchestrator.sweep.write import to_toml

if TYPE_CHECKING:
    from orchestrator.ledger.reading.for_run.last_sweep import LastSweep

HEADROOM = Decimal("1.2")
"""The budget over the expected cost: what a policy costs is a mean."""


Expects = Callable[[Sequence[Path], float], Decimal | None]
"""What a plan of these files expects, in dollars, the second for this share of the problems; None: not known."""


def write_policy(
    db: Sequence[Path], document: Mapping[str, Any], number: int, file: Path, expects: Expects
) -> list[Path]:
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
    axis, sweep = document["axis"], last_sweep(db[0])
    budget = _budget(axis, point, len(sweep.problems), tables(sweep))
    texts = _texts(sweep, point, number, budget, "its expected cost and a fifth")
    files = [file, file.with_name(f"{file.stem}-then{file.suffix}")][: len(texts)]
    for one in files:
        if one.exists():
            raise InputError(str(one), "is there already", "name another file")
    _write(files, texts)
    if axis != "usd":
        return files
    expected = expects(files, _left(document, point["policy"]))
    if expected is not None and expected > budget:
        for one in files:
            one.unlink()
        why = "what plan expects with every sample bought"
        _write(files, _texts(sweep, point, number, _rounded(expected), why))
    return files


def _write(files: Sequence[Path], texts: Sequence[str]) -> None:
    for one, text in zip(files, texts, strict=True):
        write_new(one, text)


def _left(document: Mapping[str, Any], policy: Mapping[str, Any]) -> float:
    """The share of problems that the first model is expected to leave unsolved."""
    first = policy["order"][0]
    points = document["models"][first]["coverage"]
    return 1 - next((one["coverage"] for one in points if one["k"] == policy["samples"][first]), 0.0)


def _texts(sweep: LastSweep, point: Mapping[str, Any], number: int, budget: Decimal, why: str) -> list[str]:
    policy = point["policy"]
    order, samples = tuple(policy["order"]), policy["samples"]
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
    data |= {"name": name, "models": models, "budget_usd": budget}
    said = f"Best buy {number} of {sweep.name}, to be bought anew."
    left_out = without_commands(sweep, order)
    if policy["kind"] != "cascade":
        return [to_toml(data, f"{said} budget_usd: {why}.{left_out}")]
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
    """A total over both stages."""
    if axis != "usd":
        return Decimal(str(data.get("budget_usd", "1.0")))
    return _rounded(Decimal(repr(point["usd_per_problem"])) * problems * HEADROOM)


def _rounded(total: Decimal) -> Decimal:
    """Up to the cent or, if that is less than a dollar, to a millionth of one."""
    step = Decimal("0.01") if total >= 1 else Decimal("0.000001")
    return max(step, total.quantize(step, ROUND_UP))
