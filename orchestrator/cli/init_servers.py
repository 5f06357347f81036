"""The local servers that `manyfew init` looks for, and what a sweep file says of each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

PROBE_S = 1.0
MOST_BYTES = 1 << 20


class Kind(NamedTuple):
    """`owner`: how its list of models gives it away; `port`: where it listens unless told otherwise."""

    name: str
    port: int
    owner: str = ""
    concurrency: str = ""
    """Its own setting of how many requests it takes at a time."""


VLLM = Kind("vLLM", 8000, "vllm")
KINDS = (
    VLLM,
    Kind("SGLang", 30000, "sglang", "--max-running-requests"),
    Kind("llama.cpp", 8080, "llamacpp", "--parallel"),
    Kind("Ollama", 11434, "library", "OLLAMA_NUM_PARALLEL"),
    Kind("LM Studio", 1234, "organization_owner", "its parallel requests"),
    Kind("TGI", 3000, "", "--max-concurrent-requests"),
)


class Served(NamedTuple):
    """What a server says that it serves: nothing if it doesn't answer."""

    models: tuple[str, ...] = ()
    owner: str = ""


def served_at(url: str) -> Served:
    """Asked within a second."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(f"{url}/models", timeout=PROBE_S) as reply:  # noqa: S310  callers admit http(s) alone
            listed = [(one["id"], one.get("owned_by")) for one in json.loads(reply.read(MOST_BYTES))["data"]]
    except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError):
        return Served()
    names = [name for name, _ in listed if isinstance(name, str) and 0 < len(name) < 200]
    owner = next((str(owner) for _, owner in listed if owner), "")
    return Served(tuple(name for name in names if name.isprintable()), owner)


def kind_of(url: str, served: Served) -> Kind:
    """By what it says, else by its port, else vLLM."""
    port = urlsplit(url).port
    said = (one for one in KINDS if one.owner and one.owner == served.owner)
    return next(said, next((one for one in KINDS if one.port == port), VLLM))


def named_kind(answer: str) -> Kind | None:
    """Of its name as people type it: LM Studio, lmstudio, llama-cpp."""

    def plain(name: str) -> str:
        return re.sub(r"[\s._-]", "", name).lower()

    return next((one for one in KINDS if plain(one.name) == plain(answer)), None)


def has_port(url: str) -> bool:
    """Whether it can be read as an address, with a usual port or one from 1 to 65535."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def address(kind: Kind) -> str:
    return f"http://127.0.0.1:{kind.port}/v1"


def running(served: Callable[[str], Served]) -> list[tuple[str, Served]]:
    """The servers that answer on this machine, at the ports that they have unless told otherwise."""
    urls = [address(kind) for kind in KINDS]
    with ThreadPoolExecutor(len(urls)) as threads:
        return [found for found in zip(urls, threads.map(served, urls), strict=True) if found[1].models]


def section_of(alias: str, kind: Kind, url: str, model: str | None) -> str:
    """The table of one model at a server that isn't vLLM. `model`: None if the server didn't say what it serves."""
    unsaid = "   # change it to a model that the server has" if model is None else ""
    setting = f"as many as it takes at a time: {kind.concurrency}"
    return (
        f"[models.{alias}]                 # `{alias}` is the name used in every table and chart\n"
        f'provider = "openai-compatible"  # {kind.name}\n'
        f"model = {json.dumps(model or 'default')}{unsaid}\n"
        f"base_url = {json.dumps(url)}\n"
        "price = { input = 0, output = 0 }        # dollars per million tokens: what it costs you, or 0\n"
        f"# limits = {{ concurrency = 4 }}           # {setting}\n\n"
    )
