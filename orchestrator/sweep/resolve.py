"""From the validated tables to the sweep that the rest of the program reads."""

from __future__ import annotations

import os
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.errors import InputError
from orchestrator.problems.types import PromptStyle
from orchestrator.sweep.examples import example
from orchestrator.sweep.extra import check_allowed, checked_extra, extra_as_json
from orchestrator.sweep.messages import suggestion, unknown_key
from orchestrator.sweep.rules import check_model
from orchestrator.sweep.schema import PARAMS, SamplingTable, option
from orchestrator.sweep.tables.agent import agent, unsampled
from orchestrator.sweep.tables.serve import serve_of
from orchestrator.sweep.types import Architecture, Model, StatedPrice, VerifierChoice
from orchestrator.sweep.urls import clean, is_own_host, problem_of
from verifiers.registry import KINDS, options_of
from verifiers.registry import get as make_verifier

if TYPE_CHECKING:
    from orchestrator.sweep.lines import Key
    from orchestrator.sweep.schema import ModelTable, SweepTable
    from orchestrator.sweep.source import SweepText

_PICO = 10**12
_BASE_URL_ENV = {
    "openai": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
    "google": "GOOGLE_GEMINI_BASE_URL",
}
_API_KEY_ENV = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}
_OTHER_KEY = {"GEMINI_API_KEY": "GOOGLE_API_KEY"}
"""What else the vendor's own SDK reads."""
_MOST_CANDIDATES = 8
"""Of one request to Gemini."""
_ENDS_IN_V1 = {"vllm": True, "anthropic": False}


def pico(usd: Decimal) -> int:
    """Whole pico-dollars, rounded down: a budget is never widened."""
    return int((usd * _PICO).to_integral_value(rounding=ROUND_DOWN))


def model(source: SweepText, sweep: SweepTable, alias: str, *, sends: bool = True) -> Model:
    """One model with [sampling] inherited. Raises InputError; `sends` False: not for what must not be sent."""
    table = sweep.models[alias]
    sampling, extra_at = _inherit(sweep.sampling, table, alias)
    check_model(source, alias, table, sampling)
    at = ("models", alias) if "allow_extra" in table.model_fields_set else ("sampling",)
    if sends:
        check_allowed(source, (*at, "allow_extra"), sampling.allow_extra or ())
    assert sampling.max_tokens is not None, "check_model refuses a model without it"
    base_url = _base_url(source, alias, table)
    return Model(
        alias=alias,
        provider=table.provider,
        model=table.model or alias,
        servers=_servers(source, alias, table),
        base_url=base_url,
        own_host=is_own_host(table.provider, base_url) or table.serve is not None,
        api=table.api or "chat",
        api_key_env=table.api_key_env or _usual_key(table.provider),
        api_version=table.api_version,
        max_n=_max_n(table),
        max_n_stated=table.max_n is not None,
        sequences=table.sequences or 256,
        gpu_usd_per_hour=table.gpu_usd_per_hour,
        gpus=table.gpus or (table.serve.gpus if table.serve else 1),
        price=StatedPrice(**table.price.model_dump()) if table.price else None,
        price_as=table.price_as,
        price_tiers=tuple(table.price_tiers or ()),
        service_tier=table.service_tier,
        inference_geo=table.inference_geo,
        serve=serve_of(table.serve),
        free_5xx=bool(table.free_5xx),
        server_defaults=bool(table.server_defaults),
        prompt_overhead_tokens=table.prompt_overhead_tokens,
        architecture=None if table.architecture is None else Architecture(**table.architecture.model_dump()),
        prompt_cache=table.prompt_cache is not False,
        batch=table.batch,
        timeout_s=table.timeout_s,
        max_wait_s=table.max_wait_s,
        max_attempts=table.max_attempts,
        max_lost=table.max_lost,
        budget_pico=None if table.budget_usd is None else pico(table.budget_usd),
        tape=_tape(source, alias, table),
        speed=table.speed or 60.0,
        samples=_samples(source, sweep, alias, sampling),
        samples_by_problem=table.samples_by_problem or {},
        mode=sampling.mode or "uniform",
        max_tokens=sampling.max_tokens,
        params={name: value for name in PARAMS if (value := getattr(sampling, name)) is not None},
        extra=checked_extra(
            source,
            extra_at,
            sampling.extra or {},
            provider=table.provider,
            own=extra_at[0] == "models",
            allowed=sampling.allow_extra or (),
        )
        if sends
        else extra_as_json(source, extra_at, sampling.extra or {}),
        agent=agent(source, sweep, alias, sends=sends),
    )


def _samples(source: SweepText, sweep: SweepTable, alias: str, sampling: SamplingTable) -> int:
    """0 only for what an agent may ask for beside its own model."""
    if sampling.samples == 0 and alias not in unsampled(sweep):
        raise source.error(
            ("models", alias, "samples"),
            "must be at least 1",
            "only a model that an agent's other_models names may have samples = 0",
        )
    return 1 if sampling.samples is None else sampling.samples


def prompt_style(sweep: SweepTable) -> PromptStyle:
    return PromptStyle(system=sweep.prompt.system, template=sweep.prompt.template)


