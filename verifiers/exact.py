"""Kind `exact`: the whole answer, or its last line, is the gold text.

Options
- `field`: the problem's field that holds the gold: a text, a number, or a list of which any is right; default `answer`.
- `part = "whole"` (default) or `"last_line"`: the last line that says anything.
- `ignore_space` (default true): runs of blanks count as one, and none at the ends.
- `ignore_case` (default false).
- `ignore_punctuation` (default false): punctuation and the articles a, an, the are dropped, and case is ignored: the
  normalisation usual for question answering (SQuAD's, Rajpurkar et al. 2016).

Both sides are read in Unicode's compatible composed form (NFKC), so that a full-width or a composed character is no
other answer. Reasoning before `</think>` is no part of an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from verifiers.gold import accepted, flag, named_field
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "1"
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MAX_ANSWER = 200
PARTS = ("whole", "last_line")


class Exact:
    """Pure; never raises for any text."""

    OPTIONS: ClassVar[tuple[str, ...]] = (
        "field",
        "part",
        "ignore_space",
        "ignore_case",
        "ignore_punctuation",
    )
    kind = "exact"
    isolation: Isolation = "inline"

    def __init__(
        self,
        *,
        field: object = "answer",
        part: object = "whole",
        ignore_space: object = True,
        ignore_case: object = False,
        ignore_punctuation: object = False,
        bounds: Bounds | None = None,
    ) -> None:
        """ValueError, one line, for an option out of range. It needs no bounds: it is quick and cannot hang."""
        if part not in PARTS:
            raise ValueError(f"verifier exact: part is {part!r}; it may be 'whole' or 'last_line'")
        self._field = named_field("exact", field)
        self._last_line = part == "last_line"
        self._space = flag("exact", "ignore_space", ignore_space)
        self._case = flag("exact", "ignore_case", ignore_case)
        self._punctuation = flag("exact", "ignore_punctuation", ignore_punctuation)

    @property
    def version(self) -> str:
        parts = [_VERSION]
        parts += [] if self._field == "answer" else [f"field={self._field}"]
        parts += ["last_line"] if self._last_line else []
        parts += [] if self._space else ["spaces count"]
        parts += ["ignore_case"] if self._case else []
        parts += ["ignore_punctuation"] if self._punctuation else []
        return ";".join(parts)

    def lacks(self) -> None:
        return None

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None only if the problem has no gold text."""
        golds = accepted(problem, self._field)
        if golds is None:
            return Verdict(passed=None, reason=f"the problem has no text in {self._field}")
        said = text.rpartition("</think>")[2]
        if self._last_line:
            said = next((line for line in reversed(said.splitlines()) if line.strip()), "")
        plain = self._plain(said)
        return Verdict(passed=plain in map(self._plain, golds), answer=plain[:_MAX_ANSWER])

    def _plain(self, text: str) -> str:
        text = unicodedata.normalize("NFKC", text)
        if self._case or self._punctuation:
            text = text.casefold()
        if self._punctuation:
            text = "".join(char for char in text if not unicodedata.category(char).startswith("P"))
            text = _ARTICLES.sub(" ", text)
        return " ".join(text.split()) if self._space or self._punctuation else text
