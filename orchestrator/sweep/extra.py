"""`extra`: vendor-specific fields, passed as they are unless they change what is asked for or what it costs."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from orchestrator.sweep.schema import PARAMS

if TYPE_CHECKING:
    from orchestrator.sweep.lines import Key
    from orchestrator.sweep.source import SweepText

_BOUND = re.compile(r"max_?\w*tokens?", re.IGNORECASE)
_ASKED = "it changes what is asked for"
_COSTS = "it changes what a request costs"
_ASKS = """model models messages prompt input instructions system suffix echo stream stream_options background
    previous_response_id conversation use_beam_search fallbacks"""
_BUYS = """best_of num_return_sequences candidate_count tools tool_choice functions function_call enable_search
    plugins mcp_servers container modalities audio prediction speed"""
_ENVELOPE = "api_key authorization headers extra_headers extra_query extra_body timeout"
_REFUSED: dict[str, str] = {
    **dict.fromkeys(_ASKS.split(), _ASKED),
    **dict.fromkeys(_BUYS.split(), _COSTS),
    **dict.fromkeys(_ENVELOPE.split(), "it is no field of a request's body"),
}
_MODEL_KEYS = ("service_tier", "inference_geo")


def checked_extra(source: SweepText, key: Key, extra: dict[str, Any]) -> dict[str, Any]:
    """The fields as JSON takes them. Raises InputError for a field that is refused or is no JSON."""
    for name in extra:
        _check_name(source, (*key, name))
    return {name: _json(source, (*key, name), value) for name, value in extra.items()}


def _check_name(source: SweepText, key: Key) -> None:
    name = str(key[-1]).strip().lower()
    if name == "seed":
        raise source.error(key, "one constant seed would make repeated samples alike", "delete it")
    if name == "n":
        raise source.error(key, f"is refused in extra: {_COSTS}", "state samples and max_n instead")
    if name in {"stop_sequences", *PARAMS}:
        stated = "stop" if name == "stop_sequences" else name
        raise source.error(
            key, "is refused in extra", f"state {stated} as a key of [sampling] or of the model"
        )
    if name in _MODEL_KEYS:
        raise source.error(key, f"is refused in extra: {_COSTS}", f"state {name} as a key of the model")
    if reason := _REFUSED.get(name) or (_COSTS if name.startswith("web_search") else None):
        raise source.error(key, f"is refused in extra: {reason}", "delete it")


def _json(source: SweepText, key: Key, value: Any) -> Any:
    if isinstance(key[-1], str) and _BOUND.fullmatch(key[-1].strip()):
        raise source.error(
            key, f"is refused in extra: {_COSTS}", "state max_tokens in [sampling] or in the model"
        )
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {name: _json(source, (*key, name), inner) for name, inner in table.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_json(source, (*key, index), inner) for index, inner in enumerate(items)]
    if isinstance(value, Decimal):
        number = float(value)
        if not math.isfinite(number):
            raise source.error(key, "must be a finite number", "JSON has neither nan nor inf")
        return number
    if isinstance(value, str | bool | int):
        return value
    raise source.error(key, "is a date or time, which JSON does not have", "write it as a text in quotes")
