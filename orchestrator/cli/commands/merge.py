"""`manyfew merge`: ledgers of one sweep from several machines, as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from orchestrator.ledger.merging.merge import Merged


def merge(
    out: Path = typer.Argument(..., help="The ledger to make; never overwrites.", metavar="OUT"),
    dbs: list[Path] = typer.Argument(..., help="Two ledgers or more of the same sweep.", metavar="DB..."),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Make one ledger of several of the same sweep, from several machines, say. The ledgers named stay as they are.

    What does not fit is refused, with the difference: another prompt, parameter, problem or verifier under the same
    name, or the same sample twice. A problem's samples are numbered anew, side by side. What they cost comes along, and
    counts against no budget.

    Example: manyfew merge runs/all.db machine-1/gsm8k.db machine-2/gsm8k.db
    """
    import dataclasses

    from orchestrator.cli.output import console, emit_json
    from orchestrator.errors import InputError
    from orchestrator.ledger.merging.merge import merge as merge_ledgers
    from orchestrator.report.live.counter import counting
    from orchestrator.sweep.definition import differences

    if len(dbs) < 2:
        remedy = "manyfew merge OUT DB DB: the ledger to make, then those to read"
        raise InputError("manyfew merge", f"only {dbs[0]} is named to be merged into {out}", remedy)
    with counting("samples", json_=json_) as told:
        done = merge_ledgers(out, dbs, differences, told)
    if json_:
        emit_json({**dataclasses.asdict(done), "db": str(out), "merged": [str(db) for db in dbs]})
    else:
        console().print(_text(done, out, len(dbs)))
    return 0


def _text(done: Merged, out: Path, ledgers: int) -> str:
    import shlex

    from orchestrator.text.money import usd
    from orchestrator.text.safe import safe

    place = safe(shlex.quote(str(out)))
    models = ", ".join(f"{safe(alias, 60)} {count:,}" for alias, count in list(done.models.items())[:20])
    lines = [
        f"{done.samples:,} samples of {done.problems:,} problems from {ledgers} ledgers in {place}: {models}"
    ]
    if done.renumbered:
        lines.append(f"{done.renumbered:,} have another index than where they were drawn.")
    paid = f"Paid there: {usd(done.settled_pico)}"
    if done.presumed_pico:
        paid += f", and {usd(done.presumed_pico)} presumed"
    lines.append(f"{paid}; none of it counts against a budget here.")
    lines.append(f"Next: manyfew frontier {place}")
    return "\n".join(lines)
