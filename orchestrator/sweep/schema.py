"""The sweep file's tables and keys, strict: an unknown key, a wrong type or an absurd figure is an error."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
)

from verifiers.types import Sandbox

MAX_USD = 9_000_000
"""Nine million dollars in pico-dollars is the largest round sum below 2**63, the ledger's INTEGER."""


MAX_EXPONENT = 30
"""Exact arithmetic writes all digits out, so 1e999999999 (or 0e999999999) would take the machine's memory."""

_MOST_COPIES = 1024


def is_writable(number: Decimal) -> bool:
    """Whether a finite number's digits can be written out."""
    exponent = number.as_tuple().exponent
    return (
        isinstance(exponent, int) and abs(exponent) <= MAX_EXPONENT and abs(number.adjusted()) <= MAX_EXPONENT
    )


def _no_control(value: Any) -> Any:
    if isinstance(value, str) and any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in value):
        raise ValueError("must not hold control characters or line breaks")
    return value


def _decimal(value: Any) -> Any:
    """A TOML integer or (parsed as Decimal) float; anything else is left for the type check to refuse."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("must be a finite number")
        if not is_writable(value):
            raise ValueError(f"has an exponent beyond {MAX_EXPONENT}")
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _float(value: Any) -> Any:
    """A figure that is no money, as the vendors' JSON takes it."""
    value = _decimal(value)
    if not isinstance(value, Decimal):
        return value
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def option(value: Any) -> Any:
    """An option of a verifier, which judges it itself, as JSON can keep it. ValueError for what it can't."""
    if isinstance(value, Decimal):
        return _float(value)
    if isinstance(value, list):
        return [option(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: option(item) for key, item in cast("dict[str, Any]", value).items()}
    if value is not None and not isinstance(value, (str, int, float, bool)):
        raise ValueError("is a date or a time; write it as a text in quotes")
    return value


def _texts(value: Any) -> Any:
    """`stop`: one text or a list of them, so a single one becomes a list of one."""
    return [value] if isinstance(value, str) else value


def _agent_command(value: Any) -> Any:
    if isinstance(value, str) and value:
        return _no_control(value)
    items = cast("list[Any]", value) if isinstance(value, list) else []
    if not items or not all(isinstance(item, str) for item in items) or not items[0]:
        raise ValueError("must be a list of texts, the program first, or the name of a known agent")
    return items


def _copies(value: Any) -> Any:
    if value == "all" or (type(value) is int and 1 <= value <= _MOST_COPIES):
        return value
    raise ValueError(f'must be a whole number from 1 to {_MOST_COPIES:,}, or "all"')


def _not_below_zero(value: int) -> int:
    if value < 0:
        raise ValueError("must be at least 1")
    return value


def _whole(low: int, high: int) -> Any:
    return Field(ge=low, le=high)


Number = Annotated[float, BeforeValidator(_float)]
Usd = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=MAX_USD)]
Rate = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=1_000_000)]
Line = Annotated[str, BeforeValidator(_no_control), StringConstraints(min_length=1, max_length=1000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000_000)]
PerMinute = Annotated[int, _whole(1, 10**12)]
Strings = Annotated[list[Text], BeforeValidator(_texts), Field(min_length=1, max_length=64)]


