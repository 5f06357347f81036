"""`manyfew verify DB --verifier judge`: verdicts by a model, within a budget."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.ledger.reading.for_run.unjudged import Which
    from orchestrator.run.verdicts.choose_verifier import StatedVerifier

MOST_REASONS = 5


def judge(db: Path, stated: StatedVerifier, budget: str | None, *, which: Which, json_: bool) -> int:
    """Raises InputError. Returns the exit status, which means what `run`'s does."""
    from functools import partial

    from orchestrator.cli.leaving import say_left
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.quick.run import EXIT, SIGTERM
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.lock import acquire
    from orchestrator.ledger.reading.compared_sets import compare_sets
    from orchestrator.report.live.counter import counting
    from orchestrator.report.terminal.verdict_sets import print_change, print_verified
    from orchestrator.run.verdicts.choose_verifier import kept_choice, verifier_of_ledger
    from orchestrator.run.verdicts.judge_ledger import judge_ledger
    from orchestrator.run.verdicts.ledger_judge import ledger_judge
    from orchestrator.sending.signals import Signals
    from orchestrator.sweep.load import parse_usd
    from orchestrator.sweep.resolve import pico
    from orchestrator.sweep.tables.judge import KIND, graded_by
    from orchestrator.text.safe import safe
    from pricing.types import PICO_PER_USD

    kept: dict[str, Any] = {} if stated.kind else kept_choice(db, stated.name).get("options", {})
    options: dict[str, Any] = {**kept, **(stated.options or {})}
    alias: object = options.get("model")
    sweep: object = options.pop("sweep", None)
    if not isinstance(alias, str):
        raise InputError("--option", "model is missing: the model that grades", "--option model=grader")
    if budget is None:
        raise InputError("--budget", "is missing: a judge costs money", "add --budget 5")
    budget_pico = pico(parse_usd(budget, where="--budget"))
    chosen = ledger_judge(db, alias, None if sweep is None else str(sweep))
    options["graded_by"] = graded_by(chosen.asked)
    executor, wanted = verifier_of_ledger(db, replace(stated, kind=KIND, options=options))
    with Signals(left=partial(say_left, db=db, json_wanted=json_)) as signals:
        with acquire(db) as lock, counting("judging", json_=json_) as show:
            done = judge_ledger(
                lock,
                chosen,
                executor,
                which=which,
                wanted=wanted,
                budget_pico=budget_pico,
                signals=signals,
                on_progress=show,
            )
        change = done.verified.change
        assert change is not None
        compared = compare_sets(db, change.now, change.before)
        settled, presumed = done.settled_pico / PICO_PER_USD, done.presumed_pico / PICO_PER_USD
        if json_:
            before = None
            if change.before is not None and compared.before is not None:
                before = {"name": change.before.name, "right": compared.before.right}
            emit_json(
                {
                    "name": change.now.name,
                    "kind": KIND,
                    "version": executor.verifier.version,
                    "status": done.status,
                    "reason": done.reason,
                    "judged": done.verified.judged,
                    **asdict(compared.now),
                    "before": before,
                    "agreement": asdict(compared.agreement),
                    "reasons": dict(done.verified.reasons.most_common(MOST_REASONS)),
                    "budget_usd": budget_pico / PICO_PER_USD,
                    "settled_usd": settled,
                    "presumed_usd": presumed,
                }
            )
        else:
            out, err = console(), console(stderr=True)
            print_verified(out, db, done.verified, compared)
            spent = f"${settled:.6g} settled" + (f", ${presumed:.6g} presumed" if presumed else "")
            out.print(f"The judge {safe(chosen.alias, 60)} cost {spent} in all.", markup=False)
            for reason, count in done.verified.reasons.most_common(MOST_REASONS):
                out.print(f"  no verdict: {safe(reason, 200)} ({count:,})", markup=False)
            print_change(out, db, change, compared)
            for line in done.warnings:
                err.print(f"warning: {safe(line)}", markup=False)
            if done.reason:
                err.print(f"{done.status}: {safe(done.reason)}", markup=False)
    if done.status == "interrupted" and done.signal == SIGTERM:
        return 128 + SIGTERM
    return EXIT[done.status]
