"""A chaos sweep: what it asks of whom, what was stated of it so far, and the commands that it has gone through."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos import policies, seats
from tests.chaos.seats import KEY
from tests.orchestrator.run.servers.nodes import gone
from tests.orchestrator.run.sweeps import USD, SweepFile

if TYPE_CHECKING:
    from tests.chaos.processes import Nursery, Process
    from tests.chaos.seats import Seat
    from tests.loopback.vendor import Vendor

SCORER = "scorer"
MAX_TOKENS = 64
MOST_EXPENSIVE_SAMPLE_USD = 0.004
"""About what is reserved for one at the highest price here."""
SERVERS_END_S = 10.0
"""So long after a run was killed its servers may live on."""
STATUSES = {0, 1, 3, 4, 130, 143}
"""What a run may end with by itself."""


@dataclass
class World:
    """Amounts are pico-dollars. `highest`: the highest budget stated so far; `left`: how often a process was left with
    requests in flight."""

    random: Random
    folder: Path
    nursery: Nursery
    seats: list[Seat]
    problems: int
    samples: int
    budget: float
    scorer: Vendor
    """A reward model's, of which `verify` may ask."""
    policy: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the sweep file says of it, if verdicts steer this one."""
    growth: Random = field(default_factory=Random)
    """Of a sweep with a policy: when it gets more problems, or `later`."""
    later: list[Seat] = field(default_factory=list["Seat"])
    """A model that the sweep file doesn't have yet."""
    most_samples: int = 0
    """The highest `samples` stated so far."""
    highest: int = 0
    left: int = 0
    lived_s: float = 0.0
    history: list[str] = field(default_factory=list[str])
    processes: list[Process] = field(default_factory=list["Process"])

    @property
    def db(self) -> Path:
        return self.folder / "test.db"

    @property
    def vendors(self) -> list[Vendor]:
        """All, once each: two models may share a server."""
        found = {id(vendor): vendor for seat in [*self.seats, *self.later] for vendor in seat.vendors}
        return [*found.values(), self.scorer]

    @property
    def excess(self) -> int:
        """What planted replies may exceed the budget by."""
        return sum(seat.excess for seat in self.seats)

    def write(self) -> Path:
        """The sweep file as it is now; its budget is stated by it."""
        self.highest = max(self.highest, round(self.budget * USD))
        self.most_samples = max(self.most_samples, self.samples)
        models = {seat.alias: seat.table() for seat in self.seats}
        sweep = SweepFile(
            models,
            problems=self.problems,
            samples=self.samples,
            max_tokens=MAX_TOKENS,
            budget_usd=self.budget,
            policy=policies.stated(self.policy, list(models)),
        )
        new = sweep.write(self.folder / "new")
        for file in (
            *new.parent.glob("*.jsonl"),
            new,
        ):  # in one step each: another process may be reading them
            file.replace(self.folder / file.name)
        return self.folder / new.name

    def start(self, command: str, *arguments: str) -> Process:
        """A command of manyfew in the sweep's folder."""
        self.history.append(shlex.join([command, *arguments]))
        keys = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "CUDA_VISIBLE_DEVICES": ""}
        keys["SERVERS_OF"] = str(self.folder)
        process = self.nursery.start(command, *arguments, folder=self.folder, **keys)
        self.processes.append(process)
        return process

    def start_run(self, *arguments: str, db: Path | None = None) -> Process:
        """A run of the sweep as it is now."""
        place = str(self.db if db is None else db)
        return self.start("run", str(self.write()), "--db", place, "--no-progress", *arguments)

    def start_scoring(self) -> Process:
        """`verify` by the reward model, within the budget as it is now."""
        self.highest = max(self.highest, round(self.budget * USD))
        options = [
            f'alias="{SCORER}"',
            'model="rm"',
            f'servers=["{self.scorer.base_url}"]',
            "price={input=0.1}",
        ]
        words = [word for option in options for word in ("--option", option)]
        budget = ("--budget", f"{self.budget:.4f}")
        return self.start("verify", str(self.db), "--verifier", "reward", *budget, *words)

    def ended(self, process: Process, *, allowed: set[int]) -> int:
        """Waits for it; it ended as it may, said no traceback, and left nobody behind."""
        status = process.wait()
        self.history[-1] += f"  -> {status}"
        self.lived_s += process.lived_s
        assert "Traceback" not in process.err, process.err[-6000:]
        assert status in allowed, f"exit status {status}: {process.err[-3000:]}"
        strays = process.strays()
        assert not strays, f"processes left behind: {strays}"
        if not any(other.alive for other in self.processes) and any(seat.own for seat in self.seats):
            left = gone(self.folder, SERVERS_END_S)
            assert not left, f"servers left behind: {left}"
        return status

    def seen(self) -> int:
        """Requests that came to the vendors so far."""
        return sum(len(vendor.seen) for vendor in self.vendors) + sum(
            seat.desk.looked for seat in self.seats if seat.desk is not None
        )


def draw_world(seed: int, folder: Path, nursery: Nursery) -> World:
    random = Random(seed)
    models = seats.draw(random, random.randint(1, 4))
    problems, samples = random.randint(1, 8), random.choice([1, 2, 4, 8, 16])
    if any("agent" in seat.keys for seat in models):  # an attempt is a process, which takes a while to start
        problems, samples = min(problems, 4), min(samples, 4)
    plan = problems * samples * len(models) * MOST_EXPENSIVE_SAMPLE_USD
    lease = sum((seat.usd_per_hour or 0) * seat.lease_s for seat in models) / 3600
    budget = round(plan * random.choice([0.05, 0.2, 0.5, 2.0]) + lease * random.choice([0.5, 2.0]) + 0.005, 4)
    policy = policies.draw(Random(f"policy of {seed}"), [seat.alias for seat in models])
    growth = Random(f"growth of {seed}")
    later = policies.draw_later(growth, policy, models)
    return World(
        random=random,
        folder=folder,
        nursery=nursery,
        seats=[seat for seat in models if seat not in later],
        problems=problems,
        samples=samples,
        budget=budget,
        scorer=seats.scorer(random),
        policy=policy,
        growth=growth,
        later=later,
    )
