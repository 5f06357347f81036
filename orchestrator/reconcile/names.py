"""Whether two names are of the same model: vendors add a date, a folder or capitals."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DATE = re.compile(r"[-@:](?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
_SPACE = re.compile(r"[\s._]+")


def same_model(name: str, names: Iterable[str]) -> bool:
    """`gpt-4o` and `gpt-4o-2024-08-06` are the same, two dates are not; `Claude Haiku 4.5` is `claude-haiku-4-5`;
    `openai/gpt-4o` is `gpt-4o`, `a/m` is not `b/m`."""
    return any(_same(_plain(name), _plain(other)) for other in names)


def _same(one: str, other: str) -> bool:
    if ("/" in one) != ("/" in other):
        one, other = one.rpartition("/")[2], other.rpartition("/")[2]
    if one == other:
        return True
    bare, other_bare = _DATE.sub("", one), _DATE.sub("", other)
    return bare == other_bare and (bare == one or other_bare == other)


def _plain(name: str) -> str:
    return _SPACE.sub("-", name.strip().lower())
