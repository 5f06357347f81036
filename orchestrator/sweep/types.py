"""A sweep as validated: plain frozen data that the rest of the program reads. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from orchestrator.problems.types import Api, ProblemsSpec, PromptStyle
from verifiers.types import Sandbox

ProviderName = Literal["vllm", "openai", "anthropic", "google", "openai-compatible", "replay"]
Mode = Literal["uniform", "until_solved"]
PolicyKind = Literal["all", "cascade", "solve", "narrow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierChoice:
    """`[verifier]`: who judges, and within which bounds."""

    kind: str | None = None
    """None: the source's default."""
    name: str | None = None
    """Of the set of verdicts. None: the kind."""
    timeout_s: float | None = None
    """None, here and below: the kind's own."""
    memory_mb: int | None = None
    workers: int | None = None
    sandbox: Sandbox | None = None
    cluster: str | None = None
    """"ray", or the address of a Ray cluster. None: this machine."""
    during: bool = False
    """A kind that judges afterwards judges while the run samples."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Options of that verifier kind, such as `rule = "paper"` of numeric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None: no such limit stated."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None
    concurrency: int | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPrice:
    """Dollars per million tokens, exact. What is not stated costs as much as `input`, cache writes as much as their
    vendor takes."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What a model's FLOPs a token depend on."""

    parameters: float
    """Those active for a token."""
    layers: int
    width: int
    """Of the hidden state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`[models.ALIAS.agent]`: each sample is an attempt of a program, whose calls go to this model through the
    gateway."""

    command: tuple[str, ...]
    attempt_pico: int | None
    """The most that one attempt may cost; None only if the model is priced by server time."""
    attempt_calls: int | None = None
    attempt_s: float = 3600.0
    """How long an attempt may work, its vendor's time included, the gateway's waits not."""
    attempt_wall_s: float | None = None
    """The same with everything in it. None: four times attempt_s."""
    concurrency: int = 1
    """Attempts at once."""
    folder: str | None = None
    """Copied anew for each attempt; None, and no `prepare`: an empty one."""
    prepare: tuple[str, ...] = ()
    output: str = "stdout"
    """stdout | git-diff | file:PATH | json:PATH:KEY"""
    sandbox: str = "bubblewrap"
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    other_models: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other names that it may ask for, and the alias that each is priced as."""
    shrink: bool = True
    """Whether max_tokens is lowered to what is left of attempt_pico."""

    @property
    def wall_s(self) -> float:
        return 4 * self.attempt_s if self.attempt_wall_s is None else self.attempt_wall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """`[models.ALIAS.serve]`: a server that the run itself starts, uses and stops."""

    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    gpus: int = 1
    """Slots that it takes."""
    copies: int | None = 1
    """None: as many as fit."""
    ready_timeout_s: float = 0.0
    """0: as long as the process lives and its log moves."""
    stop_grace_s: float = 20.0
    health: str = "/health"
    ready: str = "/v1/models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One `[models.ALIAS]`, with what it inherits from [sampling]."""

    alias: str
    provider: ProviderName
    model: str
    servers: tuple[str, ...] = ()
    """vllm: base URLs ending in /v1."""
    base_url: str | None = None
    """As stated, or from the vendor's usual environment variable; None: the vendor's own."""
    own_host: bool = False
    """True where the base URL is the vendor's own: a 500/503 with an error body from it is then free."""
    api: Api = "chat"
    api_key_env: str | None = None
    api_version: str | None = None
    """anthropic: the anthropic-version header, where stated."""
    max_n: int = 128
    max_n_stated: bool = False
    sequences: int = 256
    """vllm: samples in flight a server."""
    gpu_usd_per_hour: Decimal | None = None
    gpus: int = 1
    price: StatedPrice | None = None
    price_as: str | None = None
    """Name in the price book (or a named set, `paper-2024/…`) whose price the user confirms for this model."""
    price_tiers: tuple[str, ...] = ()
    """Tiers that the stated price covers besides the one asked for, as replies name them."""
    service_tier: str | None = None
    inference_geo: str | None = None
    serve: Serve | None = None
    """In place of `servers` and `base_url`."""
    free_5xx: bool = False
    server_defaults: bool = False
    prompt_overhead_tokens: int = 512
    limits: Limits = Limits()
    architecture: Architecture | None = None
    prompt_cache: bool = True
    """anthropic: whether long prompts that are sampled several times go through its cache."""
    batch: bool = False
    timeout_s: float | None = None
    """None: 120 + n·max_tokens/20, at most 3600."""
    max_wait_s: float = 600.0
    max_attempts: int = 8
    max_lost: int = 3
    """Attempts of a sample that may end unknown: each is counted at its worst case."""
    budget_pico: int | None = None
    tape: str | None = None
    """replay: "quickstart", or the path of a tape."""
    speed: float = 60.0
    """replay: how many times faster than it was recorded."""
    # [sampling] with this model's overrides and `unset` applied
    samples: int
    samples_by_problem: Mapping[str, int] = field(default_factory=dict[str, int])
    """Where some problems, by key, are asked another number of times than `samples`."""
    mode: Mode = "uniform"
    max_tokens: int
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """temperature, top_p, top_k, min_p, stop, presence_penalty, frequency_penalty, repetition_penalty as stated."""
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    agent: Agent | None = None
    """Whose calls its samples are made of."""

    def wanted(self, problem: str) -> int:
        """How many samples of the problem of that key."""
        return self.samples_by_problem.get(problem, self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`[policy]`: what steers the sampling while it goes."""

    kind: PolicyKind = "all"
    order: tuple[str, ...] = ()
    """cascade: the stages, all models of the sweep."""
    worth_pico: int | None = None
    """solve: nothing is bought that costs more an expected solve."""
    measure: float | None = None
    """The share of the budget for draws that no outcome steers."""
    pair: tuple[str, str] | None = None
    """narrow: the two models that are compared; None: the two whose comparison is least sure."""
    parts: int | None = None
    """narrow: in how many the money is spent."""

    pass_rates: Mapping[str, float] = field(default_factory=dict[str, float])
    """What is believed of models' mean pass rates before any verdict."""

    @property
    def ends_at_success(self) -> bool:
        """Whether a problem that one model has solved is asked nothing more."""
        return self.kind in ("cascade", "solve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One sweep file."""

    name: str
    path: Path
    text: str
    """The file as read."""
    budget_pico: int | None
    """None: neither stated here; `run` then needs --budget."""
    problems: ProblemsSpec
    prompt: PromptStyle
    verifier: VerifierChoice
    models: Mapping[str, Model]
    """By alias, in the file's order."""
    policy: Policy = Policy()
    judge: str | None = None
    """The model among them that grades the others' answers and isn't sampled."""
    gpus: tuple[str, ...] | None = None
    """Those that servers may hold, where stated."""

    @property
    def sampled(self) -> list[str]:
        """The models that answer, without one that only grades."""
        return [alias for alias in self.models if alias != self.judge]

    def served_together(self) -> list[tuple[str, ...]]:
        """The models that the run serves itself, those of one server together, in the file's order."""
        groups: dict[tuple[object, ...], list[str]] = {}
        for alias, model in self.models.items():
            if (serve := model.serve) is not None:
                what = (model.provider, model.model, serve.command, serve.args, *sorted(serve.env.items()))
                groups.setdefault(what, []).append(alias)
        return [tuple(group) for group in groups.values()]
