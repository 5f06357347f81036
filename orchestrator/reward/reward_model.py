"""What asks a reward model: its options, checked, and the names that its scores are kept under."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.sweep.urls import clean, problem_of
from pricing.resolve import resolve
from pricing.stated import stated_price
from pricing.types import Price, Unpriceable
from providers.reward import WIRES, ScoreProvider, Wire

KIND = "reward"
WHERE = "--option"
OPTIONS = (
    "model", "servers", "wire", "price", "gpu_usd_per_hour", "gpus", "api_key_env", "alias", "max_n", "concurrency",
    "timeout_s", "prompt_overhead_tokens", "extra",
)  # fmt: skip
MOST = 1_000_000
NEVER_SENT = frozenset({"model", "messages", "input", "text_1", "text_2", "stream"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardModel:
    """One reward model. `price` is of its input; by a server's time if `gpu_usd_per_hour` is stated."""

    model: str
    servers: tuple[str, ...]
    wire: Wire
    price: Price
    gpu_usd_per_hour: Decimal | None
    gpus: int
    api_key: str | None
    alias: str
    max_n: int
    concurrency: int
    timeout_s: float
    prompt_overhead_tokens: int
    extra: Mapping[str, Any]

    @property
    def provider(self) -> str:
        return "vllm"

    @property
    def name(self) -> str:
        """What its scores are kept under: whatever could change one."""
        sent = f" {sorted(self.extra.items())!r}" if self.extra else ""
        return f"{KIND}/1 {self.wire} {self.model}{sent}"

    @property
    def definition(self) -> dict[str, Any]:
        """What the ledger keeps of it beside its price."""
        return {"scorer": {"wire": self.wire, "model": self.model, "extra": dict(self.extra)}}

    def providers(self) -> list[ScoreProvider]:
        """One a server."""
        return [
            ScoreProvider(
                url, wire=self.wire, api_key=self.api_key, concurrency=self.concurrency, name=self.alias
            )
            for url in self.servers
        ]


def scorer(options: Mapping[str, Any]) -> RewardModel:
    """From options as the command line or a file states them. Raises InputError."""
    if unknown := sorted(options.keys() - set(OPTIONS)):
        raise InputError(WHERE, f"{KIND} has no option {unknown[0]!r}", f"known: {', '.join(OPTIONS)}")
    wire = _text(options, "wire", "score")
    if wire not in WIRES:
        raise InputError(WHERE, f"wire = {wire!r} is none", f"one of {', '.join(WIRES)}")
    gpu = _rate(options, "gpu_usd_per_hour")
    gpus = _count(options, "gpus", 1)
    return RewardModel(
        model=_text(options, "model"),
        servers=_servers(options),
        wire=wire,
        price=_price(options, gpu, gpus),
        gpu_usd_per_hour=gpu,
        gpus=gpus,
        api_key=_key(options),
        alias=_text(options, "alias", KIND),
        max_n=_count(options, "max_n", 16) if wire == "score" else 1,
        concurrency=_count(options, "concurrency", 16),
        timeout_s=_seconds(options),
        prompt_overhead_tokens=_count(options, "prompt_overhead_tokens", 512, least=0),
        extra=_extra(options),
    )


def _text(options: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = options.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise InputError(
            WHERE, f"{key} is not stated" if value is None else f"{key} is not text", f'{key}="…"'
        )
    return value


def _count(options: Mapping[str, Any], key: str, default: int, *, least: int = 1) -> int:
    value = options.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
        raise InputError(WHERE, f"{key} is not a whole number from {least} to {MOST:,}", f"{key}={default}")
    return value


def _seconds(options: Mapping[str, Any]) -> float:
    value = options.get("timeout_s", 120)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value <= 0
    ):
        raise InputError(WHERE, "timeout_s is not a number of seconds above 0", "timeout_s=120")
    return float(value)


def _servers(options: Mapping[str, Any]) -> tuple[str, ...]:
    value: object = options.get("servers")
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    urls = [clean(url) for url in listed if isinstance(url, str)]
    for number, url in enumerate(urls, 1):
        if problem := problem_of(url, ends_in_v1=True):
            message, remedy = problem
            raise InputError(WHERE, f"servers: address {number} {message}", remedy)
    if not urls or len(urls) != len(listed) or len(set(urls)) != len(urls):
        raise InputError(
            WHERE,
            "servers is not a list of addresses that end in /v1, each once",
            'servers=["http://127.0.0.1:8000/v1"]',
        )
    return tuple(urls)


def _price(options: Mapping[str, Any], gpu: Decimal | None, gpus: int) -> Price:
    stated: object = options.get("price")
    if (stated is None) == (gpu is None):
        what = (
            "neither price nor gpu_usd_per_hour is stated"
            if gpu is None
            else "both price and gpu_usd_per_hour"
        )
        raise InputError(
            WHERE, what, "price={input=0.1} in dollars per million tokens, or gpu_usd_per_hour=2.5"
        )
    try:
        if gpu is not None:
            return resolve(provider="vllm", model="", gpu_usd_per_hour=gpu, gpus=gpus)
        rates = cast("dict[str, Any]", stated) if isinstance(stated, dict) else {}
        if rates.keys() != {"input"}:
            raise InputError(
                WHERE, "price does not hold input alone: nothing is generated", "price={input=0.1}"
            )
        return stated_price(input=_decimal(rates["input"], "price"), output=Decimal(0), source=WHERE)
    except Unpriceable as error:
        raise InputError(WHERE, error.message, error.remedy) from error


def _rate(options: Mapping[str, Any], key: str) -> Decimal | None:
    return None if options.get(key) is None else _decimal(options[key], key)


def _decimal(value: object, key: str) -> Decimal:
    try:
        number = (
            Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None
        )
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number < 0:
        raise InputError(WHERE, f"{key} is not a number of dollars", f"{key}=…")
    return number


def _key(options: Mapping[str, Any]) -> str | None:
    if options.get("api_key_env") is None:
        return None
    variable = _text(options, "api_key_env")
    key = os.environ.get(variable)
    if not key:
        raise InputError(WHERE, f"api_key_env: {variable} is not set", f"export {variable}=…")
    return key


def _extra(options: Mapping[str, Any]) -> Mapping[str, Any]:
    value: object = options.get("extra", {})
    if not isinstance(value, dict):
        raise InputError(WHERE, "extra is no table", "extra={…}")
    fields = cast("dict[str, Any]", value)
    if taken := sorted(fields.keys() & NEVER_SENT):
        raise InputError(WHERE, f"extra.{taken[0]} would change what is asked", "remove it")
    return fields
