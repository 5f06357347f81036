import asyncio
from typing import Any, cast

import httpx2
import pytest

from providers.sdk.connection_pools import CONNECTIONS_A_POOL, Pools


class Server:
    """Answers when it is let to, and counts its connections."""

    def __init__(self):
        self.connections = 0
        self.let = asyncio.Event()
        self.asked = 0
        self._came = asyncio.Condition()
        self._handlers = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        self._handlers.add(asyncio.current_task())
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                async with self._came:
                    self.asked += 1
                    self._came.notify_all()
                await self.let.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def was_asked(self, number):
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: self.asked >= number)


def client(concurrency, made):
    def make(connections):
        made.append(connections)
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        return httpx2.AsyncHTTPTransport(limits=limits)

    return httpx2.AsyncClient(transport=Pools(make, concurrency), trust_env=False)


async def test_pools_are_made_as_they_are_needed_and_connections_used_again():
    made = []
    async with Server() as server, client(20, made) as http:
        server.let.set()
        for _ in range(5):
            assert (await http.get(server.url)).text == "ok"
        assert (made, server.connections) == ([CONNECTIONS_A_POOL], 1)
        server.let.clear()
        server.asked = 0
        async with asyncio.TaskGroup() as group:
            replies = [group.create_task(http.get(server.url)) for _ in range(20)]
            await server.was_asked(20)
            assert made == [8, 8, 4]
            server.let.set()
        assert {reply.result().text for reply in replies} == {"ok"}
        assert server.connections == 20
        assert (await http.get(server.url)).text == "ok"
        assert server.connections == 20


async def test_more_requests_than_connections_wait_for_one():
    made = []
    async with Server() as server, client(2, made) as http, asyncio.TaskGroup() as group:
        replies = [group.create_task(http.get(server.url)) for _ in range(6)]
        await server.was_asked(2)
        await asyncio.sleep(0.05)
        assert (server.asked, server.connections, made) == (2, 2, [2])
        server.let.set()
        assert [(await reply).status_code for reply in replies] == [200] * 6
        assert server.connections == 2


@pytest.mark.parametrize("how", ["cancelled", "refused"])
async def test_a_request_that_came_to_nothing_leaves_its_room(how):
    made = []
    async with Server() as server, client(CONNECTIONS_A_POOL, made) as http:
        for _ in range(3 * CONNECTIONS_A_POOL):
            if how == "refused":
                with pytest.raises(httpx2.ConnectError):
                    await http.get("http://127.0.0.1:9/")
            else:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await http.get(server.url)
        server.let.set()
        assert (await http.get(server.url)).text == "ok"
        assert made == [CONNECTIONS_A_POOL]
        assert cast("Any", http)._transport._pools[0].in_flight == 0
