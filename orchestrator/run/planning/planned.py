"""What a plan holds: by model, in all, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.run.planning.can_tell import PairTold
from orchestrator.run.planning.fit import Fit
from orchestrator.run.planning.foretelling import PolicyForetold
from orchestrator.run.planning.planned_starts import StartPlanned
from pricing.types import PICO_PER_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlanned:
    """What one model is still to be asked. Money in pico-dollars, tokens as expected."""

    alias: str
    requests: int
    samples: int
    done: int
    input_tokens: int
    output_tokens: int
    expected_pico: int
    worst_pico: int
    largest_worst_pico: int
    """The largest worst case among its requests for one sample."""
    seconds: float | None
    """By its stated limits; None where none is stated."""
    in_flight: int
    """How many of its requests the budget lets be in flight."""
    covered: float
    """The share of its samples that the budget is expected to pay."""
    max_n: int
    packing_pico: int | None
    """What its requests of several samples are expected to cost less than one for each sample; None where time is paid
    and nobody can tell."""
    caching_pico: int
    """What the cache that is asked for is expected to save; it is off the expected dollars."""
    price_note: str | None
    """What a person should know of its price."""
    empty_replies: str | None
    """What to say of its replies in the ledger, if many are empty."""
    replayed: bool
    by_server_time: bool
    from_ledger: bool
    """Whether the expectation is the mean of samples already there."""
    agent: bool = False
    """Whether its samples are attempts of an agent, whose tokens nobody can tell ahead."""

    @property
    def is_expected(self) -> bool:
        """Whether anything says what it will cost. Of an agent only attempts that are done do; `expected_pico` is
        then the most."""
        return self.from_ledger or not self.agent or not self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A sweep's plan. `held_pico` is what earlier runs of its ledger have used of the budget."""

    budget_pico: int | None
    held_pico: int
    rounds: bool
    """Whether the worst case exceeds the budget, so that samples go out in rounds."""
    models: tuple[ModelPlanned, ...]
    starts: tuple[StartPlanned, ...] = ()
    """Of servers that the run starts itself, in its order."""
    tells: tuple[PairTold, ...] = ()
    """What it can tell of each pair of models."""
    fit: Fit | None = None
    """Where it was looked for: the largest samples that the budget is expected to pay for."""
    foretold: PolicyForetold | None = None
    """What the rest of the budget is expected to solve, where a policy steers by successes."""
    policy: str = "all"
    """What steers the sampling; unless "all", fewer samples are asked than are planned."""

    @property
    def is_covered(self) -> bool:
        """Whether the budget is expected to pay for every sample."""
        return self.budget_pico is not None and all(m.covered >= 1 for m in self.models)

    @property
    def expected_pico(self) -> int:
        return sum(m.expected_pico for m in self.models if not m.replayed) + self.loading_pico

    @property
    def loading_pico(self) -> int:
        """What its servers are expected to cost while they load."""
        return sum(one.loading_pico for one in self.starts)

    @property
    def is_expected(self) -> bool:
        return all(m.is_expected for m in self.models)

    @property
    def worst_pico(self) -> int:
        return sum(m.worst_pico for m in self.models if not m.replayed) + self.loading_pico

    def document(self) -> dict[str, Any]:
        """The contract's `plan --json`."""
        return {
            "budget_usd": None if self.budget_pico is None else self.budget_pico / PICO_PER_USD,
            "expected_usd": self.expected_pico / PICO_PER_USD if self.is_expected else None,
            "worst_usd": self.worst_pico / PICO_PER_USD,
            "in_flight": sum(m.in_flight for m in self.models),
            "held_usd": self.held_pico / PICO_PER_USD,
            "models": {
                m.alias: {
                    "requests": m.requests,
                    "samples": m.samples,
                    "done": m.done,
                    "input_tokens": None if m.agent else m.input_tokens,
                    "output_tokens": None if m.agent else m.output_tokens,
                    "expected_usd": m.expected_pico / PICO_PER_USD if m.is_expected else None,
                    "worst_usd": m.worst_pico / PICO_PER_USD,
                    "seconds": m.seconds,
                    "covered": m.covered,
                    "packing_saves": {
                        "requests": max(0, m.samples - m.requests),
                        "usd": None if m.packing_pico is None else m.packing_pico / PICO_PER_USD,
                    },
                    "caching_saves_usd": m.caching_pico / PICO_PER_USD,
                    "price_note": m.price_note,
                    "empty_replies": m.empty_replies,
                }
                for m in self.models
            },
            "starts": [one.document() for one in self.starts],
            "can_tell": [pair.document() for pair in self.tells],
            "foretold": None if self.foretold is None else self.foretold.document(),
            **({} if self.fit is None else {"fit": _fit_document(self.fit)}),
        }


def _fit_document(of: Fit) -> dict[str, Any]:
    return {
        "samples": dict(of.samples),
        "expected_usd": of.expected_pico / PICO_PER_USD,
        "worst_usd": of.worst_pico / PICO_PER_USD,
    }
