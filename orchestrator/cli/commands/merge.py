"""`manyfew merge`: one ledger of several of the same sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orchestrator.grammar import by, many
from orchestrator.text.command import command

if TYPE_CHECKING:
    from orchestrator.ledger.merging.merge import Merged


def merge(
    out: Path = typer.Argument(..., help="The ledger to make, which must not exist yet.", metavar="OUT"),
    dbs: list[Path] = typer.Argument(..., help="Two or more ledgers of the same sweep.", metavar="DB…"),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Combine several ledgers of the same sweep into one.

    The ledgers that are read stay as they are. Ledgers that don't fit together are rejected, with the difference:
    another prompt, parameter, problem or verifier under the same name, or the same sample twice. Each problem's samples
    are renumbered. Their costs are kept, and count against no budget.

    Example: manyfew merge runs/all.db machine-1/gsm8k.db machine-2/gsm8k.db
    """
    import dataclasses

    from orchestrator.cli.output import console, emit_json
    from orchestrator.errors import InputError
    from orchestrator.ledger.merging.merge import merge as merge_ledgers
    from orchestrator.report.live.counter import counting
    from orchestrator.sweep.definition import differences

    if len(dbs) < 2:
        remedy = f"{command('merge OUT DB DB')}: the ledger to make, then those to read"
        raise InputError("manyfew merge", f"{dbs[0]} alone can't be merged into {out}", remedy)
    with counting("samples", json_=json_) as show:
        done = merge_ledgers(out, dbs, differences, show)
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
    drawn = f"{many(done.samples, 'sample')} of {many(done.problems, 'problem')}"
    lines = [f"{drawn} from {many(ledgers, 'ledger')} in {place}: {models}"]
    if done.renumbered:
        have = by(done.renumbered, "has another index than in its", "have another index than in their")
        lines.append(f"{done.renumbered:,} {have} own ledger.")
    paid = f"They cost {usd(done.settled_pico)}"
    if done.presumed_pico:
        paid += f", and {usd(done.presumed_pico)} is presumed"
    lines.append(f"{paid}; this counts against no budget here.")
    lines.append(f"Next: {command('frontier {}', out)}")
    return "\n".join(lines)
