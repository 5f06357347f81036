"""Names of models that fit a column: shortened in the middle, so that they can still be told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from orchestrator.text.safe import safe

_WORD = re.compile(r"[^-_/:@ ]+[-_/:@ ]?|[-_/:@ ]")
_PART_OF_WORD = re.compile(r"[^-_/:@ ]*\Z")
LONGEST = 200
"""Characters of a name that are looked at."""


def short_names(names: Sequence[str], width: int, ellipsis: str = "…") -> list[str]:
    """Each safe to print, at most `width` cells wide (4 or more), no two alike unless the names are."""
    shown = [safe(name, LONGEST) or "(no name)" for name in names]
    if all(cell_len(name) <= width for name in shown):
        return shown
    room = width - cell_len(ellipsis)
    # Ends of names tell more than their beginnings.
    by_length = sorted(range(room + 1), key=lambda start: (abs(start - room // 3), start))
    tried = [[_cut(name, width, start, room - start, ellipsis) for name in shown] for start in by_length]
    rare = [_cut(name, width, room // 3, room - room // 3, ellipsis) for name in _rare_words(shown, ellipsis)]
    tried[len(tried) // 2 : len(tried) // 2] = [_what_differs(shown, ellipsis), rare]
    for cut in tried:
        if len(set(cut)) == len(set(names)) and all(cell_len(name) <= width for name in cut):
            return cut
    return _numbered(names, shown, _fitting(tried[0], width), width, ellipsis)


def _what_differs(names: Sequence[str], ellipsis: str) -> list[str]:
    """Without the words that all begin or end with."""
    start = len(_whole_words(_common(names)))
    end = len(_whole_words(_common([name[start:][::-1] for name in names])))
    before, after = ellipsis if start else "", ellipsis if end else ""
    return [f"{before}{name[start : len(name) - end]}{after}" for name in names]


def _rare_words(names: Sequence[str], ellipsis: str) -> list[str]:
    """From the first to the last word that few of the names have."""
    words = [_WORD.findall(name) for name in names]
    having = Counter(word for of in words for word in set(of))
    found: list[str] = []
    for name, of in zip(names, words, strict=True):
        rare = [at for at, word in enumerate(of) if 2 * having[word] <= len(names)]
        if not rare:
            found.append(name)
            continue
        before, after = ellipsis if rare[0] else "", ellipsis if rare[-1] < len(of) - 1 else ""
        found.append(before + "".join(of[rare[0] : rare[-1] + 1]).rstrip("-_/:@ ") + after)
    return found


def _common(names: Sequence[str]) -> str:
    """What all begin with: the first and the last of them in their order do."""
    low, high = min(names), max(names)
    same = next(
        (at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low)
    )
    return low[:same]


def _whole_words(text: str) -> str:
    return _PART_OF_WORD.sub("", text)


def _cut(name: str, width: int, start: int, end: int, ellipsis: str) -> str:
    if cell_len(name) <= width:
        return name
    return f"{_first(name, start)}{ellipsis}{_first(name[::-1], end)[::-1]}"


def _first(text: str, cells: int) -> str:
    return chop_cells(text, cells)[0] if cells > 1 and text else text[: max(0, cells)]


def _fitting(cut: Sequence[str], width: int) -> list[str]:
    """Cells are counted by sequences of signs, which a cut may part: then once more."""
    return [name if cell_len(name) <= width else chop_cells(name, width)[0] for name in cut]


def _numbered(
    names: Sequence[str], shown: Sequence[str], cut: Sequence[str], width: int, ellipsis: str
) -> list[str]:
    """What differs is in the middle of some: a number tells these apart."""
    order = list(dict.fromkeys(names))
    having = Counter(of for _, of in dict.fromkeys(zip(names, cut, strict=True)))
    told: list[str] = []
    for name, of, short in zip(names, shown, cut, strict=True):
        tail = f"{ellipsis}#{order.index(name) + 1}"
        told.append(short if having[short] == 1 else f"{_first(of, width - cell_len(tail))}{tail}")
    return told
