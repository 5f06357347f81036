import errno
import itertools
import os
import re
import sys

import pytest
from rich.cells import cell_len

from orchestrator.report.live.screen import LiveDisplay
from tests.orchestrator.report.live.screen_fixture import Screen
from tests.orchestrator.report.progress_fixture import Clock, Terminal, model, progress

SIZES = [(80, 24), (120, 40), (40, 15), (200, 50), (24, 6), (90, 8), (80, 1)]


@pytest.fixture(autouse=True)
def a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def moment(done=480, **fields):
    models = (
        model("cheap", done=done, waiting="rate limit, 12 s", eta_s=130.0),
        model("large", done=done // 2),
    )
    return progress(*models, **fields)


def live(screen, clock):
    return LiveDisplay(screen, clock=clock, size=screen.size)


def frames(screen):
    return sum("gsm8k" in text for text in screen.writes)


def test_at_most_ten_frames_a_second_however_often_it_is_told():
    screen, clock = Screen(80, 24), Clock()
    with live(screen, clock) as display:
        for _ in range(10_000):
            clock.now += 0.001
            display.update(moment(phase="done"))
    assert 10 <= frames(screen) <= 10 * 10 + 1


def test_leaves_the_last_frame_and_the_cursor():
    screen, clock = Screen(80, 24), Clock()
    screen.write("$ manyfew run\r\n")
    with live(screen, clock) as display:
        display.update(moment(1))
        assert not screen.cursor_shown
        display.update(moment(640, phase="done"))  # within the same fifth of a second
    screen.write("$ \r\n")
    assert screen.cursor_shown
    assert screen.lines[0] == "$ manyfew run"
    assert screen.lines[1].startswith("gsm8k  done")
    assert any(line.startswith("cheap  640/640") for line in screen.lines)
    assert [line for line in screen.lines if line][-1] == "$"
    assert sum("gsm8k" in line for line in screen.lines) == 1


def test_an_error_leaves_the_cursor_too():
    screen = Screen(80, 24)

    def broken():
        with live(screen, Clock()) as display:
            display.update(moment())
            raise RuntimeError("of ours")

    with pytest.raises(RuntimeError, match="of ours"):
        broken()
    assert screen.cursor_shown


def test_an_echoed_ctrl_c_does_not_stay_among_the_figures():
    screen, clock = Screen(80, 24), Clock()
    with live(screen, clock) as display:
        display.update(moment())
        screen.write("^C")
        assert screen.lines[-1] == "^C"
        clock.now += 1
        display.update(moment(note="Ctrl-C: sending stopped"))
    assert not any("^C" in line for line in screen.lines)
    assert sum("gsm8k" in line for line in screen.lines) == 1


@pytest.mark.parametrize(("old", "new"), list(itertools.permutations(SIZES, 2)))
def test_right_on_resize(old, new):
    screen, clock = Screen(*old), Clock()
    with live(screen, clock) as display:
        display.update(moment())
        screen.resize(*new)
        clock.now += 1
        display.update(moment(500))
        if new[1] > 2:
            seen = screen.in_sight
            assert sum("gsm8k" in line for line in seen) == 1, seen
            assert sum("settled" in line for line in seen) == 1, seen
            assert sum("samples" in line for line in seen) <= 1, seen
            assert max(map(cell_len, seen)) <= new[0]
            assert len(seen) <= new[1]


def test_what_stood_above_stays_on_resize():
    screen, clock = Screen(120, 40), Clock()
    screen.write("$ manyfew run\r\n")
    with live(screen, clock) as display:
        for width in (60, 100, 45, 120):
            screen.resize(width, 40)
            clock.now += 1
            display.update(moment())
    assert screen.lines[0] == "$ manyfew run"
    assert screen.lines[1].startswith("gsm8k")
    assert sum("gsm8k" in line for line in screen.lines) == 1


def test_no_line_reaches_beyond_a_terminal_that_columns_misstates(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LINES", "3")
    screen = Screen(60, 24)
    with live(screen, Clock()) as display:
        display.update(moment())
        assert max(map(len, screen.lines)) <= 60
        assert len(screen.lines) > 3


def colours(stream):
    """SGR codes that set a colour: bold and dim are none."""
    codes = {code for sgr in re.findall(r"\x1b\[([\d;]*)m", stream.getvalue()) for code in sgr.split(";")}
    return {code for code in codes if re.fullmatch(r"[349]\d|10\d", code)}


def test_no_color(monkeypatch):
    def drawn():
        stream = Terminal()
        with LiveDisplay(stream, size=lambda: (80, 24)) as display:
            display.update(moment(note="look"))
        return stream

    assert colours(drawn())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours(drawn())


def test_blocks_only_where_the_encoding_has_them():
    class Old(Terminal):
        encoding = "ascii"

    stream = Old()
    with LiveDisplay(stream, size=lambda: (80, 24)) as display:
        display.update(moment(note="naïve"))
    assert stream.getvalue().isascii()
    assert "####" in stream.getvalue()


class Gone(Terminal):
    """A terminal that hangs up after so many writes."""

    def __init__(self, writes, error):
        super().__init__()
        self.left, self.error = writes, error

    def write(self, text):
        if self.left == 0:
            raise self.error
        self.left -= 1
        return super().write(text)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "gone"),
        BrokenPipeError(errno.EPIPE, "gone"),
        ValueError("I/O operation on closed file"),
    ],
)
@pytest.mark.parametrize("writes", range(6))
def test_a_terminal_that_hangs_up_ends_nothing(writes, error):
    before = sys.stdout, sys.stderr, os.fstat(1)
    clock = Clock()
    with LiveDisplay(Gone(writes, error), clock=clock, size=lambda: (80, 24)) as display:
        for _ in range(5):
            clock.now += 1
            display.update(moment())
    assert (sys.stdout, sys.stderr, os.fstat(1)) == before


def test_nothing_is_drawn_without_a_moment():
    screen = Screen(80, 24)
    with live(screen, Clock()):
        pass
    assert not any(screen.lines)
    assert screen.cursor_shown
