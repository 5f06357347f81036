"""What a run looks like at one moment: the scheduler's figures, for whoever draws or prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ENDED = {
    "complete": "done",
    "incomplete": "ended",
    "budget": "stopped by the budget",
    "provider": "stopped, since a model can't go on",
    "interrupted": "interrupted",
}
"""The last phase of a run, by its status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProgress:
    """One model. `done`, `planned`, `failed` count samples; `planned` = done + failed + still to be asked."""

    alias: str
    replayed: bool = False
    done: int
    planned: int
    failed: int = 0
    in_flight_requests: int = 0
    in_flight_samples: int = 0
    samples_per_s: float = 0.0
    """Over the last half minute."""
    settled_pico: int = 0
    presumed_pico: int = 0
    reserved_pico: int = 0
    requests: int = 0
    retries: int = 0
    problems: int = 0
    solved_problems: int = 0
    verified: int = 0
    passed: int = 0
    waiting: str | None = None
    """Why nothing more goes out now: "rate limit, 12 s", "servers busy", "server down, next try in 4 s"."""
    stopped: str | None = None
    """Why it can't go on in this run."""
    steered: bool = False
    """Whether outcomes choose its problems, so that the share it solves says nothing of it."""
    capped: bool = False
    """Whether its own budget_usd, or its judge's, leaves it less room than the budget does."""
    eta_s: float | None = None
    errors: Mapping[str, int] = field(default_factory=dict[str, int])
    """Count by kind, such as {"RateLimited 429": 12}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProgress:
    """What steers the run, of a policy other than `all`. None: not known, or not of this policy."""

    kind: str
    buys: str | None = None
    """solve: the model whose next sample is the best buy …"""
    solves_per_usd: float | None = None
    """… and what that is expected to solve a dollar."""
    expected_solves: float | None = None
    """solve: what the rest of the money is expected to solve."""
    compares: tuple[str, int, str] | None = None
    """narrow: how many samples of which model are compared with one of which."""
    part: tuple[int, int] | None = None
    """narrow: of how many parts of the money the last that is open."""
    stands: tuple[tuple[str, int], ...] = ()
    """cascade: each stage's model, and how many unsolved problems stand at it."""

    @property
    def may_leave_samples(self) -> bool:
        """Whether it ends with samples left that nobody wants, so that their number tells no time."""
        return self.kind in ("solve", "narrow")


def last_eta_s(models: Iterable[ModelProgress], policy: PolicyProgress | None) -> float | None:
    """How long the slowest model takes that can go on; None: not known. The later stages of a cascade begin when the
    first ones leave problems unsolved, so what these take says nothing of the run before all are at work."""
    able = [m for m in models if m.stopped is None]
    if policy is not None and policy.kind == "cascade" and any(m.eta_s is None for m in able):
        return None
    return max((m.eta_s for m in able if m.eta_s is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProgress:
    """One server that the run starts, uses and stops."""

    name: str
    """The models that ask it."""
    phase: str
    """loading | ready | stopping | waiting for memory | ended | died"""
    said: str | None = None
    """The last words of its log, or why it died."""
    gpus: tuple[str, ...] = ()
    usd_per_hour: float | None = None
    since_s: float = 0.0
    """How long its process has been running."""
    loading_s: float | None = None
    """From its start until it was ready; None: it is not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptProgress:
    """An agent's attempt at work."""

    alias: str
    problem: str
    sample_index: int
    calls: int
    """Those that its interrupted former run paid for and that were answered from the ledger included."""
    cost_pico: int
    """Settled and presumed."""
    cap_pico: int | None = None
    doing: str | None = None
    """The last tool call's first words: a model's own, so they may be anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The whole sweep. Money sums leave replayed models out; `replayed_pico` is theirs."""

    name: str
    phase: str
    """sampling | draining | verifying, then how it ended: done | interrupted | stopped by the budget …"""
    budget_pico: int
    settled_pico: int
    presumed_pico: int
    reserved_pico: int
    replayed_pico: int = 0
    elapsed_s: float
    eta_s: float | None = None
    """At the pace of the last half minute, were there money enough."""
    pico_per_s: float = 0.0
    """Dollars over the last half minute."""
    since_reply_s: float | None = None
    at: float | None = None
    """The moment, in Unix seconds; None if it doesn't matter."""
    unverified: int = 0
    """Samples recorded that wait for their verdict."""
    solved_by_any: int | None = None
    """Problems, if a policy lets one model's pass end a problem for all."""
    models: tuple[ModelProgress, ...] = ()
    policy: PolicyProgress | None = None
    servers: tuple[ServerProgress, ...] = ()
    starts_pico: int = 0
    """What starting the servers takes that the budget does not cover."""
    attempts: tuple[AttemptProgress, ...] = ()
    """Those at work, in the order in which they started."""
    note: str | None = None
    """A line for the person, such as "Ctrl-C: waiting for 12 requests, up to 24 s"."""
