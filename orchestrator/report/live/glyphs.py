"""The signs a display draws with, and their stand-ins if the terminal's encoding lacks them."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Each sign is one cell wide, but `ellipsis` and `times`."""

    settled: str = "█"
    presumed: str = "▓"
    reserved: str = "▒"
    left: str = "░"
    done: str = "█"
    failed: str = "▒"
    todo: str = "░"
    dot: str = "·"
    times: str = "×"
    ellipsis: str = "…"
    unknown: str = "–"


UNICODE = Glyphs()
ASCII = Glyphs(
    settled="#",
    presumed="!",
    reserved="+",
    left=".",
    done="#",
    failed="!",
    todo=".",
    dot="-",
    times="x",
    ellipsis="...",
    unknown="-",
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """UNICODE if `encoding` can write all of it."""
    try:
        "".join(getattr(UNICODE, field.name) for field in fields(UNICODE)).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def writable(text: str, encoding: str | None) -> str:
    """`text` as a stream of that encoding will show it, so that its width can be known before it is written."""
    try:
        return text.encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")
