"""From a model of a sweep to its providers."""

from typing import Any

import aiohttp
import pytest

from providers.build import build
from providers.errors import (
    Stopped,
)
from providers.types import Prompt, Request
from tests.loopback.openai_wire import openai_vendor
from tests.providers.direct.asking import KEY, four


def keys(**more: Any) -> Any:
    stated: dict[str, Any] = {
        "provider": "vllm",
        "model": "m",
        "api": "chat",
        "servers": (),
        "base_url": None,
        "own_host": False,
        "api_key": None,
        "api_version": None,
        "free_5xx": False,
        "server_defaults": False,
        "service_tier": None,
        "inference_geo": None,
        "concurrency": 8,
        "tape": None,
        "speed": 60.0,
        "params": {},
    }
    return {**stated, **more}


def test_vllm_has_a_provider_for_each_server():
    servers = ("http://a:1/v1", "http://b:2/v1")
    assert [one.server for one in build(**keys(servers=servers))] == list(servers)


def test_openai_compatible_has_one():
    made = build(**keys(provider="openai-compatible", base_url="http://a/v1", api="completions"))
    assert [one.server for one in made] == ["http://a/v1"]


@pytest.mark.parametrize(
    ("more", "server"),
    [
        ({"provider": "openai"}, "https://api.openai.com/v1"),
        ({"provider": "openai", "api": "responses", "base_url": "http://a/v1"}, "http://a/v1"),
        ({"provider": "openai", "api": "completions"}, "https://api.openai.com/v1"),
        ({"provider": "anthropic"}, "https://api.anthropic.com"),
    ],
)
async def test_the_vendors_have_one(more, server):
    (made,) = build(**keys(api_key=KEY, **more))
    assert made.server.rstrip("/") == server
    await made.aclose()


async def test_openais_old_wire_goes_out_as_it_was():
    async with openai_vendor(answer=four, key=KEY) as vendor:
        (made,) = build(**keys(provider="openai", api="completions", base_url=vendor.base_url, api_key=KEY))
        raw = Request(model="m", prompt=Prompt(text="Q"), n=2, max_tokens=9, timeout_s=5, problem="p")
        assert [c.text for c in (await made.send(raw)).choices] == [" 4", " 4"]
        await made.aclose()
    assert vendor.seen[0].body == {"model": "m", "prompt": "Q", "max_tokens": 9, "n": 2}


def test_replay_plays_a_tape(tmp_path):
    (made,) = build(**keys(provider="replay", tape=tmp_path / "tape.jsonl.gz"))
    assert made.server == "tape:tape.jsonl.gz"


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "nobody"},
        {"provider": "openai"},
        {"provider": "anthropic"},
        {"provider": "replay"},
        {"provider": "openai-compatible"},
        {"provider": "vllm"},
        {"api": "responses"},
    ],
)
def test_what_cannot_be_built_says_why(wrong):
    with pytest.raises(Stopped):
        build(**keys(**({"servers": ("http://a/v1",)} if "api" in wrong else {}), **wrong))


def test_aiohttp_makes_no_post_twice():
    """What `one send, one attempt` rests on: aiohttp asks again only with methods that may be repeated."""
    assert "POST" not in aiohttp.client.IDEMPOTENT_METHODS
