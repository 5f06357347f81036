"""`extra`: vendor-specific fields, passed as they are. Those that are known to cost nothing but their tokens pass,
others if `allow_extra` names them; what changes what is asked for or what it costs never does."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from orchestrator.sweep.extra_fields import ANY_VENDOR, INSIDE, KNOWN, SCHEMAS
from orchestrator.sweep.messages import suggestion
from orchestrator.sweep.schema import PARAMS

if TYPE_CHECKING:
    from collections.abc import Collection

    from orchestrator.sweep.lines import Key
    from orchestrator.sweep.source import SweepText

_BOUND = re.compile(r"max_?\w*tokens?|n_?predict|num_?predict", re.IGNORECASE)
_ASKED = "it changes what is asked for"
_COSTS = "it changes what a request costs"
_ASKS = """model models messages prompt input instructions system suffix echo stream stream_options background
    previous_response_id conversation use_beam_search fallbacks deferred data_sources system_instruction"""
_BUYS = """best_of num_return_sequences candidate_count tools tool_choice functions function_call enable_search
    plugins mcp_servers container modalities audio prediction speed provider route cached_content"""
_ENVELOPE = "api_key authorization headers extra_headers extra_query timeout"
_REFUSED: dict[str, str] = {
    re.sub(r"[_-]", "", name): reason
    for names, reason in (
        (_ASKS, _ASKED),
        (_BUYS, _COSTS),
        (_ENVELOPE, "it is no field of a request's body"),
    )
    for name in names.split()
}
_BUYS_MORE = re.compile(r"search|tool|grounding|mcp", re.IGNORECASE)
"""Web search and tools, in whatever words."""
_SEEDS = ("seed", "random_seed")
_MODEL_KEYS = ("service_tier", "inference_geo")


def checked_extra(
    source: SweepText, key: Key, extra: dict[str, Any], *, provider: str, own: bool, allowed: Collection[str]
) -> dict[str, Any]:
    """The fields as JSON takes them. `own`: stated in the model itself, whose vendor must know them; what a model
    inherits some vendor must know. Raises InputError for a field that is refused, not known, or no JSON."""
    known = KNOWN[provider] if own else ANY_VENDOR
    for name in extra:
        _check_name(source, (*key, name))
        if name not in known and name not in allowed:
            near = suggestion(name, known)
            remedy = f'allow_extra = ["{name}"] sends it all the same; its bytes are bounded as input'
            message = "is not a known field of this vendor and may change what a request costs"
            raise source.error((*key, name), message, f"{near}, or {remedy}" if near else remedy)
    return {name: _field(source, (*key, name), value) for name, value in extra.items()}


def extra_as_json(source: SweepText, key: Key, extra: dict[str, Any]) -> dict[str, Any]:
    """The fields as JSON takes them, whatever they are. Raises InputError for what is no JSON."""
    return {name: _json(source, (*key, name), value, checked=False) for name, value in extra.items()}


def check_allowed(source: SweepText, key: Key, allowed: Collection[str]) -> None:
    """No field that is refused is allowed by being named. Raises InputError."""
    for index, name in enumerate(allowed):
        if (reason := _reason(name)) is not None:
            raise source.error((*key, index), f"{name} is not allowed in extra: {reason}", "delete it")


def _check_name(source: SweepText, key: Key) -> None:
    name = str(key[-1]).strip().lower()
    if name in _SEEDS:
        raise source.error(key, "a constant seed would make repeated samples identical", "delete it")
    if name == "n":
        raise source.error(key, f"is not allowed in extra: {_COSTS}", "state samples and max_n instead")
    if name in {"stop_sequences", *PARAMS}:
        stated = "stop" if name == "stop_sequences" else name
        raise source.error(
            key, "is not allowed in extra", f"state {stated} as a key of [sampling] or of the model"
        )
    if name in _MODEL_KEYS:
        raise source.error(key, f"is not allowed in extra: {_COSTS}", f"state {name} as a key of the model")
    if _BOUND.fullmatch(name):
        raise source.error(
            key, f"is not allowed in extra: {_COSTS}", "state max_tokens in [sampling] or in the model"
        )
    if (reason := _reason(name)) is not None:
        raise source.error(key, f"is not allowed in extra: {reason}", "delete it")


def _reason(name: str) -> str | None:
    """Why a field is refused whatever allows it."""
    if name in ANY_VENDOR:
        return None
    plain = re.sub(r"[_-]", "", name.strip().lower())
    if plain in (
        "n",
        "seed",
        "randomseed",
        *(re.sub("_", "", key) for key in _MODEL_KEYS),
    ) or _BOUND.fullmatch(plain):
        return _COSTS
    return _REFUSED.get(plain) or (_COSTS if _BUYS_MORE.search(plain) else None)


def _field(source: SweepText, key: Key, value: Any) -> Any:
    """One field of the top, or of a vendor's own fields in one."""
    name = str(key[-1])
    inside = INSIDE.get(name)
    if inside is None or not isinstance(value, dict):
        return _json(source, key, value, checked=name not in SCHEMAS)
    table = cast("dict[str, Any]", value)
    for inner in table:
        _check_name(source, (*key, inner))
        if inner not in inside:
            raise source.error(
                (*key, inner), f"is not a known field of {name}", f"known: {', '.join(sorted(inside))}"
            )
    return {inner: _field(source, (*key, inner), one) for inner, one in table.items()}


def _json(source: SweepText, key: Key, value: Any, *, checked: bool) -> Any:
    if checked and isinstance(key[-1], str) and _BOUND.fullmatch(key[-1].strip()):
        raise source.error(
            key, f"is not allowed in extra: {_COSTS}", "state max_tokens in [sampling] or in the model"
        )
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {name: _json(source, (*key, name), inner, checked=checked) for name, inner in table.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_json(source, (*key, index), inner, checked=checked) for index, inner in enumerate(items)]
    if isinstance(value, Decimal):
        number = float(value)
        if not math.isfinite(number):
            raise source.error(key, "must be a finite number", "JSON has neither nan nor inf")
        return number
    if isinstance(value, str | bool | int):
        return value
    raise source.error(key, "is a date or time, which JSON does not have", "write it as a text in quotes")
