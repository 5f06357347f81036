"""The [policy] of a chaos sweep, and what it means for a sweep to be through."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Any

from tests.orchestrator.run.books import one, rows

if TYPE_CHECKING:
    from tests.chaos.seats import Seat
    from tests.chaos.world import World

SHARE = 0.15
"""Of the sweeps, that verdicts steer."""


def draw(random: Random, aliases: list[str]) -> dict[str, Any]:
    """Empty for most."""
    if random.random() >= SHARE:
        return {}
    kind = random.choice(["cascade", "solve", "solve", *(["narrow"] if len(aliases) > 1 else [])])
    if kind == "cascade":
        return {"kind": kind, "order": random.sample(aliases, len(aliases))}
    if kind == "solve":
        worth = random.choice([{}, {}, {"worth_usd": random.choice([0.0005, 0.01])}])
        return {"kind": kind, **worth, **random.choice([{}, {"measure": random.choice([0.1, 0.4])}])}
    pair = random.choice([{}, {"pair": random.sample(aliases, 2)}])
    return {"kind": kind, **pair, **random.choice([{}, {"parts": random.choice([1, 2])}])}


def draw_later(random: Random, policy: dict[str, Any], seats: list[Seat]) -> list[Seat]:
    """Of some sweeps with a policy, the model that comes later."""
    able = policy.get("kind") in ("cascade", "solve") and len(seats) > 1
    return [random.choice(seats)] if able and random.random() < 0.5 else []


def stated(policy: dict[str, Any], aliases: list[str]) -> dict[str, Any]:
    """As the sweep file has it with these models."""
    if "order" not in policy:
        return policy
    return policy | {"order": [alias for alias in policy["order"] if alias in aliases]}


def grow(world: World, *, whole: bool = False) -> None:
    """Perhaps it gets more problems, or the model that comes later; that one surely in the end."""
    if not world.policy:
        return
    if world.growth.random() < 0.15 and not whole:
        world.problems = min(world.problems + world.growth.randint(1, 3), 10)
        world.history.append(f"problems {world.problems}")
    if world.later and (whole or world.growth.random() < 0.25):
        world.seats += world.later
        world.history.append(f"added {world.later[0].alias}")
        world.later = []


def check_steered(world: World) -> None:
    """Every draw says what chose it, and no problem got more of them than was ever stated."""
    kinds = {"cascade": {"cascade"}}.get(world.policy["kind"], {world.policy["kind"], "none"})
    found = {row[0] for row in rows(world.db, "SELECT DISTINCT stop_rule FROM sample WHERE request_id > 0")}
    assert found <= kinds, f"stop rules {found} under {world.policy}"
    above = rows(
        world.db,
        "SELECT alias, problem_id, count(*) AS n FROM sample JOIN model ON model.id = model_id "
        "WHERE request_id > 0 GROUP BY 1, 2 HAVING n > ?",
        world.most_samples,
    )
    assert not above, f"above {world.most_samples} samples: {[tuple(row) for row in above]}"


def check_through(world: World) -> None:
    """Each problem is solved, or got what its policy gives those that are not."""
    counts = {
        (row["model"], row["problem"]): row["n"]
        for row in rows(world.db, "SELECT model, problem, count(*) AS n FROM sample_records GROUP BY 1, 2")
    }
    solved = {
        row[0] for row in rows(world.db, "SELECT DISTINCT problem FROM sample_records WHERE passed = 1")
    }
    unjudged = one(world.db, "SELECT count(*) FROM sample WHERE request_id > 0 AND passed IS NULL")
    assert not unjudged, f"{unjudged} samples without a verdict"
    for alias, problem, least in _least(world, solved):
        there = counts.get((alias, problem), 0)
        assert there >= least, f"{alias}: {there} samples of {problem}, {least} wanted under {world.policy}"


def _least(world: World, solved: set[str]) -> Iterator[tuple[str, str, int]]:
    """(alias, problem, samples that it got at least)."""
    policy, samples = world.policy, world.samples
    measured = ceil(policy["measure"] * samples) if "measure" in policy else 0
    aliases = [seat.alias for seat in world.seats]
    for problem in (f"p{i}" for i in range(world.problems)):
        for alias in aliases:
            if policy["kind"] == "narrow":
                if alias in policy.get("pair", aliases if len(aliases) == 2 else []):
                    yield alias, problem, samples
            elif problem in solved or "worth_usd" in policy:
                yield alias, problem, measured
            else:
                yield alias, problem, max(measured, samples - measured)
