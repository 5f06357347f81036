"""What `manyfew init` asks on a terminal: which server, which vendor, how many dollars."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

DEFAULT_SERVER = "http://127.0.0.1:8000/v1"
NO_SERVER = "none"
OWN_SERVER = "start"
PROBE_S = 1.0
MOST_BYTES = 1 << 20


class Vendor(NamedTuple):
    """What an answer puts into the file. `effort` is how the small model is kept from long reasoning."""

    provider: str
    key: str
    base_url: str
    small: str
    large: str
    effort: str


OPENAI = Vendor(
    "openai",
    "OPENAI_API_KEY",
    "https://api.openai.com/v1",
    "gpt-6-luna",
    "gpt-6-sol",
    'extra = { reasoning_effort = "none" }\n',
)
"""The vendor of the starter file."""
ANTHROPIC = Vendor(
    "anthropic",
    "ANTHROPIC_API_KEY",
    "https://api.anthropic.com",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "",
)
VENDORS = (OPENAI, ANTHROPIC)

SERVE = """\
[models.cheap.serve]           # `run` starts the server, uses it and stops it; gpu_usd_per_hour counts all that time
args = ["--max-model-len", "4096"]       # added to: vllm serve MODEL --host 127.0.0.1 --port PORT
# gpus = 1                     # GPUs that it takes; copies = "all": as many servers as fit
"""

Ask = Callable[[str, str], str]
"""(question, what an empty answer means) → the answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """None: as the starter has it."""

    server: str | None = None
    """An address; "none": no server of one's own, so both models are the vendor's; "start": `run` starts one."""
    served: str | None = None
    """The model that the server says it serves."""
    vendor: str | None = None
    budget_usd: str | None = None


def ask_all(ask: Ask, say: Callable[[str], None], served_at: Callable[[str], str | None]) -> Answers:
    """Asks again after an answer that can't be used."""
    found = served_at(DEFAULT_SERVER)
    usual = DEFAULT_SERVER
    own = ""
    if found is None and can_start():
        usual, own = OWN_SERVER, f"{OWN_SERVER}: let `run` start it on this machine's GPUs; "
    serves = f", which serves {found}" if found else ""
    question = f"Your vLLM server{serves} ({own}{NO_SERVER}: use the vendor's small model)"
    server = _asked(ask, say, question, usual, _server_trouble, _server_meant)
    served = (
        None
        if server in (NO_SERVER, OWN_SERVER)
        else found
        if server == DEFAULT_SERVER
        else served_at(server)
    )
    keys = [vendor for vendor in VENDORS if os.environ.get(vendor.key)]
    held = f"keys set: {', '.join(vendor.key for vendor in keys)}" if keys else "no key is set yet"
    default = (keys or VENDORS)[0].provider
    vendor = _asked(ask, say, f"Vendor of the expensive model ({held})", default, _vendor_trouble)
    budget = _asked(ask, say, "Budget in dollars, hard", "5.0", _budget_trouble, _budget_meant)
    return Answers(server, served, vendor, budget)


def filled(starter: str, answers: Answers) -> str:
    """The starter file with the answers in place of its examples."""
    text = starter
    if answers.budget_usd is not None:
        text = re.sub(
            r"^budget_usd = \S+ *", f"budget_usd = {answers.budget_usd}  ", text, count=1, flags=re.MULTILINE
        )
    cheap, expensive = text.index("[models.cheap]"), text.index("[models.expensive]")
    head, first, second = text[:cheap], text[cheap:expensive], text[expensive:]
    vendor = next((vendor for vendor in VENDORS if vendor.provider == answers.vendor), OPENAI)
    return head + _cheap(first, vendor, answers) + _expensive(second, vendor)