class Table(BaseModel):
    """A TOML table: nothing is coerced and nothing unknown passes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProblemsTable(Table):
    """`[problems]`."""

    source: Line
    path: Line | None = None
    split: Line = "test"
    dataset: Line | None = None
    subset: Line | None = None
    question: Line | None = None
    answer: Line | None = None
    rename: dict[Line, Line] | None = None
    limit: Annotated[int, _whole(1, 10_000_000)] | None = None
    shuffle: Annotated[int, _whole(0, 2**63 - 1)] | None = None
    group_by: Line | None = None
    unsolved_in: Line | None = None
    unsolved_by: Line | None = None
    few_shot: Annotated[int, _whole(0, 100)] = 0
    few_shot_path: Line | None = None
    few_shot_seed: Annotated[int, _whole(0, 2**63 - 1)] = 0


class PromptTable(Table):
    """`[prompt]`."""

    system: Annotated[str, StringConstraints(max_length=1_000_000)] | None = None
    """Empty: no system message, even where the source has one."""
    template: Text | None = None


class VerifierTable(Table):
    """`[verifier]`. Its other keys are options of its kind."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: Line | None = None
    name: Line | None = None
    """Of the set of verdicts; the kind, where it isn't stated."""
    timeout_s: Annotated[Number, Field(gt=0, le=86_400)] | None = None
    memory_mb: Annotated[int, _whole(64, 10_000_000)] | None = None
    workers: Annotated[int, _whole(1, 1024)] | None = None
    sandbox: Sandbox | None = None
    cluster: Line | None = None
    during: bool | None = None
    """Of a kind that judges afterwards: it judges while the run samples too."""


class SamplingTable(Table):
    """`[sampling]`, or what one model overrides of it. None: not stated."""

    samples: Annotated[int, _whole(1, 10_000_000)] | None = None
    mode: Literal["uniform", "until_solved"] | None = None
    max_tokens: Annotated[int, _whole(1, 10_000_000)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=100)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, _whole(-1, 10_000_000)] | None = None
    min_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    stop: Strings | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[Number, Field(gt=0, le=100)] | None = None
    extra: dict[str, Any] | None = None
    allow_extra: Annotated[list[Line], Field(max_length=64)] | None = None


class PriceTable(Table):
    """`price = {…}`: dollars per million tokens."""

    input: Rate
    output: Rate
    cached_input: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None


class LimitsTable(Table):
    """`limits = {…}`."""

    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None
    input_tokens_per_minute: PerMinute | None = None
    output_tokens_per_minute: PerMinute | None = None
    concurrency: Annotated[int, _whole(1, 100_000)] | None = None
    group: Line | None = None


class ArchitectureTable(Table):
    """`architecture = {…}`: of the model's config, for its FLOPs."""

    parameters: Annotated[Number, Field(ge=1, le=1e15)]
    layers: Annotated[int, _whole(1, 100_000)]
    width: Annotated[int, _whole(1, 10_000_000)]


class ServeTable(Table):
    """`[models.ALIAS.serve]`."""

    command: Annotated[list[Line], Field(min_length=1, max_length=1000)] | None = None
    args: Annotated[list[Text], Field(max_length=1000)] = Field(default_factory=list[str])
    env: dict[Line, Annotated[str, StringConstraints(max_length=100_000)]] = Field(
        default_factory=dict[str, str]
    )
    gpus: Annotated[int, _whole(1, 1024)] = 1
    copies: Annotated[int | Literal["all"], PlainValidator(_copies)] = 1
    ready_timeout_s: Annotated[Number, Field(ge=0, le=604_800)] = 0.0
    stop_grace_s: Annotated[Number, Field(ge=0, le=600)] = 20.0
    health: Line = "/health"
    ready: Line = "/v1/models"


class NodeTable(Table):
    """`[serve]`: the GPUs that servers may hold."""

    gpus: Annotated[list[Annotated[int, _whole(0, 1023)] | Line], Field(max_length=1024)] | None = None


class AgentTable(Table):
    """`[models.ALIAS.agent]`."""

    command: Annotated[list[str] | str, PlainValidator(_agent_command)]
    """A list, or the name of an agent that manyfew knows."""
    attempt_usd: Usd | None = None
    attempt_calls: Annotated[int, _whole(1, 1_000_000)] | None = None
    attempt_s: Annotated[Number, Field(gt=0, le=604_800)] | None = None
    attempt_wall_s: Annotated[Number, Field(gt=0, le=2_419_200)] | None = None
    concurrency: Annotated[int, _whole(1, 10_000)] | None = None
    folder: Line | None = None
    prepare: Annotated[list[Text], Field(min_length=1, max_length=1000)] | None = None
    output: Line | None = None
    sandbox: Line | None = None
    env: dict[Line, Annotated[str, StringConstraints(max_length=100_000)]] = Field(
        default_factory=dict[str, str]
    )
    other_models: dict[Line, Line] = Field(default_factory=dict[str, str])
    shrink: bool = True


