"""Counts the tokens of texts that came without counts, by a tokenizer that the user names."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.installer import install_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def counter(name: str) -> Callable[[Sequence[str]], list[int]]:
    """Counts tokens by the tokenizer of that name, without special ones. Raises InputError."""
    try:
        library: Any = import_module("tokenizers")  # its types are not complete
    except ImportError as error:
        remedy = install_extra("tokenizer")
        raise InputError("--tokenizer", "counting tokens needs the tokenizers library", remedy) from error
    try:
        if Path(name).is_file():
            tokenizer = library.Tokenizer.from_file(name)
        else:
            tokenizer = library.Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare Exceptions
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            "--tokenizer", f"{name!r} is not available: {said}", "a hub name or a tokenizer.json"
        ) from error

    def count(texts: Sequence[str]) -> list[int]:
        found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in found]

    return count
