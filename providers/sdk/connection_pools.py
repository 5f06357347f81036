"""Many small connection pools in the place of one.

httpx2's pool looks at every one of its connections whenever a request comes or goes, and asks the idle ones' sockets
whether they still live: with hundreds of connections that is most of what a request costs. Small pools, the first of
them filled first, keep it as cheap with 2,000 in flight as with 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

CONNECTIONS_A_POOL = 8


class Pools(httpx2.AsyncBaseTransport):
    """`make(connections)` gives a transport with room for so many; there are never more than `concurrency` in all."""

    def __init__(self, make: Callable[[int], httpx2.AsyncBaseTransport], concurrency: int) -> None:
        self._make = make
        self._left = max(1, concurrency)
        """Connections that no pool has room for yet: pools are made when they are needed."""
        self._pools: list[_Pool] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        pool = self._with_room()
        pool.in_flight += 1
        try:
            response = await pool.transport.handle_async_request(request)
        except BaseException:
            pool.in_flight -= 1
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, pool)
        return response

    def _with_room(self) -> _Pool:
        """The first pool with room, so that connections are used again while they are warm; if all are full the
        one with the fewest requests, which then wait in it."""
        for pool in self._pools:
            if pool.in_flight < pool.connections:
                return pool
        if self._left:
            size = min(CONNECTIONS_A_POOL, self._left)
            self._left -= size
            self._pools.append(_Pool(self._make(size), size))
            return self._pools[-1]
        return min(self._pools, key=lambda pool: pool.in_flight / pool.connections)

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.transport.aclose()


class _Pool:
    def __init__(self, transport: httpx2.AsyncBaseTransport, connections: int) -> None:
        self.transport = transport
        self.connections = connections
        self.in_flight = 0


class _Counted(httpx2.AsyncByteStream):
    """A reply's body; once it is closed its pool has room again."""

    def __init__(self, inner: httpx2.AsyncByteStream, pool: _Pool) -> None:
        self._inner = inner
        self._pool: _Pool | None = pool

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._inner.__aiter__()

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        try:
            await self._inner.aclose()
        finally:
            if pool is not None:
                pool.in_flight -= 1
