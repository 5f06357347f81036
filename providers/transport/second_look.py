"""A reply that broke off may be had from its vendor by its id: it is looked up before anything is bought again."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from providers.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from providers.types import Reply

WAITS_S = (1.0, 2.0, 4.0, 8.0)
"""Before each look: vendors know of a reply some seconds after its end."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_FIRST_ID = re.compile(rb'(?<!\\)"id"\s{0,8}:\s{0,8}"([A-Za-z0-9_-]{1,200})"')
_NEAR_ITS_BEGINNING = 4096


def is_plain_id(reply_id: object) -> bool:
    """Whether an id that a server sent may become a part of an address."""
    return isinstance(reply_id, str) and _ID.fullmatch(reply_id) is not None


def id_begun(body: bytes) -> str | None:
    """The id of a JSON reply of which perhaps only the beginning came. A reply's own id stands before those of its
    parts, and in a text a quotation mark has a backslash before it."""
    found = _FIRST_ID.search(body, 0, _NEAR_ITS_BEGINNING)
    return None if found is None else found[1].decode("ascii")


async def look_again(look: Callable[[], Awaitable[Reply | None]]) -> Reply | None:
    """What the vendor has of it; None if it has nothing yet, or does not say. It costs nothing, and raises nothing but
    a cancellation."""
    for wait in WAITS_S:
        await asyncio.sleep(wait)
        try:
            found = await look()
        except ProviderError:
            continue
        if found is not None:
            return found
    return None
