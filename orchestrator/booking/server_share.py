"""What a request owes of the time of a server that is paid by the hour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A request's share of a server's time, in pico-dollars; `leased` of it were reserved."""

    pico: int
    leased: int