class ModelTable(SamplingTable):
    """`[models.ALIAS]`. What only some providers take is None until stated."""

    samples: Annotated[int, Field(le=10_000_000), AfterValidator(_not_below_zero)] | None = None
    """0: priced for agents that ask for it, and not sampled."""
    provider: Literal["vllm", "openai", "anthropic", "google", "openai-compatible", "replay"]
    model: Line | None = None
    servers: Annotated[list[Line], Field(min_length=1, max_length=1000)] | None = None
    base_url: Line | None = None
    api: Literal["chat", "completions", "responses"] | None = None
    api_key_env: Line | None = None
    api_version: Line | None = None
    max_n: Annotated[int, _whole(1, 16_384)] | None = None
    sequences: Annotated[int, _whole(1, 65_536)] | None = None
    gpu_usd_per_hour: Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=100_000)] | None = None
    gpus: Annotated[int, _whole(1, 10_000)] | None = None
    price: PriceTable | None = None
    price_as: Line | None = None
    price_tiers: Annotated[list[Line], Field(min_length=1, max_length=16)] | None = None
    service_tier: Line | None = None
    inference_geo: Line | None = None
    serve: ServeTable | None = None
    free_5xx: bool | None = None
    server_defaults: bool | None = None
    prompt_overhead_tokens: Annotated[int, _whole(0, 10_000_000)] = 512
    limits: LimitsTable = LimitsTable()
    architecture: ArchitectureTable | None = None
    prompt_cache: bool | None = None
    batch: bool = False
    timeout_s: Annotated[Number, Field(gt=0, le=86_400)] | None = None
    max_wait_s: Annotated[Number, Field(ge=0, le=604_800)] = 600.0
    max_attempts: Annotated[int, _whole(1, 1000)] = 8
    max_lost: Annotated[int, _whole(1, 1000)] = 3
    budget_usd: Usd | None = None
    unset: list[Line] = Field(default_factory=list[str])
    samples_by_problem: dict[str, Annotated[int, _whole(1, 10_000_000)]] | None = None
    tape: Line | None = None
    speed: Annotated[Number, Field(gt=0, le=1_000_000)] | None = None
    agent: AgentTable | None = None


class PolicyTable(Table):
    """`[policy]`: what steers the sampling. None: not stated."""

    kind: Literal["all", "cascade", "solve", "narrow"] = "all"
    order: Annotated[list[Line], Field(min_length=1, max_length=1000)] | None = None
    pair: Annotated[list[Line], Field(min_length=2, max_length=2)] | None = None
    worth_usd: Usd | None = None
    measure: Annotated[Number, Field(gt=0, lt=1)] | None = None
    parts: Annotated[int, _whole(1, 1000)] | None = None
    pass_rates: Annotated[dict[str, Annotated[Number, Field(gt=0, lt=1)]], Field(min_length=1)] | None = None


class SweepTable(Table):
    """The whole file."""

    name: Line
    budget_usd: Usd | None = None
    problems: ProblemsTable
    prompt: PromptTable = PromptTable()
    sampling: SamplingTable = SamplingTable()
    verifier: VerifierTable = VerifierTable()
    serve: NodeTable = NodeTable()
    policy: PolicyTable = PolicyTable()
    models: Annotated[dict[str, ModelTable], Field(min_length=1, max_length=1000)]


PARAMS = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
)
"""The keys of [sampling] that are sent as they are stated."""
