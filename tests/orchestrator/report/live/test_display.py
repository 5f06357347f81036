import io

import pytest

from orchestrator.report.live.display import NullDisplay, choose
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
    with choose(no_progress=True, stream=stream) as display:
        assert type(display) is NullDisplay
        display.update(progress(model()))
    assert stream.getvalue() == ""
