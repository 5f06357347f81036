"""How many token ids a choice has: they are counted, not read. Pure."""

from __future__ import annotations

from typing import Any, cast

import msgspec

# As numbers, not as bytes: found in a tenth of the time.
_COMMA, _QUOTE, _BRACE, _BRACKET = b',"{['


def length_of(ids: object) -> int | None:
    """Of a list, decoded or not."""
    if isinstance(ids, msgspec.Raw):
        raw = bytes(ids)
        if _COMMA in raw and not (
            _QUOTE in raw or _BRACE in raw or raw.find(_BRACKET, raw.find(_BRACKET) + 1) >= 0
        ):
            return raw.count(_COMMA) + 1
        ids = msgspec.json.decode(raw)
    return len(cast("list[Any]", ids)) if isinstance(ids, list) else None
