"""What `manyfew init` asks on a terminal: which server, which vendor, how many dollars."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

DEFAULT_SERVER = "http://127.0.0.1:8000/v1"
PROBE_S = 1.0
MOST_BYTES = 1 << 20
VENDORS = {
    "OPENAI_API_KEY": ("openai", "gpt-4o-2024-08-06"),
    "ANTHROPIC_API_KEY": ("anthropic", "claude-sonnet-4-5"),
}

Ask = Callable[[str, str], str]
"""(question, what an empty answer means) → the answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """None: as the starter has it."""

    server: str | None = None
    served: str | None = None
    """The model that the server says it serves."""
    vendor: str | None = None
    budget_usd: str | None = None


def ask_all(ask: Ask, say: Callable[[str], None], served_at: Callable[[str], str | None]) -> Answers:
    """An answer that can't be is asked again."""
    found = served_at(DEFAULT_SERVER)
    said = f", which serves {found}" if found else ""
    server = _asked(
        ask, say, f"Your vLLM server{said}", DEFAULT_SERVER, r"https?://\S+/v1", "an address ending in /v1"
    )
    served = found if server == DEFAULT_SERVER else served_at(server)
    keys = [name for name in VENDORS if os.environ.get(name)]
    names = [VENDORS[name][0] for name in VENDORS]
    vendor = VENDORS[keys[0]][0] if keys else "openai"
    held = f"keys here: {', '.join(keys)}" if keys else "no key in the environment yet"
    vendor = _asked(
        ask, say, f"The dear model's vendor ({held})", vendor, "|".join(names), " or ".join(names)
    )
    budget = _asked(
        ask, say, "Budget in dollars, hard", "5.0", r"\d{1,6}(\.\d+)?", "a number such as 5 or 0.50"
    )
    return Answers(server, served, vendor, budget)


def filled(starter: str, answers: Answers) -> str:
    """The starter file with the answers in place of its examples."""
    text = starter
    if answers.budget_usd is not None:
        text = re.sub(
            r"^budget_usd = \S+ *", f"budget_usd = {answers.budget_usd}  ", text, count=1, flags=re.MULTILINE
        )
    cheap, dear = text.index("[models.cheap]"), text.index("[models.dear]")
    head, first, second = text[:cheap], text[cheap:dear], text[dear:]
    if answers.server is not None:
        first = first.replace(DEFAULT_SERVER, answers.server)
    if answers.served is not None:
        first = re.sub(
            r'^model = ".*"', lambda _: f"model = {json.dumps(answers.served)}", first, flags=re.MULTILINE
        )
    if answers.vendor == "anthropic":
        second = second.replace('provider = "openai"', 'provider = "anthropic"').replace(
            "gpt-4o-2024-08-06", "claude-sonnet-4-5"
        )
        second = second.replace("OPENAI_API_KEY", "ANTHROPIC_API_KEY").replace(
            "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"
        )
        second = second.replace("https://api.openai.com/v1", "https://api.anthropic.com")
    return head + first + second


def served_at(url: str) -> str | None:
    """The first model that the server names, asked within a second; None where it doesn't answer so."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(f"{url}/models", timeout=PROBE_S) as reply:  # noqa: S310  _asked admits http and https alone
            name = json.loads(reply.read(MOST_BYTES))["data"][0]["id"]
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return None
    return name if isinstance(name, str) and 0 < len(name) < 200 and name.isprintable() else None


def _asked(
    ask: Ask, say: Callable[[str], None], question: str, default: str, pattern: str, wanted: str
) -> str:
    while True:
        answer = ask(question, default).strip() or default
        if re.fullmatch(pattern, answer):
            return answer
        say(f"{answer!r} won't do: {wanted}, please")
