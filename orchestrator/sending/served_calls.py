"""The servers that a run starts itself, as an agent's calls reach them: each comes and goes with its process."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.scheduler.endpoints import Endpoint
from providers.forward import Forwarder


class ServedCalls:
    """Of one model. `endpoints` and `forwarders` are the gateway's, in one order; `make` makes a forwarder to a URL
    with the key of the server there."""

    def __init__(
        self, endpoints: list[Endpoint], forwarders: list[Forwarder], make: Callable[[str, str], Forwarder]
    ) -> None:
        self._endpoints = endpoints
        self._forwarders = forwarders
        self._make = make

    def starts(self, copy: int, url: str, key: str) -> None:
        """A server is ready there."""
        self._forwarders[copy] = self._make(url, key)
        self._endpoints[copy].starts(url)

    def leaves(self, copy: int, why: str, *, coming: bool = True) -> None:
        """It isn't there. `coming`: whether it will be though nothing else ends."""
        self._endpoints[copy].absent, self._endpoints[copy].coming = why, coming

    async def aclose(self, copy: int) -> None:
        """Its process is gone."""
        await self._forwarders[copy].aclose()
