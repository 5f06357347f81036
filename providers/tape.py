"""A tape: the recorded samples of a real sweep, to be played back by `replay`.

Gzipped JSON lines. The first line is the header: {"tape": 1, "name", "recorded_at" (ISO 8601), "recorded_with"
(versions, hardware: free text by name), "models": {ALIAS: {"model", "api", "max_tokens", "params"}}, "prompts":
{ALIAS: {PROBLEM: digest}}, "sweep" (the sweep file that recorded it)}. Each further line is one sample: {"model"
(its alias), "problem", "index", "text", "reasoning", "finish_reason", "prompt_tokens", "completion_tokens",
"reasoning_tokens", "latency_s"}. prompt_tokens is the whole prompt's (not a share of it), and latency_s that of the
request which brought the sample. A tape may come from anywhere, so every line is checked.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from providers.types import Prompt

FORMAT = 1
MAX_LINE = 4 << 20
"""Bytes of one line: above any sample's text, below what a hostile file could use to fill the memory."""
MAX_BYTES = 1 << 30
"""Bytes of a whole tape, unzipped: a small gzip file can hold a thousand times its size."""

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class TapedModel(msgspec.Struct, frozen=True, kw_only=True):
    """How a model's samples were asked for."""

    model: str
    """The name by which its server knew it."""
    api: str
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    params: dict[str, Any] = {}
    system: str | None = None
    origin: str | None = None
    """What the model is and where it comes from, for people."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line."""

    tape: int
    name: str
    recorded_at: str
    models: dict[str, TapedModel]
    recorded_with: dict[str, str] = {}
    prompts: dict[str, dict[str, str]] = {}
    sweep: str = ""


class TapedSample(msgspec.Struct, frozen=True, kw_only=True):
    """One sample as it was recorded. Tokens are the server's counts, latency is in seconds."""

    model: str
    problem: str
    index: Count
    text: str
    prompt_tokens: Count
    completion_tokens: Count
    latency_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    reasoning: str | None = None
    finish_reason: str | None = None
    reasoning_tokens: Count = 0


class Tape:
    """A tape in memory. `samples[alias][problem][index]`."""

    def __init__(self, header: Header, samples: Iterable[TapedSample]) -> None:
        self.header = header
        self.samples: dict[str, dict[str, dict[int, TapedSample]]] = {alias: {} for alias in header.models}
        for sample in samples:
            if sample.model not in self.samples:
                raise ValueError(f"a sample of model {sample.model!r}, which the header does not name")
            held = self.samples[sample.model].setdefault(sample.problem, {})
            if sample.index in held:
                raise ValueError(
                    f"sample {sample.index} of {sample.problem!r} by {sample.model!r} comes twice"
                )
            held[sample.index] = sample

    def alias(self, name: str) -> str | None:
        """The tape's alias for `name`, which is that alias, or the served name of exactly one of its models."""
        if name in self.header.models:
            return name
        found = [alias for alias, model in self.header.models.items() if model.model == name]
        return found[0] if len(found) == 1 else None


def prompt_digest(prompt: Prompt) -> str:
    """16 hex digits that distinguish prompts. Equal for a chat of one user message and for raw text of the same words,
    since a tape records the words and the API apart."""
    return hashlib.sha256("\0".join(prompt.parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_tape(path: Path) -> Tape:
    """Reads and checks a whole tape. Raises ValueError, one line that names file and line; OSError if the file
    can't be opened."""
    number = 0

    def samples(lines: Iterator[bytes]) -> Iterator[TapedSample]:
        nonlocal number
        for line in lines:
            number += 1
            yield _SAMPLE.decode(line)

    try:
        with gzip.open(path, "rb") as file:
            lines = _lines(file)
            number = 1
            header = _HEADER.decode(next(lines, b""))
            if header.tape != FORMAT:
                raise ValueError(f"tape format {header.tape}; this version reads format {FORMAT}")
            return Tape(header, samples(lines))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: not a tape, or cut short after line {number} ({error})") from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"{path}, line {number}: {' '.join(str(error).split())}") from error


def write_tape(path: Path, header: Header, samples: Iterable[TapedSample]) -> int:
    """Writes a tape, byte for byte the same for the same samples; returns how many it wrote."""
    encoder = msgspec.json.Encoder()
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(encoder.encode(header) + b"\n")
        for sample in samples:
            file.write(encoder.encode(sample) + b"\n")
            count += 1
    return count


def _lines(file: gzip.GzipFile) -> Iterator[bytes]:
    total = 0
    while line := file.readline(MAX_LINE + 1):
        total += len(line)
        if len(line) > MAX_LINE or total > MAX_BYTES:
            raise ValueError(f"more than {MAX_LINE} bytes in a line, or {MAX_BYTES} in all")
        yield line


_HEADER = msgspec.json.Decoder(Header)
_SAMPLE = msgspec.json.Decoder(TapedSample)
