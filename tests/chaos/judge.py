"""What must hold after each command of a chaos sweep, whatever went wrong in it: the vendors' bills are the judge."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from orchestrator.doctor.ledger import ledger_findings
from orchestrator.ledger.file.sample_text import text_sql
from tests.chaos.policies import check_steered, check_through
from tests.chaos.seats import TIMEOUT_S
from tests.chaos.world import SCORER
from tests.orchestrator.run.books import check_books, money, one, rows

if TYPE_CHECKING:
    from tests.chaos.seats import Seat
    from tests.chaos.world import World


def judge(world: World) -> None:
    """Raises AssertionError that says what does not hold."""
    if not _has_tables(world):
        billed = {seat.alias: seat.billed for seat in world.seats if seat.billed}
        assert not billed, f"billed without a ledger: {billed}"
        return
    check_books(world.db, ended=False)
    check_money(world)
    for seat in world.seats:
        check_samples(world, seat)
    if world.policy:
        check_steered(world)
    found = [f for f in ledger_findings(world.db) if f.state == "missing"]
    assert not found, f"doctor: {found}"


def check_money(world: World) -> None:
    """bill ≤ settled + presumed + reserved ≤ the highest budget stated, but for a planted reply; settled ≤ bill."""
    held = money(world.db).held
    assert held <= world.highest + world.excess, f"{held} held of {world.highest} (+ {world.excess} planted)"
    for seat in world.seats:
        of = money(world.db, seat.alias)
        if seat.usd_per_hour is None:
            billed = seat.billed
            # A reply above its bound is booked in full once it is read; a kill in between leaves its bound.
            assert billed <= of.held + seat.excess, (
                f"{seat.alias}: billed {billed}, of which the ledger has {of}"
            )
            assert seat.bills_less or of.settled <= billed, (
                f"{seat.alias}: settled above the bill of {billed}: {of}"
            )
            continue
        sharing = [other for other in world.seats if other.vendors == seat.vendors]
        together = [money(world.db, other.alias) for other in sharing]
        pico_per_s = seat.usd_per_hour * 1e12 / 3600
        least = sum(_busy(vendor) for vendor in seat.vendors) * pico_per_s
        assert least <= sum(one.held for one in together) + pico_per_s * 0.01, (
            f"{seat.alias}: busy for {least} at least, the ledger has {together}"
        )
        most = world.lived_s * len(seat.vendors) * pico_per_s
        assert sum(one.settled for one in together) <= most, (
            f"{seat.alias}: settled above {most}, all the time that there was: {together}"
        )
    of, billed = money(world.db, SCORER), world.scorer.billed_pico
    assert billed <= of.held, f"{SCORER}: billed {billed}, of which the ledger has {of}"
    assert of.settled <= billed, f"{SCORER}: settled above the bill of {billed}: {of}"


def _busy(vendor) -> float:
    """Seconds in which it surely worked: whole replies that reached us were in flight all the while."""
    busy, upto = 0.0, 0.0
    for reply in sorted(vendor.delivered, key=lambda reply: reply.began):
        busy += max(0.0, reply.at - max(reply.began, upto))
        upto = max(upto, reply.at)
    return busy


def check_samples(world: World, seat: Seat) -> None:
    """No sample twice, none that the vendor did not make; a reply that was delivered whole is there, unless its process
    was killed with it in flight: then it is within what is presumed."""
    if "agent" in seat.keys:
        check_attempts(world, seat)
        return
    recorded = rows(
        world.db,
        f"SELECT problem.key AS problem, {text_sql('s')} AS text, s.request_id, p.body AS prompt FROM sample AS s "
        "JOIN model ON model.id = s.model_id JOIN problem ON problem.id = s.problem_id "
        "JOIN request ON request.id = s.request_id JOIN prompt AS p ON p.id = prompt_id WHERE model.alias = ?",
        seat.alias,
    )
    texts = Counter((row["problem"], row["text"]) for row in recorded)
    twice = [key for key, n in texts.items() if n > 1]
    assert not twice, f"{seat.alias}: recorded twice: {twice[:3]}"
    if seat.own:
        return  # what its server had in hand when it was ended is lost with it
    there = {(_words(row["prompt"]), row["text"]) for row in recorded}
    for vendor in seat.vendors:
        missing = Counter[str]()
        for reply in list(vendor.delivered):
            words = reply.job.asked.prompt
            if (
                reply.job.asked.model == seat.keys["model"]
                and reply.at - reply.began < TIMEOUT_S / 2
                and not all((words, sample.text) in there for sample in reply.job.samples)
            ):
                missing[words] += 1
        if not missing:
            continue
        assert world.left, f"{seat.alias}: delivered whole, never recorded: {missing.most_common(3)}"
        unknown = _presumed(world, seat)
        for words, n in missing.items():
            assert n <= unknown[words], (
                f"{seat.alias}: {n} replies to {words!r} are neither recorded nor presumed"
            )


def check_attempts(world: World, seat: Seat) -> None:
    """Each sample is an attempt's own, and each reply that was delivered whole is a call that the ledger has."""
    attempts = rows(
        world.db,
        "SELECT a.*, (SELECT count(*) FROM sample AS s WHERE s.agent_attempt_id = a.id) AS samples "
        "FROM agent_attempt AS a JOIN model ON model.id = a.model_id WHERE model.alias = ?",
        seat.alias,
    )
    for one_ in attempts:
        assert one_["samples"] == (one_["state"] == "done"), f"{seat.alias}: {dict(one_)}"
        spent = one_["settled_pico"] + one_["presumed_pico"]
        assert spent <= one_["cap_pico"], f"{seat.alias}: above its cap: {dict(one_)}"
    calls = one(
        world.db,
        "SELECT count(*) FROM request JOIN model ON model.id = model_id "
        "WHERE alias = ? AND (state != 'free' OR cost_basis = 'reconciled')",
        seat.alias,
    )
    delivered = sum(len(vendor.delivered) for vendor in seat.vendors)
    assert delivered <= calls, f"{seat.alias}: {delivered} replies came whole, the ledger has {calls} calls"


