"""From a validated sweep to all that planning and running need: problems, prompts, prices, bounds. Sends nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from orchestrator.booking.cost_ratio import ONE, times_ratio
from orchestrator.booking.counts import TOKENS_A_MESSAGE
from orchestrator.errors import InputError
from orchestrator.ledger.reading.for_run.unsolved import unsolved
from orchestrator.problems.registry import load, render
from orchestrator.problems.types import Api, Problem
from orchestrator.run.agents.checks import SMALLEST_OUTPUT, check_prompt, check_smallest, folder_digest
from orchestrator.run.agents.task import task_of
from orchestrator.run.prices import price_of
from orchestrator.run.prompt_sizes import PromptSizes, prompt_sizes
from orchestrator.run.servers.gpus import usable
from orchestrator.run.verdicts.choose_verifier import verifier_of_sweep
from orchestrator.run.verdicts.judge_calls import JudgeCalls
from orchestrator.scheduler.lane import AttemptBound, Bound
from orchestrator.scheduler.warmth import BLOCK
from orchestrator.sending.prompt_body import prompt_body
from orchestrator.sweep.definition import definition
from orchestrator.sweep.source import located, where
from orchestrator.sweep.types import Sweep
from orchestrator.text.empty_words import EmptyReplies
from pricing.cost import cost_pico, worst_pico
from pricing.server_time import server_pico
from pricing.types import Price, Tokens
from providers.types import Prompt
from providers.wires.messages import LEAST_CACHED_BYTES
from verifiers.judge import Judge as JudgeText
from verifiers.workers.executor import Executor

BYTES_PER_TOKEN = 4
"""A usual ratio for English text; only for estimates, never for bounds."""
EXPECTED_OUTPUT_SHARE = 0.5
"""Of max_tokens, while a model has no samples of its own to tell."""
CACHE_CONTROL = "cache_control"
"""Anthropic's field that asks for a cache, wherever it stands."""
RENDERED_KEPT = 256
BOUNDS_KEPT = 4096
ASSUMED_TOKENS_PER_S = 1000
"""Output of a paid server that is kept busy, while it has no samples of its own to tell. Only for estimates."""


@dataclass(slots=True)
class Means:
    """What a model's own samples say of the next one; None before there are any."""

    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    pico_per_output_token: float | None = None
    """All that was settled, over the output; the price of a server's time is told by nothing else."""
    pico_per_attempt: float | None = None
    """Of an agent's model."""


