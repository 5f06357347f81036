"""A client that has gone before its fault's turn: the vendor bills its work and says nothing of an error of its own."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor


async def until(so):
    async with asyncio.timeout(10):
        while not so():  # noqa: ASYNC110 - the vendor keeps lists, no events
            await asyncio.sleep(0.002)


KINDS = ["RESET_BILLED", "CLOSED", "HALF_HEADERS", "HALF_BODY", "CUT_STREAM", "NO_END", "DRIP"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", KINDS)
async def test_a_client_that_left_is_no_error(caplog, name, streamed):
    caplog.set_level(logging.ERROR)
    async with openai_vendor(latency=0.03) as vendor:
        vendor.faults.append(getattr(faults, name))
        body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": streamed}
        sent = json.dumps(body).encode()
        host, port = vendor.root_url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sent)}\r\n\r\n"
        writer.write(head.encode() + sent)
        await writer.drain()
        await until(lambda: vendor.seen)
        writer.close()
        await until(lambda: not vendor.in_flight)
        assert len(vendor.billed) == 1
    assert caplog.records == []
