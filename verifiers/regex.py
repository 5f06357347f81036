"""Kind `regex`: what a pattern finds in the answer is the gold, or a pattern that holds the gold is found at all.

Options
- `pattern` (needed): a Python regular expression. Where it holds `{name}`, the problem's field of that name, as
  literal text, stands there, and to find it is to be right: `pattern = "(?i)capital is {answer}\\\\b"`.
- `group`: the group compared with the gold, by number or name; default 1 if the pattern has a group, else all of it.
- `which = "last"` (default) or `"first"`: which of several matches.
- `field`: the problem's field that holds the gold; default `answer`. Blanks at the ends never count.
- `ignore_case` (default false): of the comparison; write `(?i)` into a pattern for the search.

A pattern can take for ever on a text made for it, so each verdict is made in a worker process with a time limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from verifiers.gold import accepted, flag, named_field
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "1"
_PLACE = re.compile(r"(?<!\\)\{([A-Za-z_]\w*)\}")
_MAX_ANSWER = 200
_MAX_MATCHES = 10_000


class Regex:
    """Pure; may hang, so its isolation is a worker."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("pattern", "group", "which", "field", "ignore_case")
    kind = "regex"
    isolation: Isolation = "worker"

    def __init__(
        self,
        *,
        pattern: object = None,
        group: object = None,
        which: object = "last",
        field: object = "answer",
        ignore_case: object = False,
        bounds: Bounds | None = None,
    ) -> None:
        """ValueError, one line, for an option out of range. Its bounds are kept by who runs the worker."""
        if not isinstance(pattern, str) or not pattern:
            raise ValueError("verifier regex: pattern is missing")
        if which not in ("last", "first"):
            raise ValueError(f"verifier regex: which is {which!r}; it may be 'last' or 'first'")
        self._pattern = pattern
        self._first = which == "first"
        self._field = named_field("regex", field)
        self._case = flag("regex", "ignore_case", ignore_case)
        self._places = tuple(dict.fromkeys(_PLACE.findall(pattern)))
        self._compiled = _compile(_PLACE.sub("x", pattern))
        self._group = self._checked_group(group)

    def _checked_group(self, group: object) -> int | str:
        if group is None:
            return 1 if self._compiled.groups else 0
        if isinstance(group, bool) or not isinstance(group, (int, str)):
            raise ValueError(f"verifier regex: group is {group!r}; it may be a number or a name")
        known = group in self._compiled.groupindex or (
            isinstance(group, int) and 0 <= group <= self._compiled.groups
        )
        if not known:
            raise ValueError(f"verifier regex: group is {group!r}; the pattern has no such group")
        return group

    @property
    def version(self) -> str:
        parts = [_VERSION, f"pattern={self._pattern}", f"group={self._group}"]
        parts += ["first"] if self._first else []
        parts += [] if self._field == "answer" else [f"field={self._field}"]
        parts += ["ignore_case"] if self._case else []
        return ";".join(parts)

    def lacks(self) -> None:
        return None

    def close(self) -> None:
        pass

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None only if the problem lacks the field; a text that does not match is wrong."""
        if self._places:
            return self._found(text, problem)
        golds = accepted(problem, self._field)
        if golds is None:
            return Verdict(passed=None, reason=f"the problem has no text in {self._field}")
        said = self._said(text)
        if said is None:
            return Verdict(passed=False, reason="the pattern is not found in the answer")
        return Verdict(passed=self._plain(said) in map(self._plain, golds), answer=said.strip()[:_MAX_ANSWER])

    def _found(self, text: str, problem: Mapping[str, Any]) -> Verdict:
        filled = self._pattern
        for name in self._places:
            golds = accepted(problem, name)
            if golds is None:
                return Verdict(passed=None, reason=f"the problem has no text in {name}")
            literal = "(?:" + "|".join(re.escape(gold.strip()) for gold in golds) + ")"
            filled = re.sub(rf"(?<!\\)\{{{name}\}}", lambda _, by=literal: by, filled)
        match = re.search(filled, text)
        if match is None:
            return Verdict(passed=False, reason="the pattern is not found in the answer")
        return Verdict(passed=True, answer=match.group().strip()[:_MAX_ANSWER])

    def _said(self, text: str) -> str | None:
        found: str | None = None
        for at, match in enumerate(self._compiled.finditer(text)):
            found = match.group(self._group)
            if self._first or at >= _MAX_MATCHES:
                break
        return found

    def _plain(self, text: str) -> str:
        return text.strip().casefold() if self._case else text.strip()


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"verifier regex: pattern does not compile: {error}") from None
