"""One frame of the live display: a Progress as lines that fit a terminal's width and height. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rich.cells import cell_len
from rich.text import Text

from orchestrator.progress import Progress, ServerProgress
from orchestrator.report import figures
from orchestrator.report.budget_parts import BudgetParts, parts_of
from orchestrator.report.cells import clip, fit, wrap
from orchestrator.report.live.attempt_rows import attempt_lines
from orchestrator.report.live.glyphs import UNICODE, Glyphs, writable
from orchestrator.report.live.model_rows import GAP, STOPPED, ModelRows
from orchestrator.text.duration import span
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

MIN_WIDTH = 24
ROOMY, WRAPPED = 12, 3
"""From this height on a stop's reason or the note may take so many lines."""
_LINES_A_PART = 3
"""Of what is said of a policy."""
_TIME_CELLS = 13
"""As wide as "59 min 59 s" and a little more, so that what stands behind does not move."""

SETTLED, PRESUMED, RESERVED, LEFT = "green", "red", "cyan", "dim"


@dataclass(slots=True, kw_only=True)
class Look:
    """What the terminal can show."""

    glyphs: Glyphs = UNICODE
    encoding: str = "utf-8"


@dataclass(slots=True)
class Frames:
    """Makes frames. It remembers how wide its columns were, so that they grow but never jump back and forth."""

    look: Look = field(default_factory=Look)
    _rows: ModelRows = field(init=False)
    _width: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._rows = ModelRows(self.look.glyphs, self.look.encoding)

    def draw(self, progress: Progress, width: int, height: int) -> list[Text]:
        """At most `height` lines of at most `width` cells, without blanks at their ends."""
        width, height = max(width, MIN_WIDTH), max(height, 1)
        if width != self._width:
            self._width = width
            self._rows.forget()
        parts = parts_of(progress)
        head, money = [self._title(progress, width)], self._money(progress, parts, width)
        tail = self._tail(progress, width, WRAPPED if height >= ROOMY else 1)
        head, money, tail = _thinned(head, money, tail, height)
        room = height - len(head) - len(money) - len(tail)
        models, gaps = self._models(progress, parts, width, room)
        free = room - len(models) - 2 - (1 if gaps else 0)
        attempts = attempt_lines(progress.attempts, width, free, self.look.glyphs, self.look.encoding)
        if attempts and models:
            models += [Text(), *attempts]
        blank = [Text()] if gaps else []
        lines = [*head, *money, *(blank if models else []), *models, *(blank if tail else []), *tail]
        for line in lines:
            line.rstrip()
        return lines[:height]

    def _models(self, p: Progress, parts: BudgetParts, width: int, room: int) -> tuple[list[Text], bool]:
        """The models' rows, with a blank line around them if there is room for it."""
        if room <= 0 or not p.models:
            return [], False
        models = p.models
        if p.phase != "sampling":  # what is not to be sent waits for nothing
            models = tuple(replace(m, waiting=None, eta_s=None) for m in models)
        if self._rows.height(models, parts.places, width) + 2 <= room:
            return self._rows.draw(models, parts.places, width, room - 2), True
        return self._rows.draw(models, parts.places, width, room), False

    def _title(self, p: Progress, width: int) -> Text:
        name = Text().append(self._shown(p.name, max(8, width // 3)), "bold")
        elapsed, rest = span(p.elapsed_s), figures.remaining(p)
        verdicts = figures.behind(p)
        for said in (
            f"{p.phase}{verdicts}  {fit(elapsed, _TIME_CELLS)}{rest}",
            f"{p.phase}  {fit(elapsed, _TIME_CELLS)}{rest}",
            f"{p.phase}  {elapsed}, {rest}" if rest else "",
            f"{p.phase}  {elapsed}, {rest.removeprefix('about ')}" if rest else "",
            f"{p.phase}  {elapsed}",
        ):
            if said and cell_len(name.plain) + GAP + len(said.rstrip()) <= width:
                return name.append(" " * GAP + said.rstrip())
        return _cut(name.append(f"  {p.phase}"), width)

    def _money(self, p: Progress, parts: BudgetParts, width: int) -> list[Text]:
        g = self.look.glyphs
        budget, *said = parts.figures()
        signs = ((g.settled, SETTLED), (g.presumed, PRESUMED), (g.reserved, RESERVED), (g.left, LEFT))
        label = f"budget {budget} "
        bar = Text(label)
        for count, (sign, style) in zip(parts.bar(max(4, width - len(label))), signs, strict=True):
            bar.append(sign * count, style)
        entries = [
            _entry(sign, style, word, figure, alarm=word == "left" and parts.left < 0)
            for (sign, style), word, figure in zip(
                signs, ("settled", "presumed", "reserved", "left"), said, strict=True
            )
        ]
        lines = [_cut(bar, width), *_legend(entries, width)]
        if p.replayed_pico or any(m.replayed for m in p.models):
            lines.append(_cut(Text(f"replayed {usd(p.replayed_pico)}: nothing is spent", "magenta"), width))
        if said := figures.policy(p):
            lines += [Text(line) for line in self._over_lines(said, width)]
        if said := figures.pace(p):
            lines.append(Text(self._joined(said, width), "dim"))
        return lines

    def _joined(self, said: list[str], width: int) -> str:
        """As many as fit, in their order."""
        dot = f" {self.look.glyphs.dot} "
        shown = writable(said[0], self.look.encoding)
        for part in said[1:]:
            longer = f"{shown}{dot}{writable(part, self.look.encoding)}"
            if cell_len(longer) <= width:
                shown = longer
        return self._shown(shown, width)

    def _over_lines(self, said: list[str], width: int) -> list[str]:
        """All of it, on as many lines as that takes."""
        dot = f" {self.look.glyphs.dot} "
        lines: list[str] = []
        for part in (writable(one, self.look.encoding) for one in said):
            if lines and cell_len(f"{lines[-1]}{dot}{part}") <= width:
                lines[-1] += f"{dot}{part}"
            else:
                lines += wrap(part, width, _LINES_A_PART, self.look.glyphs.ellipsis)
        return lines

    def _tail(self, p: Progress, width: int, most: int) -> list[Text]:
        """Servers, stops, errors, the note: what a person waits for or may have to act on."""
        lines = [
            _cut(
                Text(f"server {self._shown(one.name, max(8, width // 4))}  ").append(
                    self._server(one), "dim"
                ),
                width,
            )
            for one in p.servers
        ]
        lines += [
            Text(line, STOPPED)
            for m in p.models
            if m.stopped is not None
            for line in self._wrapped(f"{m.alias} stopped: {m.stopped}", width, most)
        ]
        if kinds := figures.errors_by_kind(p.models, self.look.glyphs.times):
            lines.append(self._errors([writable(kind, self.look.encoding) for kind in kinds], width))
        if p.note is not None:
            lines += [Text(line, "yellow") for line in self._wrapped(p.note, width, most)]
        return lines

    def _server(self, one: ServerProgress) -> str:
        return writable(figures.server(one, f" {self.look.glyphs.dot} "), self.look.encoding)

    def _errors(self, kinds: list[str], width: int) -> Text:
        """As many kinds as fit, and how many more there are."""
        label, shown = "errors: ", ""
        for i, kind in enumerate(kinds):
            joined = f"{shown}; {kind}" if shown else kind
            more = len(kinds) - i - 1
            if cell_len(label + joined) + (len(f" + {more} more") if more else 0) > width:
                rest = f"{shown} + {len(kinds) - i} more" if shown else kind
                return _cut(Text().append(label, "dim").append(self._shown(rest, width - len(label))), width)
            shown = joined
        return Text().append(label, "dim").append(shown)

    def _wrapped(self, text: str, width: int, most: int) -> list[str]:
        return wrap(writable(safe(text), self.look.encoding), width, most, self.look.glyphs.ellipsis)

    def _shown(self, text: str, width: int) -> str:
        return clip(writable(safe(text), self.look.encoding), width, self.look.glyphs.ellipsis)


def _thinned(
    head: list[Text], money: list[Text], tail: list[Text], height: int
) -> tuple[list[Text], list[Text], list[Text]]:
    """What a low terminal shows: the bar goes first, then stops and errors before the note, then the rest of the
    money, so that two lines remain for models."""
    want = height - 2
    if len(head) + len(money) + len(tail) > want:
        tail = tail[-max(1, want - len(head) - len(money)) :] if tail else tail
    if len(head) + len(money) + len(tail) > want and len(money) > 1:
        money = money[1:]
    while len(head) + len(money) + len(tail) > max(1, want) and (money or tail):
        (money if len(money) > 1 or not tail else tail).pop()
    return head, money, tail


def _entry(sign: str, style: str, word: str, figure: str, *, alarm: bool) -> Text:
    return Text().append(sign, style).append(f" {word} ", "dim").append(figure, "bold red" if alarm else "")


def _legend(entries: list[Text], width: int) -> list[Text]:
    """The parts of the budget beneath its bar: in one line, or in two columns, or one below the other."""
    if sum(cell_len(entry.plain) for entry in entries) + 2 * (len(entries) - 1) <= width:
        return [Text("  ").join(entries)]
    cell = max(cell_len(entry.plain) for entry in entries) + 2
    columns = 2 if 2 * cell - 2 <= width else 1
    lines: list[Text] = []
    for start in range(0, len(entries), columns):
        line = Text()
        for entry in entries[start : start + columns]:
            line.append_text(entry)
            line.append(" " * (cell - cell_len(entry.plain)))
        lines.append(_cut(line, width))
    return lines


def _cut(line: Text, width: int) -> Text:
    line.rstrip()
    line.truncate(width)
    return line
