"""Keys stay out of what is handed on: the values of this environment's keys are looked for in every byte of it."""

from __future__ import annotations

import os
import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from orchestrator.errors import InputError

USUAL = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "HF_TOKEN")
SHORTEST = 8
"""Characters of a value that is looked for; a shorter one, such as a server's "EMPTY", is no secret and no find."""
_USERINFO = re.compile(r"(?<=://)[^/\s\"'@]+@")


def secrets_of(connection: sqlite3.Connection) -> dict[str, bytes]:
    """The values of the variables that the ledger's sweep files name for keys, and of the usual ones, by name."""
    names = set(USUAL)
    for (text,) in connection.execute("SELECT text FROM sweep_file"):
        names |= set(_named(text))
    values = {name: os.environ.get(name, "").strip() for name in sorted(names)}
    return {name: value.encode() for name, value in values.items() if len(value) >= SHORTEST}


def without_userinfo(text: str) -> str:
    """A sweep file without the user and password that an address in it may carry."""
    return _USERINFO.sub("***@", text)


def _named(text: str) -> Iterable[str]:
    try:
        models = tomllib.loads(text).get("models")
    except tomllib.TOMLDecodeError:
        return
    if not isinstance(models, dict):
        return
    for model in cast("Mapping[str, Any]", models).values():
        name = cast("Mapping[str, Any]", model).get("api_key_env") if isinstance(model, dict) else None
        if isinstance(name, str):
            yield name


class Guard:
    """Looks through what is written, part by part."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._secrets = secrets
        self._longest = max(map(len, secrets.values()), default=0)

    def part(self, name: str) -> Callable[[bytes], None]:
        """A function that receives each piece of the part in turn. It raises InputError if a key is in it, also
        over the seam of two pieces."""
        kept = b""

        def look(data: bytes) -> None:
            nonlocal kept
            if not self._secrets:
                return
            seen = kept + data
            for variable, value in self._secrets.items():
                if value in seen:
                    message = f"the value of {variable} is in it: no bundle is written"
                    raise InputError(name, message, "withdraw that key at its vendor, then unset it here")
            kept = seen[-(self._longest - 1) :] if self._longest > 1 else b""

        return look
