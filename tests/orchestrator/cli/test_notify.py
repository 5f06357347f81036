"""`run --notify`: a web hook or a command gets the summary; what fails there is a line."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from orchestrator.cli import notify
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model

if TYPE_CHECKING:
    from orchestrator.sweep.types import Sweep

pytestmark = pytest.mark.slow

KEY = "sk-a-key-that-stays-here"


@pytest.fixture
def sweep(tmp_path):
    vendor = openai_vendor()
    with serving(vendor):
        keys = model(vendor, api_key_env="SOME_VENDORS_KEY")
        yield str(SweepFile({"m": keys}, problems=2, samples=2).write(tmp_path))


@contextlib.contextmanager
def hook(*answers, location=None, slow_s=0.0):
    """Answers in turn; gives its address and the bodies it got."""
    got: list[dict[str, Any]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append({"path": self.path, "body": json.loads(body), "type": self.headers["Content-Type"]})
            time.sleep(slow_s)
            with contextlib.suppress(OSError):
                self.send_response(left.pop(0) if left else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_GET(self):
            got.append({"path": self.path})
            self.send_response(200)
            self.end_headers()

        def log_message(self, format, *args):  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/T0KEN", got
    finally:
        server.shutdown()
        server.server_close()


def _run(manyfew, sweep, target, *flags):
    return manyfew(
        "run", sweep, "--notify", target, *flags, SOME_VENDORS_KEY=KEY, SAME=KEY, OPENAI_API_KEY=KEY
    )


def test_a_hook_gets_the_summary(manyfew, sweep):
    with hook() as (url, got):
        done = _run(manyfew, sweep, url, "--json")
    assert done.returncode == 0
    (post,) = got
    assert (post["path"], post["type"]) == ("/T0KEN", "application/json")
    assert post["body"].pop("sweep") == "test"
    assert post["body"].pop("db") == "runs/test.db"
    assert post["body"] == json.loads(done.stdout)


def test_it_is_told_when_the_money_ends(manyfew, sweep):
    with hook() as (url, got):
        done = _run(manyfew, sweep, url, "--budget", "0.000001")
    assert done.returncode == 3
    assert [post["body"]["status"] for post in got] == ["budget"]


@pytest.mark.parametrize(
    ("answers", "posts", "line"),
    [((500,), 2, None), ((500, 503), 2, "127.0.0.1 answered 503"), ((404, 404), 2, "127.0.0.1 answered 404")],
)
def test_it_is_tried_twice_and_its_failure_is_a_line(manyfew, sweep, answers, posts, line):
    with hook(*answers) as (url, got):
        done = _run(manyfew, sweep, url)
    assert (done.returncode, len(got)) == (0, posts)
    assert ("warning: --notify: " in done.stderr) == (line is not None)
    assert line is None or line in done.stderr
    assert "T0KEN" not in done.stdout + done.stderr


def test_no_redirect_is_followed(manyfew, sweep):
    with hook() as (elsewhere, led), hook(302, 302, location=elsewhere) as (url, got):
        done = _run(manyfew, sweep, url)
    assert (done.returncode, len(got), led) == (0, 2, [])
    assert "answered 302" in done.stderr


def test_a_slow_hook_is_left(monkeypatch):
    monkeypatch.setattr(notify, "POST_S", 0.2)
    with hook(slow_s=1.5) as (url, _):
        assert notify.Notify(url, _no_models())({}) == "127.0.0.1 did not answer within 0 s"
    assert "could not be reached" in str(notify.Notify("http://127.0.0.1:9/x", _no_models())({}))


def _no_models():
    return cast("Sweep", SimpleNamespace(models={}))


def test_a_command_gets_it_on_stdin_without_the_keys(manyfew, sweep, tmp_path):
    code = "json.dump([json.load(sys.stdin), dict(os.environ)], open(sys.argv[1], 'w')); print('hi')"
    (tmp_path / "told.py").write_text(f"import json, os, sys\n{code}\n")
    done = _run(manyfew, sweep, f"{sys.executable} told.py 'a b; echo $HOME.json'", "--json")
    assert done.returncode == 0, done.stderr
    document, environment = json.loads((tmp_path / "a b; echo $HOME.json").read_text())
    assert document["models"]["m"]["samples_done"] == 4
    assert json.loads(done.stdout)["status"] == "complete", "its output is not on stdout"
    assert KEY not in environment.values()
    assert not {"SOME_VENDORS_KEY", "OPENAI_API_KEY", "SAME"} & set(environment)
    assert "PATH" in environment


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("false", "false ended with status 1"),
        ("./no-such-program", "./no-such-program can't be started: No such"),
    ],
)
def test_a_command_that_fails_is_a_line(manyfew, sweep, command, line):
    done = _run(manyfew, sweep, command)
    assert done.returncode == 0
    assert f"warning: --notify: {line}" in done.stderr


def test_a_command_that_hangs_is_stopped_with_its_children(monkeypatch):
    monkeypatch.setattr(notify, "COMMAND_S", 0.3)
    started = time.monotonic()
    told = notify.Notify("sh -c 'sleep 60 & sleep 60'", _no_models())
    assert told({}) == "sh did not end within 0 s and was stopped"
    assert time.monotonic() - started < 25  # of thirty


@pytest.mark.parametrize("target", ["", "   ", "'open", "ftp://x/y", "http://"])
def test_what_is_neither_is_refused_before_anything_is_sent(manyfew, sweep, tmp_path, target):
    done = _run(manyfew, sweep, target)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--notify" in done.stderr
    assert not (tmp_path / "runs").exists()
