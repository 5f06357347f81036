"""Patterns that are compiled when they are first asked for: what refusals are read by takes as long to compile as a
tenth of what passes before a run's first byte, and most runs meet none."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LatePattern:
    """As `re.compile` makes them."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._source = pattern
        self._flags = flags

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self._source, self._flags)

    def search(self, text: str) -> re.Match[str] | None:
        return self._pattern.search(text)

    def match(self, text: str) -> re.Match[str] | None:
        return self._pattern.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self._pattern.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(text)

    def findall(self, text: str) -> list[tuple[str, ...]]:
        """Of a pattern with several groups."""
        return self._pattern.findall(text)

    def sub(self, by: str | Callable[[re.Match[str]], str], text: str) -> str:
        return self._pattern.sub(by, text)
