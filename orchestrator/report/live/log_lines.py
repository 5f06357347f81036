"""Plain lines for a job's log: how the run stands at the start, every 30 s, at each change, and at the end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from orchestrator.grammar import many
from orchestrator.progress import ModelProgress, Progress
from orchestrator.report import figures
from orchestrator.report.budget_parts import parts_of
from orchestrator.report.live.glyphs import glyphs_for, writable
from orchestrator.text.duration import span
from orchestrator.text.money import usd
from orchestrator.text.safe import safe

EVERY_S = 30.0


class PlainDisplay:
    """Lines of `DATE TIME sweep …` and `DATE TIME model ALIAS …`, each whole by itself. `clock` is monotonic
    seconds, `wall` Unix seconds."""

    def __init__(
        self,
        stream: TextIO,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._stream = stream
        self._every_s = every_s
        self._clock = clock
        self._wall = wall
        encoding = getattr(stream, "encoding", None)
        self._encoding: str = encoding if isinstance(encoding, str) else "utf-8"
        self._times = glyphs_for(self._encoding).times
        self._gone = False
        self._shown: Progress | None = None
        self._last: Progress | None = None
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def update(self, progress: Progress) -> None:
        """Writes if half a minute has passed or something changed that a reader of the log must know."""
        now = self._clock()
        first = self._shown is None
        changes = [] if self._shown is None else _changes(self._last or self._shown, progress)
        self._last = progress
        if first or now >= self._next or progress.phase != (self._shown or progress).phase:
            self._next = now + self._every_s
            self._write([*changes, *self._lines(progress)])
            self._shown = progress
        else:
            self._write(changes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None and self._last is not self._shown:
            self._write(self._lines(self._last))

    def _lines(self, progress: Progress) -> list[str]:
        before = {} if self._shown is None else {m.alias: m for m in self._shown.models}
        told = [m for m in progress.models if not _same(m, before.get(m.alias))]
        return [
            self._total(progress),
            *(f"server {safe(one.name)}: {figures.server(one, ', ')}" for one in progress.servers),
            *(self._model(m, parts_of(progress).places, progress.phase) for m in told),
        ]

    def _total(self, p: Progress) -> str:
        budget, settled, presumed, reserved, left = parts_of(p).figures()
        done, planned = sum(m.done for m in p.models), sum(m.planned for m in p.models)
        said = [
            f"sweep {safe(p.name)}: {safe(p.phase)}",
            f"{done:,}/{planned:,} samples",
            f"settled {settled} presumed {presumed} reserved {reserved} left {left} of {budget}",
        ]
        if p.replayed_pico:
            said.append(f"replayed {usd(p.replayed_pico)} (a recording, nothing is spent)")
        said[0] += figures.behind(p)
        said.append(f"after {span(p.elapsed_s)}")
        if remaining := figures.remaining(p):
            said.append(remaining)
        said += figures.policy(p)
        said += figures.pace(p)
        if kinds := figures.errors_by_kind(p.models, self._times):
            said.append("errors " + "; ".join(kinds))
        return ", ".join(said)

    def _model(self, m: ModelProgress, places: int, phase: str) -> str:
        said = [
            f"model {safe(m.alias)}: {figures.samples(m)} samples",
            f"{figures.rate(m.samples_per_s)}/s",
            f"solved {figures.solved(m)}",
            f"pass {figures.pass_rate(m)}",
            f"in flight {many(m.in_flight_requests, 'request')} {many(m.in_flight_samples, 'sample')}",
            figures.cost(m, places) + (" replayed" if m.replayed else ""),
        ]
        if m.failed:
            said.append(f"{m.failed:,} failed")
        if m.stopped is not None:
            said.append(figures.state(m))
        elif (state := figures.state(m)) and phase == "sampling" and not figures.finished(m):
            said.append(f"waiting: {state}")
        return ", ".join(said)

    def _write(self, lines: list[str]) -> None:
        """A reader that hung up ends nothing."""
        if self._gone or not lines:
            return
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._wall()))
        try:
            self._stream.write("".join(f"{stamp} {writable(line, self._encoding)}\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):
            self._gone = True


def _same(model: ModelProgress, before: ModelProgress | None) -> bool:
    """Finished, and already reported."""
    return (
        before is not None
        and figures.finished(before)
        and figures.finished(model)
        and (model.done, model.verified, model.stopped) == (before.done, before.verified, before.stopped)
    )


def _changes(before: Progress, now: Progress) -> list[str]:
    """What happened since: stops of models, models finished, a new note."""
    old = {m.alias: m for m in before.models}
    lines: list[str] = []
    for m in now.models:
        was = old.get(m.alias)
        if m.stopped is not None and (was is None or was.stopped is None):
            lines.append(f"model {safe(m.alias)} stopped: {safe(m.stopped)}")
        elif figures.finished(m) and was is not None and not figures.finished(was):
            lines.append(f"model {safe(m.alias)}: last request sent")
    were = {one.name: one.phase for one in before.servers}
    lines += [
        f"server {safe(one.name)}: {figures.server(one, ', ')}"
        for one in now.servers
        if were.get(one.name) != one.phase
    ]
    if now.note is not None and _but_for_figures(now.note) != _but_for_figures(before.note):
        lines.append(safe(now.note))
    return lines


def _but_for_figures(note: str | None) -> str:
    """A note that only counts on is no news: it would be a line of the log for every reply."""
    return re.sub(r"[\d,.]+", "0", note or "")