@dataclass(kw_only=True)
class Prepared:
    """A sweep, ready. `prices` and `definitions` are by alias."""

    sweep: Sweep
    problems: list[Problem]
    prices: dict[str, Price]
    definitions: dict[str, dict[str, Any]]
    executor: Executor
    """Of the sweep's verifier; whoever runs anything in it closes it."""
    verifier_choice: dict[str, Any]
    """What the ledger keeps of it: kind, options, limits."""
    overheads: dict[str, int] = field(default_factory=dict[str, int])
    """Overhead tokens by alias where the ledger has learnt more than the sweep file states."""
    cost_ratios: dict[str, int] = field(default_factory=dict[str, int])
    steered_by: dict[str, str] = field(default_factory=dict[str, str])
    """By alias, the policy that chose some of a model's draws in earlier runs."""
    """By alias, in millionths: how much more than its price a model was seen to bill."""
    means: dict[str, Means] = field(default_factory=dict[str, Means])
    attempts_spent: dict[tuple[str, int], dict[int, int]] = field(
        default_factory=dict[tuple[str, int], dict[int, int]]
    )
    """By alias and ordinal, then by sample index: what agents' attempts that an earlier run left have cost."""
    loading_s: dict[str, float] = field(default_factory=dict[str, float])
    """By alias: how long its own server last took to load."""
    empty_replies: dict[str, EmptyReplies] = field(default_factory=dict[str, EmptyReplies])
    """By alias, of those in the ledger."""
    judging: JudgeCalls | None = None
    """What the model that grades is asked, where one does."""

    def learn_judge(self) -> None:
        """What the ledger has learnt of the model that grades."""
        if (judging := self.judging) is not None:
            judging.overhead_tokens = max(judging.overhead_tokens, self.overheads.get(judging.alias, 0))
            judging.cost_ratio = max(judging.cost_ratio, self.cost_ratios.get(judging.alias, ONE))

    def verdict_worst(self, alias: str, ordinal: int) -> int:
        """The most that a verdict on a sample of this model costs, in pico-dollars; 0 where no model gives it."""
        if self.judging is None or alias == self.judging.alias:
            return 0
        return self.judging.most_pico(self.problems[ordinal].data, self.sweep.models[alias].max_tokens)

    def verdict_expected(self, alias: str, ordinal: int) -> int:
        """What it is expected to cost."""
        if self.judging is None or alias == self.judging.alias:
            return 0
        tokens = self.expected_output(alias), self.expected_output(self.judging.alias)
        if self.judging.model.gpu_usd_per_hour is not None:
            return self.server_pico(self.judging.alias, round(tokens[1]))
        return self.judging.expected_pico(self.problems[ordinal].data, *tokens)

    def prompt(self, alias: str, ordinal: int) -> Prompt:
        """What is sent for a problem."""
        return self._rendered(self.sweep.models[alias].api, ordinal)

    def prompt_sha(self, alias: str, ordinal: int) -> str:
        return self._digest(self.sweep.models[alias].api, ordinal)

    def check_prompts(self) -> None:
        """A template that doesn't fit a problem is found before any money is spent."""
        _ = self._sizes

    def prompt_bytes(self, alias: str, ordinal: int) -> int:
        """UTF-8 bytes of all parts of what is sent for a problem."""
        return self._sizes[self.sweep.models[alias].api].bytes[ordinal]

    def input_bound(self, alias: str, ordinal: int) -> int:
        """The most input tokens a request of this problem can count: what is sent of it, and the overhead."""
        model = self.sweep.models[alias]
        return self.sent_bound(alias, ordinal) + max(
            model.prompt_overhead_tokens, self.overheads.get(alias, 0)
        )

    def sent_bound(self, alias: str, ordinal: int) -> int:
        """Of that, what is sent and counted: the bytes of all parts and of `extra` (a schema, say), and what a chat
        template puts around each message."""
        sizes = self._sizes[self.sweep.models[alias].api]
        return sizes.bytes[ordinal] + TOKENS_A_MESSAGE * sizes.messages[ordinal] + self._extra_bytes[alias]

    @cached_property
    def _extra_bytes(self) -> dict[str, int]:
        return {
            alias: len(msgspec.json.encode(dict(model.extra))) if model.extra else 0
            for alias, model in self.sweep.models.items()
        }

    @cached_property
    def _rendered(self) -> Callable[[Api, int], Prompt]:
        """A few are kept, since a request asks for its prompt and its hash one after the other; all of them would be
        the whole data set."""
        return lru_cache(maxsize=RENDERED_KEPT)(self._render)

    @cached_property
    def _digest(self) -> Callable[[Api, int], str]:
        return lru_cache(maxsize=RENDERED_KEPT)(self._hash)

    @cached_property
    def _sizes(self) -> dict[Api, PromptSizes]:
        """Of all prompts, by wire. Raises InputError for a template that doesn't fit a problem."""
        everything = range(len(self.problems))
        apis: dict[Api, None] = {model.api: None for model in self.sweep.models.values()}
        return {api: prompt_sizes(self._render(api, ordinal) for ordinal in everything) for api in apis}

    def _render(self, api: Api, ordinal: int) -> Prompt:
        return render(self.sweep.problems, self.sweep.prompt, api, self.problems[ordinal])

    def _hash(self, api: Api, ordinal: int) -> str:
        return sha256(prompt_body(self._rendered(api, ordinal)).encode()).hexdigest()

    def caches(self, alias: str, ordinal: int) -> bool:
        """Whether a problem's prompt goes through the vendor's cache: if that must be asked for, and pays."""
        model = self.sweep.models[alias]
        if (
            model.batch
            or model.agent is not None
            or model.provider != "anthropic"
            or not model.prompt_cache
            or model.mode == "until_solved"
            or self.sweep.policy.kind != "all"
        ):
            return False
        return (
            model.wanted(self.problems[ordinal].key) > 1
            and self.prompt_bytes(alias, ordinal) >= LEAST_CACHED_BYTES
        )

    def bound(self, alias: str, ordinal: int) -> Bound | AttemptBound:
        """The worst case of a request of this problem, or of an agent's attempt at it."""
        model = self.sweep.models[alias]
        if model.agent is not None:
            cap = 0 if model.gpu_usd_per_hour is not None else model.agent.attempt_pico or 0
            return AttemptBound(sample=cap, spent=self.attempts_spent.get((alias, ordinal), {}))
        return self._bound_of(
            alias,
            self.input_bound(alias, ordinal),
            self._writes_asked_for(alias, ordinal),
            self.cost_ratios.get(alias, ONE),
            round(self.expected_input(alias, ordinal)),
        )

    @cached_property
    def _bound_of(self) -> Callable[[str, int, tuple[str, ...], int, int], Bound]:
        """Kept, since many prompts are of one length."""
        return lru_cache(maxsize=BOUNDS_KEPT)(self._make_bound)

    def _make_bound(
        self, alias: str, tokens: int, asked_for: tuple[str, ...], ratio: int, expected: int
    ) -> Bound:
        model, price = self.sweep.models[alias], self.prices[alias]
        fixed = worst_pico(price, tokens, 0, asked_for=asked_for)
        sample = worst_pico(price, tokens, model.max_tokens, asked_for=asked_for) - fixed
        most = worst_pico(price, tokens, model.max_n * model.max_tokens, asked_for=asked_for)
        if most > fixed + model.max_n * sample:
            sample += 1  # a rate finer than a pico-dollar a token: n samples may round up further than one
        return Bound(
            fixed=times_ratio(fixed, ratio), sample=times_ratio(sample, ratio), input_tokens=expected
        )

    def smallest_call_pico(self, alias: str, ordinal: int) -> int:
        """The least worst case of an agent's call that asks for little and sends its task alone."""
        output = min(self.sweep.models[alias].max_tokens, SMALLEST_OUTPUT)
        return worst_pico(self.prices[alias], self.input_bound(alias, ordinal), output)

    def _writes_asked_for(self, alias: str, ordinal: int) -> tuple[str, ...]:
        """Writes to a cache that a request asks for: manyfew's own last five minutes, the user's may last longer."""
        if alias in self._asking_for_caches:
            return ("cache_write", "cache_write_1h")
        return ("cache_write",) if self.caches(alias, ordinal) else ()

    @cached_property
    def _asking_for_caches(self) -> frozenset[str]:
        return frozenset(
            alias
            for alias, model in self.sweep.models.items()
            if model.extra and CACHE_CONTROL in json.dumps(dict(model.extra))
        )

    def expected_input(self, alias: str, ordinal: int) -> float:
        """Input tokens a request is expected to count."""
        known = self.means.get(alias, Means()).prompt_tokens
        return known if known is not None else self.prompt_bytes(alias, ordinal) / BYTES_PER_TOKEN

    def expected_output(self, alias: str) -> float:
        """Output tokens a sample is expected to count."""
        known = self.means.get(alias, Means()).completion_tokens
        return known if known is not None else EXPECTED_OUTPUT_SHARE * self.sweep.models[alias].max_tokens

    def expected_pico(self, alias: str, ordinal: int, *, requests: int, samples: int) -> int:
        """What so many requests and samples of a problem are expected to cost, in pico-dollars. Of an agent's attempts
        the most, while none is done to tell."""
        if (agent := self.sweep.models[alias].agent) is not None:
            known = self.means.get(alias, Means()).pico_per_attempt
            return samples * (agent.attempt_pico or 0) if known is None else round(samples * known)
        output = max(1, round(samples * self.expected_output(alias)))
        if self.sweep.models[alias].gpu_usd_per_hour is not None:
            return self.server_pico(alias, output)
        fixed = self._cost_of(alias, round(self.expected_input(alias, ordinal)), 0)
        cached = self.caching_saves_pico(alias, ordinal, samples)
        return requests * fixed - cached + self._cost_of(alias, 0, output)

    @cached_property
    def _cost_of(self) -> Callable[[str, int, int], int]:
        """Of so many input and output tokens; kept as bounds are."""
        return lru_cache(maxsize=BOUNDS_KEPT)(self._cost)

    def _cost(self, alias: str, given: int, made: int) -> int:
        return cost_pico(self.prices[alias], Tokens(input=given, output=made))

    def caching_saves_pico(self, alias: str, ordinal: int, samples: int) -> int:
        """What the cache that is asked for is expected to save on the input of a problem's samples: in each block the
        first writes and the others read, though a block that follows at once finds it written. What a vendor caches
        unasked is not counted on."""
        if not self.caches(alias, ordinal):
            return 0
        blocks, rest = divmod(samples, BLOCK)
        writes = blocks + (rest > 1)  # a single one would write what nobody reads
        reads = blocks * (BLOCK - 1) + max(0, rest - 1)
        price, tokens = self.prices[alias], round(self.expected_input(alias, ordinal))
        plain = cost_pico(price, Tokens(input=tokens, output=0))
        read = cost_pico(price, Tokens(input=tokens, output=0, cached=tokens))
        write = cost_pico(price, Tokens(input=tokens, output=0, cache_write=tokens))
        return reads * (plain - read) - writes * (write - plain)

    def server_pico(self, alias: str, output_tokens: int) -> int:
        """What a paid server's time for so much output is expected to cost."""
        known = self.means.get(alias, Means()).pico_per_output_token
        if known is not None:
            return round(known * output_tokens)
        return self.server_pico_at_first(alias, output_tokens)

    def server_pico_at_first(self, alias: str, output_tokens: int) -> int:
        """The same, before it has samples of its own."""
        model = self.sweep.models[alias]
        assert model.gpu_usd_per_hour is not None
        nanoseconds = output_tokens * 10**9 // ASSUMED_TOKENS_PER_S
        return server_pico(usd_per_hour=model.gpu_usd_per_hour, gpus=model.gpus, ns=nanoseconds)

    @cached_property
    def gpus(self) -> list[str]:
        """Those that servers of one's own may hold."""
        return usable(self.sweep.gpus, os.environ)

    def copies(self, alias: str) -> int:
        """How many servers of its own a model may have side by side."""
        serve = self.sweep.models[alias].serve
        assert serve is not None
        most = max(1, max(1, len(self.gpus)) // serve.gpus)
        return most if serve.copies is None else min(most, serve.copies)

    @cached_property
    def replayed(self) -> dict[str, bool]:
        return {alias: model.provider == "replay" for alias, model in self.sweep.models.items()}


def prepare(sweep: Sweep, prices: Mapping[str, Price] | None = None) -> Prepared:
    """Loads problems, builds every prompt once, finds every price but those of `prices`. Raises InputError."""
    with located(sweep):
        return _prepare(sweep, prices or {})


def _prepare(sweep: Sweep, prices: Mapping[str, Price]) -> Prepared:
    problems = unsolved(sweep.problems, load(sweep.problems))
    if not problems:
        raise InputError(str(sweep.path), "the source gives no problems", "look at [problems]")
    executor, choice = verifier_of_sweep(sweep)
    if executor.is_batch:
        _refuse_steering(sweep, executor.verifier.kind)
    prepared = Prepared(
        sweep=sweep,
        problems=problems,
        prices={
            alias: prices[alias] if alias in prices else price_of(sweep, model)
            for alias, model in sweep.models.items()
        },
        definitions={alias: definition(model, sweep) for alias, model in sweep.models.items()},
        executor=executor,
        verifier_choice=choice,
    )
    if sweep.judge is not None and isinstance(executor.verifier, JudgeText):
        model = sweep.models[sweep.judge]
        prepared.judging = JudgeCalls(executor.verifier, model, prepared.prices[sweep.judge])
    _check_counts(prepared)
    prepared.check_prompts()
    _check_agents(prepared)
    return prepared


def _check_agents(prepared: Prepared) -> None:
    for alias, model in prepared.sweep.models.items():
        agent = model.agent
        if agent is None:
            continue
        keys = [problem.key for problem in prepared.problems]
        smallest = min(prepared.smallest_call_pico(alias, ordinal) for ordinal in range(len(keys)))
        check_smallest(prepared.sweep, alias, agent, smallest)
        for ordinal, key in enumerate(keys):
            check_prompt(prepared.sweep, alias, agent, key, task_of(prepared.prompt(alias, ordinal)))
        found = folder_digest(prepared.sweep, alias, agent, keys)
        if found is not None:
            prepared.definitions[alias]["agent"]["folder"] = found


def _check_counts(prepared: Prepared) -> None:
    """A misspelt problem would be asked for as often as the others, without a word."""
    keys = {problem.key for problem in prepared.problems}
    for alias, model in prepared.sweep.models.items():
        for key in model.samples_by_problem:
            if key not in keys:
                at = where(prepared.sweep, "models", alias, "samples_by_problem")
                raise InputError(at, f"the sweep has no problem {key[:80]!r}", "write the source's own ids")


def _refuse_steering(sweep: Sweep, kind: str) -> None:
    if sweep.policy.kind != "all":
        raise InputError(
            where(sweep, "policy", "kind"),
            f"{sweep.policy.kind} needs verdicts while it samples; {kind} gives them afterwards",
            "add during = true under [verifier], or delete [policy]",
        )
    for alias, model in sweep.models.items():
        if model.mode == "until_solved":
            raise InputError(
                f"{sweep.path}: models.{alias}.mode",
                f"until_solved needs verdicts while it samples; {kind} gives them afterwards",
                'add during = true under [verifier], or write mode = "uniform"',
            )
