import io

import pytest

from orchestrator.errors import InputError
from orchestrator.report.live.display import NullDisplay, choose, style_named
from orchestrator.report.live.log_lines import PlainDisplay
from orchestrator.report.live.screen import LiveDisplay
from tests.orchestrator.report.progress_fixture import Terminal, model, progress


@pytest.mark.parametrize(
    ("term", "kind"),
    [
        ("xterm-256color", LiveDisplay),
        ("linux", LiveDisplay),
        ("dumb", PlainDisplay),
        ("unknown", PlainDisplay),
    ],
)
def test_live_only_where_the_cursor_can_move(monkeypatch, term, kind):
    monkeypatch.setenv("TERM", term)
    assert type(choose(stream=Terminal())) is kind


def test_a_pipe_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    pipe = io.StringIO()
    with choose(stream=pipe) as display:
        display.update(progress(model()))
    assert "\x1b" not in pipe.getvalue()
    assert " sweep gsm8k: sampling, " in pipe.getvalue()


def test_no_progress_shows_nothing():
    stream = Terminal()
    with choose("none", stream=stream) as display:
        assert type(display) is NullDisplay
        display.update(progress(model()))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("style", "stream", "kind"),
    [
        ("live", Terminal(), LiveDisplay),
        ("live", io.StringIO(), PlainDisplay),
        ("lines", Terminal(), PlainDisplay),
        ("lines", io.StringIO(), PlainDisplay),
        ("none", io.StringIO(), NullDisplay),
    ],
)
def test_a_stated_style_holds_whatever_the_terminal_calls_itself(monkeypatch, style, stream, kind):
    monkeypatch.setenv("TERM", "dumb")
    assert type(choose(style_named(style), stream=stream)) is kind


@pytest.mark.parametrize("style", ["", "Live", "loud"])
def test_an_unknown_style_is_an_input_error(style):
    with pytest.raises(InputError, match="use auto or live or lines or none"):
        style_named(style)
