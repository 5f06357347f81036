"""GSM8K from the hub: the real huggingface_hub library against a loopback server that speaks the hub's wire."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from orchestrator.installer import install_extra

pytestmark = pytest.mark.slow

pa = pytest.importorskip("pyarrow", reason="needs the extra hub")
pytest.importorskip("huggingface_hub", reason="needs the extra hub")
pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).parents[3]
COMMIT = "e53f048856ff4f594e959d75785d2c2d37b678ee"
FILES = {"test": "main/test-00000-of-00001.parquet", "train": "main/train-00000-of-00001.parquet"}


def parquet(name: str, count: int) -> bytes:
    table = pa.table(
        {
            "question": [f"{name} question {n}?" for n in range(count)],
            "answer": [f"1 + {n} = {n + 1}\n#### {n + 1}" for n in range(count)],
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


@dataclass
class Hub:
    """What the server has and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    redirect: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def log_message(self, format, *args):  # noqa: A002
            pass

        def answer(self, *, body: bool) -> None:
            hub.asked.append((self.command, self.path))
            if hub.status != 200:
                return self.say(hub.status, {"X-Error-Message": "no"}, b"")
            for revision in ("main", COMMIT):
                prefix = f"/datasets/openai/gsm8k/resolve/{revision}/"
                if self.path.startswith(prefix):
                    return self.resolve(self.path.removeprefix(prefix), body)
            if self.path.startswith("/api/datasets/openai/gsm8k/tree/main"):
                files = [
                    {"type": "file", "path": name, "size": len(content), "oid": f"{len(content):040x}"}
                    for name, content in hub.files.items()
                ]
                content = json.dumps(files).encode()
                return self.say(
                    200, {"Content-Type": "application/json"}, content if body else b"", len(content)
                )
            if self.path.startswith("/cdn/"):
                content = hub.files[self.path.removeprefix("/cdn/")]
                return self.say(200, {"ETag": '"cdn"'}, content if body else b"", len(content))
            return self.say(404, {"X-Error-Code": "RepoNotFound"}, b"")

        def resolve(self, name: str, body: bool) -> None:
            if name not in hub.files:
                return self.say(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"")
            content = hub.files[name]
            head = {"X-Repo-Commit": COMMIT, "ETag": f'"{len(content):040x}"'}
            if hub.redirect:
                head |= {"X-Linked-Size": str(len(content)), "X-Linked-Etag": f'"{len(content):064x}"'}
                other_host = hub.url.replace(
                    "127.0.0.1", "localhost"
                )  # to its own host the library just goes on
                head["Location"] = f"{other_host}/cdn/{name}"
                return self.say(302, head, b"")
            return self.say(200, head, content if body else b"", len(content))

        def say(self, status: int, head: dict[str, str], content: bytes, size: int | None = None) -> None:
            self.send_response(status)
            for name, value in head.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) if size is None else size))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub({FILES["test"]: parquet("test", 5), FILES["train"]: parquet("train", 30)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


LOAD = """
import time
wait = time.sleep
time.sleep = lambda seconds: wait(seconds / 50)  # between the library's own five attempts
import json, sys
for name in json.loads(sys.argv[2]):
    sys.modules[name] = None  # as if it were not installed
from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import ProblemsSpec
try:
    problems = registry.load(ProblemsSpec(**{"source": "gsm8k"} | json.loads(sys.argv[1])))
    print(json.dumps({"problems": [[p.key, dict(p.data)] for p in problems]}))
except InputError as error:
    print(json.dumps({"where": error.where, "message": error.message, "remedy": error.remedy, "line": str(error)}))
"""


def load(endpoint: str, home: Path, missing: tuple[str, ...] = (), **spec: object) -> dict[str, Any]:
    """In a process of its own, since the hub's library reads its environment when it is imported."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))},
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "*",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, json.dumps(spec), json.dumps(missing)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("redirect", [False, True], ids=["direct", "through a CDN"])
def test_the_test_split_is_fetched_once_and_kept(hub, tmp_path, redirect):
    hub.redirect = redirect
    loaded = load(hub.url, tmp_path, limit=3)["problems"]
    assert [key for key, _ in loaded] == ["gsm8k/test/0", "gsm8k/test/1", "gsm8k/test/2"]
    assert loaded[2][1] == {"question": "test question 2?", "answer": "1 + 2 = 3\n#### 3"}
    gets = [path for method, path in hub.asked if method == "GET"]
    assert len(gets) == 1
    assert all("train" not in path for _, path in hub.asked)
    assert load(hub.url, tmp_path)["problems"][:3] == loaded
    assert [path for method, path in hub.asked if method == "GET"] == gets


def test_few_shot_examples_come_from_the_training_split(hub, tmp_path):
    (problem,) = load(hub.url, tmp_path, limit=1, few_shot=2)["problems"]
    assert problem[1]["few_shot"].count("Question: train question") == 2
    assert {path.rsplit("/", 1)[1] for _, path in hub.asked} == {
        name.rsplit("/", 1)[1] for name in FILES.values()
    }


def test_a_split_of_ones_choice(hub, tmp_path):
    assert load(hub.url, tmp_path, split="train", limit=1)["problems"][0][0] == "gsm8k/train/0"


def test_the_cache_serves_when_the_hub_is_gone(hub, tmp_path):
    loaded = load(hub.url, tmp_path)
    hub.status = 503
    assert load(hub.url, tmp_path) == loaded


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_hub_that_refuses_is_one_clear_line(hub, tmp_path, status):
    hub.status = status
    error = load(hub.url, tmp_path)
    assert error["where"] == f"openai/gsm8k/{FILES['test']}"
    assert "local file" in error["remedy"]
    assert "\n" not in error["line"]


def test_a_hub_without_the_file_is_one_clear_line(hub, tmp_path):
    hub.files.clear()
    error = load(hub.url, tmp_path)
    assert "local file" in error["remedy"]
    assert "\n" not in error["line"]


def test_a_hub_that_is_not_there_is_one_clear_line(tmp_path):
    error = load("http://127.0.0.1:9", tmp_path)
    assert "local file" in error["remedy"]
    assert "\n" not in error["line"]


def test_a_file_that_is_no_parquet_is_one_clear_line(hub, tmp_path):
    hub.files[FILES["test"]] = b"<html>sign in</html>"
    error = load(hub.url, tmp_path)
    assert "not the parquet file expected" in error["message"]


def test_a_file_with_other_columns_is_one_clear_line(hub, tmp_path):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"prompt": ["q"]}), buffer)
    hub.files[FILES["test"]] = buffer.getvalue()
    error = load(hub.url, tmp_path)
    assert "no question as text" in error["message"]


@pytest.mark.parametrize("missing", ["huggingface_hub", "pyarrow"])
def test_without_the_extra_the_remedy_is_its_installation(hub, tmp_path, missing):
    error = load(hub.url, tmp_path, missing=(missing,))
    assert install_extra("hub") in error["remedy"]


def test_any_data_set_is_found_by_its_name_and_split(hub, tmp_path):
    spec: dict[str, Any] = {"source": "hf", "dataset": "openai/gsm8k", "subset": "main", "answer": "answer"}
    loaded = load(hub.url, tmp_path, split="train", limit=2, **spec)["problems"]
    assert [key for key, _ in loaded] == ["openai/gsm8k/train/0", "openai/gsm8k/train/1"]
    assert loaded[1][1]["question"] == "train question 1?"
    missing = load(hub.url, tmp_path, split="dev", **spec)
    assert (missing["where"], missing["remedy"]) == ("problems.split", "there is test, train")
    hub.status = 404
    assert "didn't list its files" in load(hub.url, tmp_path / "new", **spec)["message"]
