"""Whether the counts of a reply can be those of its texts. Pure, and of plain numbers, so that what an earlier manyfew
booked can be judged by it too."""

from __future__ import annotations

from collections.abc import Iterable

from providers.types import Choice

TOKENS_A_MESSAGE = 16
"""The most that a chat template puts around a message: its role, and where it begins and ends."""
BYTES_A_TOKEN = 256
"""No tokenizer has a token of more bytes than this in a text of any length."""


def contradiction(*, input_tokens: int, output_tokens: int, texts: int, text_bytes: int) -> str | None:
    """Why the counts are not those of `texts` texts that are not empty, of so many UTF-8 bytes; None if they may be.
    Every request has a prompt, so no input is a contradiction too. `output_tokens` and `texts` are of all samples of
    one reply."""
    if input_tokens <= 0:
        return "no input tokens"
    if output_tokens < texts:
        return "fewer output tokens than texts"
    if output_tokens * BYTES_A_TOKEN < text_bytes:
        return "fewer output tokens than texts of this length can have"
    return None


def written(choices: Iterable[Choice]) -> tuple[int, int]:
    """(texts that are not empty, their bytes), reasoning included."""
    texts = size = 0
    for choice in choices:
        its = _size(choice.text)
        if choice.reasoning:
            its += _size(choice.reasoning)
        texts, size = texts + (its > 0), size + its
    return texts, size


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
