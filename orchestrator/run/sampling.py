"""What a sweep's samples ask for, and what becomes of what comes: the sender's caller of all sampled models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from orchestrator.booking.booking import Attempt, Booked
from orchestrator.booking.cost_ratio import ONE
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Failure, Settlement
from orchestrator.run.policies.works import rule_of
from orchestrator.run.prepare import Prepared
from orchestrator.scheduler.lane import Ticket
from orchestrator.sending.caller import Kept, PromptText
from orchestrator.sending.prompt_body import prompt_body
from orchestrator.sweep.timeout import timeout_s
from orchestrator.sweep.types import Model
from providers.types import Provider, Reply, Request


class Sampling:
    """`judged` adds the verdicts that can be given at once; `on_warning` hears what is worth a line."""

    def __init__(
        self,
        prepared: Prepared,
        ledger: Ledger,
        providers: dict[str, list[Provider]],
        *,
        judged: Callable[[Ticket, Settlement], Settlement],
        on_warning: Callable[[str, str], None],
    ) -> None:
        self._prepared = prepared
        self._ledger = ledger
        self._providers = providers
        self._judged = judged
        self._on_warning = on_warning
        self._gives_several: set[str] = set()
        """Models of which one reply brought more than one sample."""
        self._single: Counter[str] = Counter()
        """Replies of one sample to requests for more, by model."""

    def attempt(self, ticket: Ticket, *, lease_id: int | None = None, server: str | None = None) -> Attempt:
        """`server`: if it does not go to the ticket's endpoint."""
        alias, ordinal = ticket.alias, ticket.item.problem
        model = self._prepared.sweep.models[alias]
        return Attempt(
            request_id=self._ledger.new_request_id(),
            model_id=self._ledger.state.models[alias].model_id,
            problem_id=self._ledger.state.problem_ids[ordinal],
            indices=ticket.item.indices,
            max_tokens=model.max_tokens,
            input_bound=self._prepared.input_bound(alias, ordinal),
            worst_pico=ticket.worst_pico,
            provider=model.provider,
            price=self._prepared.prices[alias],
            cost_basis=_basis(model),
            server=self._providers[alias][ticket.endpoint].server if server is None else server,
            stop_rule=rule_of(self._prepared, alias, ticket.item),
            batch=model.batch,
            lease_id=lease_id,
            cost_ratio=self._prepared.cost_ratios.get(alias, ONE),
        )

    def prompt(self, ticket: Ticket) -> PromptText:
        alias, ordinal = ticket.alias, ticket.item.problem
        sha = self._prepared.prompt_sha(alias, ordinal)
        return PromptText(sha, lambda: prompt_body(self._prepared.prompt(alias, ordinal)))

    async def send(self, ticket: Ticket, leaves: Callable[[], None]) -> Reply:
        return await self._providers[ticket.alias][ticket.endpoint].send(self.request(ticket, leaves))

    def request(self, ticket: Ticket, leaves: Callable[[], None] | None = None) -> Request:
        """What is sent for a ticket."""
        model = self._prepared.sweep.models[ticket.alias]
        return Request(
            model=model.model,
            prompt=self._prepared.prompt(ticket.alias, ticket.item.problem),
            n=ticket.n,
            max_tokens=model.max_tokens,
            params=model.params,
            extra=model.extra,
            timeout_s=timeout_s(model.timeout_s, ticket.n, model.max_tokens),
            problem=self._prepared.problems[ticket.item.problem].key,
            indices=ticket.item.indices,
            leaves=leaves,
            cached=ticket.item.cached,
        )

    def replied(self, ticket: Ticket, attempt: Attempt, booked: Booked, reply: Reply) -> Kept:
        return Kept(
            outcome=self._judged(ticket, booked.outcome),
            arrived=booked.arrived,
            missing=booked.missing,
            max_n=1 if self._ignores_n(ticket, booked) else None,
        )

    def broke_off(self, ticket: Ticket, outcome: Settlement) -> Settlement:
        return self._judged(ticket, outcome)

    def more_input(self, ticket: Ticket, attempt: Attempt, extra_tokens: int) -> int | None:
        alias = ticket.alias
        model = self._prepared.sweep.models[alias]
        now = max(model.prompt_overhead_tokens, self._prepared.overheads.get(alias, 0))
        sent = self._prepared.sent_bound(alias, ticket.item.problem)
        raised = attempt.input_bound - sent + extra_tokens
        if raised <= now:
            return None
        self._prepared.overheads[alias] = raised
        return raised

    def more_cost(self, ticket: Ticket, cost_ratio: int) -> None:
        ratios, alias = self._prepared.cost_ratios, ticket.alias
        ratios[alias] = max(ratios.get(alias, ONE), cost_ratio)

    def gave_up(
        self, ticket: Ticket, attempt: Attempt, runs: Sequence[tuple[int, int]], error: str, message: str
    ) -> Sequence[Failure]:
        return [
            Failure(
                model_id=attempt.model_id,
                problem_id=attempt.problem_id,
                sample_index=first,
                n=n,
                run_id=self._ledger.state.run_id,
                error=error,
                message=message,
            )
            for first, n in runs
        ]

    def _ignores_n(self, ticket: Ticket, booked: Booked) -> bool:
        """Whether it is seen now that this model's server gives one sample whatever n says: twice, and never more
        than one. A single reply that lacks some says nothing."""
        alias, given = ticket.alias, booked.arrived + len(booked.broken_off)
        if given > 1:
            self._gives_several.add(alias)
        if given != 1 or ticket.n == 1 or alias in self._gives_several:
            return False
        self._single[alias] += 1
        if self._single[alias] != 2:
            return False
        self._on_warning(alias, "its server ignores n: one sample a request from here on")
        return True


def _basis(model: Model) -> str:
    if model.provider == "replay":
        return "replayed"
    if model.batch:
        return "batch"
    return "usage" if model.gpu_usd_per_hour is None else "gpu_time"