def verifier_choice(source: SweepText, sweep: SweepTable) -> VerifierChoice:
    """Raises InputError for a kind, an option or an option's value that no verifier takes."""
    from orchestrator.problems.registry import default_verifier

    table = sweep.verifier
    stated: dict[str, Any] = table.model_extra or {}
    kind = table.kind or default_verifier(sweep.problems.source)[0]
    if kind not in KINDS:
        near = suggestion(kind, KINDS) or f"known: {', '.join(KINDS)}"
        raise source.error(("verifier", "kind"), "is not a known verifier", near)
    known = options_of(kind)
    options: dict[str, Any] = {}
    for name, value in stated.items():
        if name not in known:
            raise unknown_key(source, ("verifier", name), also=known)
        try:
            options[name] = option(value)
        except ValueError as error:
            raise source.error(("verifier", name), str(error), _remedy(kind, ("verifier", name))) from None
    try:
        isolation = make_verifier(kind, options).isolation
    except ValueError as error:
        message = str(error).removeprefix(f"verifier {kind}: ")
        said = message.partition(" ")[0]
        key = ("verifier", said) if said in known else ("verifier",)
        raise source.error(key, message, _remedy(kind, key)) from None
    if table.during is not None and isolation != "batch":
        raise source.error(
            ("verifier", "during"), f"says nothing of {kind}, which judges while the run samples", "delete it"
        )
    return VerifierChoice(
        kind=table.kind,
        name=table.name,
        timeout_s=table.timeout_s,
        memory_mb=table.memory_mb,
        workers=table.workers,
        sandbox=table.sandbox,
        cluster=table.cluster,
        during=bool(table.during),
        options=options,
    )


def _remedy(kind: str, key: Key) -> str:
    written = example(key)
    return f"such as {written}" if written else f"docs/verifiers.md says what {kind} takes"


def found_file(source: SweepText, key: Key, stated: str, *, folder: bool = False) -> Path:
    """`stated` beside the sweep file, else under the working directory. Raises InputError naming both.
    `folder`: it may be one."""
    path = Path(stated).expanduser()
    tried = [path] if path.is_absolute() else [source.path.parent / path, Path.cwd() / path]
    places = list(dict.fromkeys(place.resolve() for place in tried))
    for place in places:
        if place.is_file() or (folder and place.is_dir()):
            return place
    names = " nor ".join(str(place) for place in places)
    if any(place.is_dir() for place in places):
        raise source.error(key, f"is a folder, not a file: {names}", "name the file in it")
    raise source.error(
        key, f"no such file: {names}", "paths start at the sweep file's folder or the working directory"
    )


def _inherit(base: SamplingTable, table: ModelTable, alias: str) -> tuple[SamplingTable, Key]:
    """[sampling] with the model's own keys over it and `unset` dropped; and if `extra` stands."""
    names = SamplingTable.model_fields
    merged = {
        name: getattr(table, name) if name in table.model_fields_set else getattr(base, name)
        for name in names
        if name not in table.unset or name in table.model_fields_set
    }
    own_extra = "extra" in table.model_fields_set
    return SamplingTable.model_construct(**merged), ("models", alias, "extra") if own_extra else (
        "sampling",
        "extra",
    )


def _base_url(source: SweepText, alias: str, table: ModelTable) -> str | None:
    url, at = table.base_url, source.where(("models", alias, "base_url"))
    if url is None and (variable := _BASE_URL_ENV.get(table.provider)):
        url, at = os.environ.get(variable) or None, f"environment variable {variable}"
    if url is None:
        return None
    query = table.provider in ("openai-compatible", "google")
    if problem := problem_of(url, ends_in_v1=_ENDS_IN_V1.get(table.provider), query=query):
        raise InputError(at, *problem)
    if table.provider == "google" and not urlsplit(url).path.strip("/"):
        return f"{clean(url)}/v1beta/openai"  # as Google's own SDK takes it
    return clean(url)


def _servers(source: SweepText, alias: str, table: ModelTable) -> tuple[str, ...]:
    servers: dict[str, None] = {}
    for index, url in enumerate(table.servers or []):
        at = ("models", alias, "servers", index)
        if problem := problem_of(url, ends_in_v1=True):
            raise source.error(at, *problem)
        if clean(url) in servers:
            raise source.error(at, "is listed twice", "list each server once")
        servers[clean(url)] = None
    return tuple(servers)


def _max_n(table: ModelTable) -> int:
    """Anthropic and the responses api know no n, and an agent's attempt is one sample."""
    if table.provider == "anthropic" or table.api == "responses" or table.agent is not None:
        return 1
    return table.max_n or (_MOST_CANDIDATES if table.provider == "google" else 128)


def _usual_key(provider: str) -> str | None:
    name = _API_KEY_ENV.get(provider)
    other = _OTHER_KEY.get(name or "")
    return other if other and name not in os.environ and other in os.environ else name


def _tape(source: SweepText, alias: str, table: ModelTable) -> str | None:
    if table.tape is None or table.tape == "quickstart":
        return table.tape
    return str(found_file(source, ("models", alias, "tape"), table.tape))
