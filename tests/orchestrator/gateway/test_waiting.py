"""A call that waits for its vendor keeps its client waiting, on one connection, whatever the client's patience."""

from __future__ import annotations

import openai
import pytest

from orchestrator.gateway import server
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Said
from tests.orchestrator.gateway.at_work import agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import HI, client_of
from tests.orchestrator.run.serving import serving


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ends_well", [True, False])
def test_keep_alive_bytes_hold_a_client_with_a_short_time_out(tmp_path, monkeypatch, stream, ends_well):
    monkeypatch.setattr(server, "KEEPS_WAITING_AFTER_S", 0.3)
    monkeypatch.setattr(server, "KEEP_ALIVE_S", 0.2)
    refused: list[int] = []

    def says(_) -> Said | None:
        refused.append(1)
        if len(refused) <= 2:
            return Said(429, {"error": {"message": "slow down"}}, {"Retry-After": "1"})
        return None if ends_well else Said(400, {"error": {"message": "no such thing", "type": "bad"}})

    vendor = openai_vendor(says=says)
    db = tmp_path / "test.db"
    told: list[str] = []

    async def program(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0, timeout=0.9) as client:
            try:
                reply = await client.chat.completions.create(**HI, stream=stream)
                if stream:
                    told.extend([chunk.choices[0].delta.content or "" async for chunk in reply])
                else:
                    told.append(str(reply.choices and reply.choices[0].message.content))
                    told.append(str(getattr(reply, "error", "")))
            except openai.APIError as error:
                told.append(error.message)
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    assert len(refused) == 3
    assert ("no such thing" in " ".join(told)) is not ends_well
    assert len(vendor.billed) == ends_well
    check_attempts(db, vendor)