def _presumed(world: World, seat: Seat) -> Counter[str]:
    """Requests whose outcome is unknown, or was until a bill was typed in, by prompt."""
    found = rows(
        world.db,
        "SELECT prompt.body, count(*) AS n FROM request JOIN prompt ON prompt.id = prompt_id "
        "JOIN model ON model.id = model_id WHERE model.alias = ? "
        "AND (state IN ('presumed', 'reserved') OR cost_basis = 'reconciled') GROUP BY 1",
        seat.alias,
    )
    return Counter({_words(row["body"]): row["n"] for row in found})


def _words(body: str) -> str:
    """A prompt as the ledger keeps it, as vendors read it."""
    prompt = json.loads(body)
    return prompt["text"] if "text" in prompt else "\n".join(text for _, text in prompt["messages"])


def judge_the_end(world: World) -> None:
    """After a last run in which nothing went wrong: everything is there, and nothing is open."""
    judge(world)
    assert money(world.db).reserved == 0
    if world.policy:
        check_through(world)
    for seat in world.seats:
        if not world.policy:
            check_complete(world, seat)
        gaps = rows(
            world.db,
            "SELECT problem_id, group_concat(sample_index) AS there FROM sample "
            "JOIN model ON model.id = model_id WHERE alias = ? GROUP BY 1 "
            "HAVING count(request_id) = count(*) AND max(sample_index) >= count(*)",
            seat.alias,
        )
        assert not gaps, f"{seat.alias}: numbered with gaps: {[tuple(row) for row in gaps]}"
        if seat.desk is not None:
            check_batches(world, seat)


def check_complete(world: World, seat: Seat) -> None:
    """It has every sample of every problem."""
    problems, samples = world.problems, world.samples
    counts = rows(
        world.db, "SELECT problem, count(*) AS n FROM sample_records WHERE model = ? GROUP BY 1", seat.alias
    )
    lacking = {row["problem"]: row["n"] for row in counts if row["n"] < samples}
    assert len(counts) >= problems, f"{seat.alias}: {len(counts)} of {problems} problems"
    assert not lacking, f"{seat.alias}: fewer than {samples}: {lacking}"


def check_batches(world: World, seat: Seat) -> None:
    """A batch's line is recorded once, unless its batch was given up on."""
    assert seat.desk is not None
    markers = {
        row["marker"]
        for row in rows(
            world.db,
            "SELECT marker FROM batch_job JOIN model ON model.id = model_id WHERE alias = ? AND outcome = 'not found'",
            seat.alias,
        )
    }
    states = {row["id"]: row["state"] for row in rows(world.db, "SELECT id, state FROM request")}
    for batch in seat.desk.batches:
        for line in batch.lines:
            marker, _, number = line["custom_id"].rpartition("-")
            if marker not in markers and int(number) in states:
                assert states[int(number)] in ("settled", "free"), (
                    f"{seat.alias}: {line['custom_id']} was brought"
                )


def _has_tables(world: World) -> bool:
    """A run that ended while it made the file may leave none, or an empty one."""
    return world.db.exists() and one(world.db, "SELECT count(*) FROM sqlite_schema") > 0
