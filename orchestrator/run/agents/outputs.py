"""What becomes of an attempt's end: the text of its sample, taken from where the sweep file says."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, cast

from orchestrator.run.agents.place import Place

MOST_BYTES = 16 * 1024 * 1024
"""Of a sample's text; what is larger counts as none."""


class NoOutput(Exception):  # noqa: N818 - what it says
    """There is nothing to take; its text says why."""


def text_of(found: bytes) -> str:
    return found.decode("utf-8", errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def from_file(place: Place, name: str) -> str:
    """`name`: relative to the folder, or beginning with `{out}`. Raises NoOutput."""
    return text_of(_bytes(place, name))


def from_json(place: Place, stated: str) -> str:
    """`stated`: PATH:field.inner. A value that is no text is given as JSON. Raises NoOutput."""
    name, _, field = stated.rpartition(":")
    try:
        value: Any = json.loads(_bytes(place, name))
    except (ValueError, RecursionError):
        raise NoOutput(f"{name} holds no JSON") from None
    for step in field.split("."):
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        elif isinstance(value, list) and step.lstrip("-").isdecimal():
            items = cast("list[Any]", value)
            value = items[int(step)] if -len(items) <= int(step) < len(items) else None
        else:
            value = None
        if value is None:
            raise NoOutput(f"{name} has no {field}")
    text = value if isinstance(value, str) else json.dumps(value)
    return text_of(text.encode("utf-8", errors="replace"))


def _bytes(place: Place, name: str) -> bytes:
    """Never by a link out of the attempt: what lies behind it is not the agent's to give."""
    path = Path(name.replace("{out}", str(place.out))) if name.startswith("{out}") else place.folder / name
    real = Path(os.path.realpath(path))
    if place.outside.resolve() not in real.parents:
        raise NoOutput(f"{name} leads out of the attempt's folder")
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise NoOutput(f"{name}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoOutput(f"{name} is not a file")
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise NoOutput(f"{name} is larger than {MOST_BYTES // 2**20} MB")
    return found
