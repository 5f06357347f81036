"""The count on one line: on a terminal alone, after a second, and gone at the end."""

from __future__ import annotations

import io

from orchestrator.report.live import counter
from orchestrator.report.live.counter import counting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def counted(monkeypatch, stream, **options: bool) -> str:
    monkeypatch.setattr(counter, "QUIET_S", 0.0)
    monkeypatch.setattr(counter, "EVERY_S", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    with counting("samples", **options) as count:
        count(1234)
        count(5678)
    return stream.getvalue()


def test_on_a_terminal_the_count_grows_and_is_wiped(monkeypatch):
    shown = counted(monkeypatch, Terminal())
    assert "\rsamples: 1,234" in shown
    assert "\rsamples: 5,678" in shown
    assert shown.endswith(" \r")


def test_a_pipe_gets_nothing(monkeypatch):
    assert counted(monkeypatch, io.StringIO()) == ""


def test_with_json_a_terminal_gets_nothing(monkeypatch):
    assert counted(monkeypatch, Terminal(), json_=True) == ""


def test_in_the_first_second_nothing_is_shown(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with counting("samples") as count:
        count(1)
    assert stream.getvalue() == ""
