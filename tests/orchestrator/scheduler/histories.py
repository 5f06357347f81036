"""Runs a Scheduler through a seeded history of replies, refusals, losses and cancellations on a virtual clock, with a
vendor that keeps its own bill, and checks the invariants at every step. In some histories the program stands still for
a while, as after Ctrl-Z, or is told a time that is wrong."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import Bound, ModelLane, Ticket
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work
from providers.errors import BadRequest, Lost, NotSent, Overloaded, RateLimited, Stopped, TooManySamples

MOST_STEPS = 20_000
STALLS_S = (0.5, 30.0, 400.0, 5000.0)
LIES_S = (-3600.0, -20.0, -0.1, 0.1, 20.0, 3600.0)


@dataclass
class Clock:
    """`now` is the time, `told` what the scheduler is told of it."""

    random: Random
    stalls: bool
    lies: bool
    now: float = 0.0
    _lie_s: float = 0.0
    _stands_at: float | None = None

    @property
    def told(self) -> float:
        return self._stands_at if self._stands_at is not None else self.now + self._lie_s

    def until(self, moment: float | None) -> float | None:
        """The time at which `moment` will be told, as far as can be known."""
        if moment is None or moment <= self.told:
            return None if moment is None else self.now
        return self.now + max(1e-9, moment - self.told)  # a difference that is lost in a sum would never pass

    def go_on(self, until: float) -> None:
        """To `until` at least: what was due before may be dealt with late."""
        self.now = max(self.now, until)
        if self.stalls and self.random.random() < 0.05:
            self.now += self.random.choice(STALLS_S)
        if self.lies and self.random.random() < 0.1:
            self._lie_s = self.random.choice([0.0, *LIES_S])
            self._stands_at = self.told if self.random.random() < 0.2 else None


@dataclass
class World:
    """The vendor and the ledger of one history."""

    random: Random
    bill: dict[str, int] = field(default_factory=dict)
    """What was really billed, by model."""
    seen: dict[str, int] = field(default_factory=dict)
    """Of it, what replies told."""
    samples: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    flying: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    given_up: dict[str, set[tuple[int, int]]] = field(default_factory=dict)


def history(seed: int) -> tuple[Scheduler, World]:
    """One history from start to its end. Raises AssertionError naming what broke."""
    random = Random(seed)
    world = World(random)
    scheduler = build(random, world)
    clock, landing, step = Clock(random, stalls=random.random() < 0.4, lies=random.random() < 0.3), [], 0
    drain_at = random.choice([None, None, None, random.uniform(0, 60)])
    verdicts: list[tuple[float, str, int, bool]] = []
    while True:
        step += 1
        assert step < MOST_STEPS, "it does not end"
        if drain_at is not None and clock.now >= drain_at:
            scheduler.draining = True
        while (ticket := scheduler.next(clock.told)) is not None:
            sent(scheduler, world, ticket)
            heapq.heappush(landing, (clock.now + random.expovariate(1.0), ticket.number, ticket))
            check(scheduler, world)
        if not landing and not verdicts and (scheduler.draining or scheduler.blocked()):
            return scheduler, world
        times = [t[0] for t in landing[:1]] + [v[0] for v in verdicts]
        wake_at = clock.until(scheduler.wake_at)
        if wake_at is not None and not scheduler.draining:
            times.append(wake_at)
        clock.go_on(min(times))
        for due in [v for v in verdicts if v[0] <= clock.now]:
            verdicts.remove(due)
            scheduler.lanes[due[1]].sampling.judged(due[2], passed=due[3], index=0)
        while landing and landing[0][0] <= clock.now:
            ticket = heapq.heappop(landing)[2]
            for problem in land(scheduler, world, ticket, clock.told):
                delay = random.choice([0.0, 0.1, 1.0])
                verdicts.append((clock.now + delay, ticket.alias, problem, random.random() < 0.2))
            check(scheduler, world)


def build(random: Random, world: World) -> Scheduler:
    problems = random.randint(1, 6)
    lanes: dict[str, ModelLane] = {}
    funds: dict[str, Funds] = {}
    bounds: dict[str, list[Bound]] = {}
    shared_rate = RateLimit(requests=random.choice([None, 60, 600]), concurrency=random.choice([None, 1, 7]))
    for i in range(random.randint(1, 3)):
        alias = f"m{i}"
        samples, until_solved = random.randint(1, 20), random.random() < 0.3
        states = [_state(random, samples) for _ in range(problems)]
        world.samples[alias] = {
            (p, index) for p, s in enumerate(states) for index in range(s.next_index) if index not in s.holes
        }
        world.bill[alias] = world.seen[alias] = 0
        world.flying[alias], world.given_up[alias] = set(), set()
        bounds[alias] = [
            Bound(fixed=random.randint(0, 300), sample=random.randint(0, 200), input_tokens=50)
            for _ in range(problems)
        ]
        lanes[alias] = ModelLane(
            alias=alias,
            work=Work(
                states,
                samples=samples,
                max_n=random.choice([1, 2, 5, 16]),
                rounds=random.random() < 0.5,
                until_solved=until_solved,
            ),
            endpoints=[
                Endpoint(server=f"s{j}", sequences=random.choice([None, 16, 40]))
                for j in range(random.randint(1, 3))
            ],
            rate=random.choice(
                [
                    shared_rate,
                    RateLimit(tokens=random.choice([None, 6000]), concurrency=random.choice([None, 3, 64])),
                ]
            ),
            bounds=[None] * problems,
            max_tokens=100,
            expected_output_tokens=40,
            max_attempts=random.choice([1, 3, 8]),
            max_wait_s=600,
        )
        funds[alias] = Funds(
            weight=random.randint(1, 1000),
            cap=random.choice([None, None, random.randint(0, 20_000)]),
            counted=random.random() < 0.9,
        )
    budget = Budget(random.choice([0, 500, 5_000, 50_000, 10**9]), funds, shared=random.random() < 0.6)
    return Scheduler(lanes, budget, lambda alias, p: bounds[alias][p], seed=random.randint(0, 2**32))


def _state(random: Random, samples: int) -> ProblemState:
    if random.random() < 0.6:
        return ProblemState()
    there = sorted(random.sample(range(samples + 2), random.randint(0, samples)))
    top = there[-1] + 1 if there else 0
    return ProblemState(
        done=len(there),
        next_index=top,
        holes=[i for i in range(top) if i not in there],
        solved=random.random() < 0.2,
    )


def sent(scheduler: Scheduler, world: World, ticket: Ticket) -> None:
    lane = scheduler.lanes[ticket.alias]
    pairs = {(ticket.item.problem, i) for i in ticket.item.indices}
    assert 1 <= ticket.n <= lane.work.max_n
    assert len(pairs) == ticket.n
    assert not pairs & world.flying[ticket.alias], "asked twice at once"
    assert not pairs & world.samples[ticket.alias], "asked again though recorded"
    assert not pairs & world.given_up[ticket.alias], "asked again though given up"
    assert all(i < lane.sampling.wanted[ticket.item.problem] for i in ticket.item.indices)
    assert lane.stopped is None
    world.flying[ticket.alias] |= pairs


def land(scheduler: Scheduler, world: World, ticket: Ticket, now: float) -> list[int]:
    """One request ends. Gives the problem once for each sample that arrived."""
    random, alias, problem = world.random, ticket.alias, ticket.item.problem
    world.flying[alias] -= {(problem, i) for i in ticket.item.indices}
    what = random.random()
    if what < 0.7:
        cost = random.randint(0, ticket.worst_pico)
        missing = tuple(i for i in ticket.item.indices if random.random() < 0.05)
        arrived = [i for i in ticket.item.indices if i not in missing]
        world.bill[alias] += cost
        world.seen[alias] += cost
        world.samples[alias] |= {(problem, i) for i in arrived}
        gone = scheduler.replied(ticket, now, settled=cost, arrived=len(arrived), missing=missing)
        world.given_up[alias] |= {(problem, first + i) for first, n in gone for i in range(n)}
        return [problem] * len(arrived)
    if what < 0.73:
        billed = random.choice([0, random.randint(0, ticket.worst_pico)])
        world.bill[alias] += billed
        scheduler.dropped(ticket, now, presumed=ticket.worst_pico)
        return []
    error = random.choices(
        [
            RateLimited("slow down", status=429, retry_after_s=random.choice([None, 0.5, 20])),
            Overloaded("busy", status=529),
            NotSent("refused"),
            Lost("reset"),
            TooManySamples("n", max_n=random.choice([None, 1, 4])),
            BadRequest("too long", status=400),
            Stopped("no credit", status=429),
            RateLimited("tomorrow", status=429, retry_after_s=86_400),
        ],
        weights=[8, 4, 4, 6, 2, 1, 0.3, 0.2],
    )[0]
    presumed = ticket.worst_pico if isinstance(error, Lost) else 0
    if presumed:
        world.bill[alias] += random.choice([0, random.randint(0, ticket.worst_pico)])
    _, given_up = scheduler.failed(ticket, now, error, presumed=presumed)
    world.given_up[alias] |= {(problem, first + i) for first, n in given_up for i in range(n)}
    return []


def check(scheduler: Scheduler, world: World) -> None:
    """The invariants that hold at every instant."""
    budget = scheduler.budget
    assert budget.held <= budget.total, f"held {budget.held} of {budget.total}"
    for alias, lane in scheduler.lanes.items():
        funds = budget.funds[alias]
        assert funds.reserved == sum(t.worst_pico for t in lane.in_flight.values())
        assert funds.in_flight == len(lane.in_flight)
        assert funds.cap is None or funds.held <= funds.cap
        assert world.seen[alias] == funds.settled
        assert world.bill[alias] <= funds.settled + funds.presumed
        there = Counter(problem for problem, _ in world.samples[alias])
        wanted = lane.sampling.wanted
        assert list(lane.sampling.done) == [min(there[p], wanted[p]) for p in range(len(wanted))]
        assert sum(lane.sampling.failed) == len(world.given_up[alias])
        assert lane.rate.concurrency is None or lane.rate.in_flight <= lane.rate.concurrency
        flying = {(t.item.problem, i) for t in lane.in_flight.values() for i in t.item.indices}
        assert flying == world.flying[alias]