def _cheap(section: str, vendor: Vendor, answers: Answers) -> str:
    if answers.server == NO_SERVER:
        return (
            "[models.cheap]                 # `cheap` is the name used in every table and chart\n"
            f'provider = "{vendor.provider}"\nmodel = "{vendor.small}"\nmax_tokens = 1024\n'
            f'unset = ["temperature"]        # models that reason reject it\n{vendor.effort}\n'
        )
    if answers.server == OWN_SERVER:
        section = re.sub(r"^servers = .*\n", "", section, flags=re.MULTILINE).rstrip("\n")
        return f"{section}\n\n{SERVE}\n"
    if answers.server is not None:
        section = section.replace(DEFAULT_SERVER, answers.server)
    if answers.served is not None:
        model = f"model = {json.dumps(answers.served)}"
        section = re.sub(r'^model = ".*"', lambda _: model, section, flags=re.MULTILINE)
    return section


def _expensive(section: str, vendor: Vendor) -> str:
    if vendor is OPENAI:
        return section
    for ours, theirs in (
        ('provider = "openai"', f'provider = "{vendor.provider}"'),
        (OPENAI.large, vendor.large),
        (OPENAI.key, vendor.key),
        (OPENAI.key.replace("API_KEY", "BASE_URL"), vendor.key.replace("API_KEY", "BASE_URL")),
        (OPENAI.base_url, vendor.base_url),
        ('extra = { reasoning_effort = "low" }   # as OpenAI names it; passed as it is\n', ""),
        ("max_tokens = 1024", "max_tokens = 2048"),
    ):
        section = section.replace(ours, theirs)
    return section


def can_start() -> bool:
    """Whether there are GPUs and vLLM on this machine."""
    import shutil
    import sys

    from orchestrator.run.servers.gpus import usable

    return sys.platform == "linux" and shutil.which("vllm") is not None and bool(usable(None, os.environ))


def served_at(url: str) -> str | None:
    """The first model that the server names, asked within a second; None if it doesn't answer so."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(f"{url}/models", timeout=PROBE_S) as reply:  # noqa: S310  _server_trouble admits http(s) alone
            name = json.loads(reply.read(MOST_BYTES))["data"][0]["id"]
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return None
    return name if isinstance(name, str) and 0 < len(name) < 200 and name.isprintable() else None


def _asked(
    ask: Ask,
    say: Callable[[str], None],
    question: str,
    default: str,
    trouble: Callable[[str], str | None],
    meant: Callable[[str], str] = str,
) -> str:
    """`meant` makes what is wanted of what is usually typed."""
    while True:
        answer = meant(ask(question, default).strip() or default)
        said = trouble(answer)
        if said is None:
            return answer
        say(said)


def _server_meant(answer: str) -> str:
    """localhost:8000 is http://localhost:8000/v1. A path of another kind stays as it is."""
    if answer in (NO_SERVER, OWN_SERVER) or not re.fullmatch(
        r"(?:https?://)?[^\s/:]+(?::\d+)?(?:/v1)?/*", answer
    ):
        return answer
    if "://" not in answer and not re.search(r":\d|\.", answer):
        return answer  # a word, not a host
    scheme, _, host = answer.rpartition("://")
    return f"{scheme or 'http'}://{host.rstrip('/').removesuffix('/v1')}/v1"


def _budget_meant(answer: str) -> str:
    """$3, 3 dollars and 1,000 are 3 and 1000. A comma that may be a decimal one stays."""
    plain = re.sub(r"^\$|\$$|(?i:usd|dollars?)$", "", answer).strip()
    return plain.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain


def _server_trouble(answer: str) -> str | None:
    if answer in (NO_SERVER, OWN_SERVER) or re.fullmatch(r"https?://\S+/v1", answer):
        return None
    host = re.sub(r"^\w+://|(?:/v1)?/*$", "", answer)
    scheme = "https" if answer.startswith("https://") else "http"
    hint = f"{scheme}://{host}/v1" if re.fullmatch(r"[^\s/]\S*", host) else DEFAULT_SERVER
    return f"{answer!r} isn't a full address. Did you mean {hint}?"


def _vendor_trouble(answer: str) -> str | None:
    names = [vendor.provider for vendor in VENDORS]
    return None if answer in names else f"{answer!r} isn't one of the vendors: type {' or '.join(names)}."


def _budget_trouble(answer: str) -> str | None:
    if re.fullmatch(r"\d{1,6}(\.\d+)?", answer):
        return None
    return f"{answer!r} isn't an amount of dollars. Type a number such as 5 or 0.50."
