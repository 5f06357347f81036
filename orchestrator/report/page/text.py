"""Text and tables as HTML. All that is not written here goes through `text`: model names, problems and ledgers are
hostile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from orchestrator.text.safe import safe

_LONGEST = 2000
_LONGEST_NAME = 400


@dataclass(frozen=True, slots=True)
class Html:
    """What is HTML already."""

    markup: str


Content = str | Html


def text(said: Content, limit: int = _LONGEST) -> str:
    """Escaped, on one line, without characters that turn lines around; `Html` as it is."""
    return said.markup if isinstance(said, Html) else escape(safe(said, limit))


def name(said: str, limit: int = _LONGEST_NAME) -> Html:
    """A name from the data: its own direction of writing stays its own."""
    return Html(f"<bdi>{text(said, limit)}</bdi>")


def element(tag: str, said: Content, **attributes: str | int | None) -> str:
    """Attributes named with underscores for dashes and a last one for Python's own words; None is left out."""
    return f"<{tag}{_attributes(attributes)}>{text(said)}</{tag}>"


def items(said: Iterable[Content], **attributes: str | int | None) -> str:
    return element("ul", Html("".join(element("li", one) for one in said)), **attributes)


def table(
    caption: str,
    heads: Sequence[Content],
    body: Iterable[str],
    words: int = 1,
    **attributes: str | int | None,
) -> str:
    """`body`: rows, or groups of them, as HTML. The first `words` columns hold words, the others figures. What is wide
    or long scrolls, with the keyboard too."""
    columns = "".join(
        element("th", head, scope="col", class_="words" if at < words else None)
        for at, head in enumerate(heads)
    )
    rows = "".join(body)
    inner = f"<caption>{text(caption)}</caption><thead><tr>{columns}</tr></thead>{rows}"
    whole = element("table", Html(inner), **attributes)
    return element("div", Html(whole), class_="scroll", tabindex=0, role="region", aria_label=caption)


def row(cells: Sequence[Content], words: int = 1, **attributes: str | int | None) -> str:
    """The first cell heads the row."""
    head = element("th", cells[0], scope="row", class_="words" if words else None)
    rest = [element("td", one, class_="words" if at < words else None) for at, one in enumerate(cells[1:], 1)]
    return element("tr", Html(head + "".join(rest)), **attributes)


def for_script(value: Any) -> str:
    """JSON that can stand in a script element: no `<` that could end it, all of it ASCII."""
    dumped = json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return dumped.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _attributes(given: dict[str, str | int | None]) -> str:
    return "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in given.items()
        if value is not None
    )
