"""vLLM over the lean wire: neutral values, token ids, probes."""

import pytest

from providers.errors import (
    NotSent,
    Overloaded,
    Stopped,
)
from providers.vllm import NEUTRAL, vllm
from tests.loopback import faults
from tests.loopback.closed_port import closed_port
from tests.loopback.openai_wire import openai_vendor
from tests.providers.direct.asking import ask, failing


@pytest.fixture
async def server():
    async with openai_vendor(flavour="vllm") as made:
        yield made


@pytest.fixture
async def vllm_provider(server):
    made = vllm(server.base_url)
    yield made
    await made.aclose()


async def test_vllm_gets_neutral_values_for_what_is_not_stated(server, vllm_provider):
    await vllm_provider.send(ask(params={"temperature": 0.6, "top_k": 20}))
    sent = server.seen[0].body
    assert {key: sent[key] for key in NEUTRAL} == {**NEUTRAL, "temperature": 0.6, "top_k": 20}


async def test_server_defaults_leaves_them_to_the_server(server):
    provider = vllm(server.base_url, server_defaults=True)
    await provider.send(ask())
    await provider.aclose()
    assert not set(NEUTRAL) & set(server.seen[0].body)


async def test_vllm_tells_each_samples_tokens(server, vllm_provider):
    reply = await vllm_provider.send(ask(8))
    tokens = [c.output_tokens for c in reply.choices]
    assert sum(tokens) == reply.usage.output
    assert len(set(tokens)) > 1


async def test_a_server_that_knows_no_token_ids_is_asked_without_them_from_then_on(server, vllm_provider):
    server.refused = frozenset({"return_token_ids"})
    error = await failing(vllm_provider, ask(2))
    assert type(error) is Overloaded
    assert error.retry_after_s == 0
    assert "return_token_ids" in error.message
    reply = await vllm_provider.send(ask(2))
    assert [c.output_tokens for c in reply.choices] == [None, None]
    assert "return_token_ids" not in server.seen[-1].body


async def test_a_refused_neutral_value_names_the_key_that_leaves_it_out(server, vllm_provider):
    server.refused = frozenset({"min_p"})
    error = await failing(vllm_provider)
    assert type(error) is Stopped
    assert "server_defaults = true" in error.message


@pytest.mark.parametrize("fault", [faults.ERROR_500, faults.ERROR_503])
async def test_vllms_own_5xx_is_free(server, vllm_provider, fault):
    server.faults.append(fault)
    assert type(await failing(vllm_provider)) is Overloaded


async def test_a_probe_costs_nothing_and_tells_models_and_version(server, vllm_provider):
    server.models = ("a", "b")
    probe = await vllm_provider.probe()
    assert (probe.models, probe.version, probe.context_tokens["a"]) == (("a", "b"), "0.32.0", 2048)
    assert server.seen == []
    server.models = None
    assert (await vllm_provider.send(ask())).server_version == "vllm 0.32.0"


async def test_any_endpoint_can_be_probed_for_its_models(vendor, provider):
    vendor.models = ("a", "b")
    assert (await provider.probe()).models == ("a", "b")
    assert vendor.billed_pico == 0


async def test_a_probe_of_a_dead_server_says_so():
    with closed_port() as port:
        provider = vllm(f"http://127.0.0.1:{port}/v1")
        with pytest.raises(NotSent, match="refused"):
            await provider.probe()
        await provider.aclose()
