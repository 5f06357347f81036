"""How long a sweep's prompts are: all that their worst cases need, so that none is rendered again for it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from providers.types import Prompt


@dataclass(frozen=True, slots=True)
class PromptSizes:
    """By ordinal: UTF-8 bytes of all parts, and messages, of which a raw text counts as one."""

    bytes: array[int]
    messages: array[int]


def prompt_sizes(prompts: Iterable[Prompt]) -> PromptSizes:
    """Of each in turn."""
    sizes = PromptSizes(array("q"), array("q"))
    for prompt in prompts:
        sizes.bytes.append(prompt.size_bytes)
        sizes.messages.append(max(1, len(prompt.messages)))
    return sizes
