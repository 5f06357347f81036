"""Scores for a ledger's samples: `manyfew verify DB --verifier reward --budget USD`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestrator.grammar import many
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.place_watch import GRACE_S, PlaceWatch
from orchestrator.reward.begin import Begun, begin
from orchestrator.reward.driver import ScoreDriver
from orchestrator.reward.jobs import Job, jobs, lacking, problems_of
from orchestrator.reward.reward_model import RewardModel
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.sending.close_providers import close_providers
from orchestrator.sending.dispatcher import as_one_error
from orchestrator.sending.event_loop import new_loop_run
from orchestrator.sending.signals import Signals
from orchestrator.sending.warning_lines import Warnings
from orchestrator.text.raised_words import was_raised
from pricing.types import PICO_PER_USD
from providers.transport.awake import awake_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """How it ended. `status`: complete | incomplete | budget | provider | interrupted."""

    status: str
    reason: str | None
    scored: int
    """Distinct texts that were asked for and came."""
    failed: int
    lacking: int
    """Samples with a text and without a score now."""
    settled_pico: int
    presumed_pico: int
    """Of the scorer, over all its runs."""
    signal: int | None
    warnings: list[str]


def score_ledger(
    lock: WriterLock,
    scorer: RewardModel,
    budget_pico: int,
    *,
    signals: Signals,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Scored:
    """Scores every distinct text that has none by this scorer, within the budget: a total over all that the ledger
    spends, as `run --budget` is. The caller has entered `signals`. Raises InputError or LedgerBroken."""
    path = lock.path
    begun = begin(lock, scorer, budget_pico)
    with all_or_nothing(path):
        texts = _restore(path, scorer.name)
    return new_loop_run(_score(path, scorer, begun, budget_pico, texts, signals, on_progress))


def _restore(path: Path, name: str) -> int:
    """Samples whose text was scored before get that score, without a request. How many texts lack one."""
    lack = 0
    with closing(open_for_writing(path)) as connection:
        for problem_id in problems_of(connection):
            texts, statements = lacking(connection, problem_id, name)
            lack += len(texts)
            if statements:
                connection.execute("BEGIN IMMEDIATE")
                for sql, row in statements:
                    connection.execute(sql, row)
                connection.execute("COMMIT")
    return lack


async def _score(
    path: Path,
    scorer: RewardModel,
    begun: Begun,
    budget_pico: int,
    texts: int,
    signals: Signals,
    on_progress: Callable[[int], None],
) -> Scored:
    funds = Funds(weight=1, settled=begun.settled, presumed=begun.presumed)
    budget = Budget(budget_pico, {scorer.alias: funds}, others_held=begun.others_held, shared=False)
    exceeded = budget.exceeded
    warnings = Warnings()
    awake_clock().on_stall.append(warnings.stalls.add)
    providers = scorer.providers()
    with closing(open_reader(path)) as reader:
        async with Ledger(path, begun.state) as ledger:
            try:
                driver = ScoreDriver(
                    scorer,
                    iter(()) if exceeded else _jobs(reader, scorer),
                    0 if exceeded else texts,
                    ledger,
                    budget,
                    providers,
                    overhead_tokens=begun.overhead_tokens,
                    bound_shown=begun.bound_shown,
                    on_progress=on_progress,
                    on_warning=warnings.add,
                )
                watch = PlaceWatch(path, lambda note: driver.dispatcher.drain(grace_s=GRACE_S, note=note))
                with signals.steering(driver.dispatcher), watch:
                    await as_one_error(driver.run())
                    await ledger.presume_open()
            finally:
                await close_providers(providers)
    watch.refuse_lost()
    tally = driver.tally
    with closing(open_reader(path)) as reader:
        left = sum(
            len(text.samples) for p in problems_of(reader) for text in lacking(reader, p, scorer.name)[0]
        )
        held = reader.execute(
            "SELECT settled_pico, presumed_pico FROM model WHERE id = ?",
            (begun.state.models[scorer.alias].model_id,),
        ).fetchone()
    status, reason = _ended(driver, budget, exceeded=exceeded, left=left)
    return Scored(
        status=status,
        reason=reason,
        scored=tally.scored,
        failed=tally.failed,
        lacking=left,
        settled_pico=held[0],
        presumed_pico=held[1],
        signal=signals.received,
        warnings=was_raised(*begun.state.raised) + warnings.lines(),
    )


def _jobs(reader: sqlite3.Connection, scorer: RewardModel) -> Iterator[Job]:
    """What is lacking, problem after problem, read when its turn comes."""
    for problem_id in problems_of(reader):
        texts, _ = lacking(reader, problem_id, scorer.name)
        if texts:
            yield from jobs(reader, problem_id, texts, scorer.max_n)


def _ended(driver: ScoreDriver, budget: Budget, *, exceeded: bool, left: int) -> tuple[str, str | None]:
    """When several things ended it, the one that a person must act on first (CONTRACT)."""
    tally, dispatcher, lane = driver.tally, driver.dispatcher, driver.lane
    if dispatcher.interrupted and left:
        return "interrupted", dispatcher.note
    if lane.stopped is not None:
        return "provider", lane.stopped
    if exceeded:
        held, total = budget.held / PICO_PER_USD, budget.total / PICO_PER_USD
        return "budget", f"the budget of ${total:.6g} is exceeded already: ${held:.6g} settled or presumed"
    if lane.work.lacking():
        return "budget", "the budget does not cover the next answer's worst case"
    if tally.failed:
        return "incomplete", f"{many(tally.failed, 'text')} got no score: {tally.reason}"
    return "complete", None
