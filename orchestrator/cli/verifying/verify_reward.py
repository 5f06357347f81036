"""`manyfew verify DB --verifier reward`: scores by a reward model, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.grammar import by, many


def score(db: Path, options: Mapping[str, Any], budget: str | None, *, json_: bool) -> int:
    """Raises InputError. Returns the exit status, which means what `run`'s does."""
    from functools import partial

    from orchestrator.cli.leaving import say_left
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.quick.run import EXIT, SIGTERM
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.lock import acquire
    from orchestrator.report.live.counter import counting
    from orchestrator.reward.reward_model import KIND, scorer
    from orchestrator.reward.score_ledger import score_ledger
    from orchestrator.sending.signals import Signals
    from orchestrator.sweep.load import parse_usd
    from orchestrator.sweep.resolve import pico
    from orchestrator.text.safe import safe
    from pricing.types import PICO_PER_USD

    chosen = scorer(options)
    if budget is None:
        raise InputError("--budget", "is missing: a reward model costs money", "add --budget 5")
    budget_pico = pico(parse_usd(budget, where="--budget"))
    with Signals(left=partial(say_left, db=db, json_wanted=json_)) as signals:
        with acquire(db) as lock, counting("scoring", json_=json_) as show:
            done = score_ledger(lock, chosen, budget_pico, signals=signals, on_progress=show)
        settled, presumed = done.settled_pico / PICO_PER_USD, done.presumed_pico / PICO_PER_USD
        if json_:
            emit_json(
                {
                    "name": KIND,
                    "kind": KIND,
                    "version": chosen.name.removeprefix(f"{KIND}/"),
                    "status": done.status,
                    "reason": done.reason,
                    "scored": done.scored,
                    "failed": done.failed,
                    "lacking": done.lacking,
                    "budget_usd": budget_pico / PICO_PER_USD,
                    "settled_usd": settled,
                    "presumed_usd": presumed,
                }
            )
        else:
            spent = f"${settled:.6g} settled" + (f", ${presumed:.6g} presumed" if presumed else "")
            console().print(f"{many(done.scored, 'text')} scored by {chosen.model} for {spent} in all.")
            if done.lacking:
                have = f"{many(done.lacking, 'sample')} {by(done.lacking, 'has', 'have')}"
                console().print(f"{have} no score yet. Run it again to continue.")
            for line in done.warnings:
                console(stderr=True).print(f"warning: {safe(line)}")
            if done.reason:
                console(stderr=True).print(f"{done.status}: {safe(done.reason)}")
    if done.status == "interrupted" and done.signal == SIGTERM:
        return 128 + SIGTERM
    return EXIT[done.status]
