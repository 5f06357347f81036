"""What an endpoint tells about itself without cost, for `doctor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from providers.lenient import as_count, as_objects, as_text, decode_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An endpoint's own word."""

    models: tuple[str, ...]
    """As the endpoint names them; empty where it doesn't say."""
    version: str | None = None
    context_tokens: dict[str, int] = field(default_factory=dict[str, int])
    """By model, where told: the most tokens of prompt and reply together."""


class _Body(msgspec.Struct):
    data: Any = None
    version: Any = None


def read_models(body: bytes) -> Probe:
    """The body of GET /v1/models."""
    read = decode_object(body, _Body)
    found = as_objects(read.data if read is not None else None)
    lengths = {as_text(one.get("id")): as_count(one.get("max_model_len")) for one in found}
    return Probe(
        models=tuple(name for name in lengths if name),
        context_tokens={name: length for name, length in lengths.items() if name and length},
    )


def read_version(body: bytes) -> str | None:
    """The body of vLLM's GET /version."""
    read = decode_object(body, _Body)
    return as_text(read.version) if read is not None else None
