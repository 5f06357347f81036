"""What is missing, each with its remedy: packages, keys, endpoints, models, prices, problems, a ledger's sums."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor import endpoints, installation, place
from orchestrator.doctor.finding import Finding
from orchestrator.installer import install
from orchestrator.ledger.file.lock import acquire
from orchestrator.sweep.load import load
from tests.loopback.closed_port import closed_port
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.sample_files import buy

SECRET = "sk-manyfew-test-0123456789abcdef"


@pytest.fixture
def doctor(command):
    """Gives (status, findings, all output) of `manyfew doctor … --json`."""

    def _run(*arguments: str, **environment: str):
        done = command("doctor", *arguments, "--json", **environment)
        document = json.loads(done.stdout)
        found = [Finding(**finding) for finding in document["findings"]]
        assert document["status"] == ("missing" if done.returncode else "ok")
        assert done.returncode == any(finding.state == "missing" for finding in found)
        assert all(finding.remedy for finding in found if finding.state == "missing")
        return done.returncode, found, done.stdout + done.stderr

    return _run


@pytest.fixture(scope="module")
def bought(tmp_path_factory) -> Path:
    return buy(tmp_path_factory.mktemp("bought"))


def of(found: list[Finding], topic: str) -> list[tuple[str, str]]:
    return [(finding.state, finding.text) for finding in found if finding.topic == topic]


def test_bare_doctor_looks_at_the_installation(doctor):
    status, found, _ = doctor()
    assert status == 0
    assert {finding.topic for finding in found} >= {
        "python",
        "manyfew",
        "packages",
        "hub",
        "sandbox",
        "clock",
    }
    ((_, packages),) = of(found, "packages")
    assert "aiohttp 3." in packages


def test_people_read_a_line_a_finding(manyfew):
    done = manyfew("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    *lines, blank, last = done.stdout.splitlines()
    assert all(line.split()[0] in ("ok", "note", "→") for line in lines)
    assert (blank, last.split(".")[0]) == ("", "Nothing that is needed is missing")


def test_every_requirement_of_ours_is_understood():
    requirements = installation.metadata.requires("manyfew") or []
    parsed = [installation._parse(line) for line in requirements]
    assert ("openai", ">=3.0", "") in parsed
    assert all(
        name and (bounds.startswith((">=", "==", "<")) or "manyfew" in name) for name, bounds, _ in parsed
    )


@pytest.mark.parametrize(
    ("found", "bounds", "fits"),
    [
        ("3.0.0", ">=3.0", True),
        ("2.99", ">=3.0", False),
        ("3.10", ">=3.9", True),
        ("0.2.4", "==0.2.3", False),
        ("0.2.3.0", "==0.2.3", True),
        ("1.0rc1", ">=1.0", True),
        ("17", "", True),
        ("0.2.9", "<0.3,>=0.2.3", True),
        ("0.3.0", "<0.3,>=0.2.3", False),
        ("0.2.2", "<0.3,>=0.2.3", False),
    ],
)
def test_versions_compare_by_their_numbers(found, bounds, fits):
    assert installation._fits(found, bounds) is fits


def test_a_package_too_old_or_gone_is_missing(monkeypatch, doctor):
    versions = installation.metadata.version
    gone = installation.metadata.PackageNotFoundError

    def version(name: str) -> str:
        if name == "tenacity":
            raise gone(name)
        return "1.2.3" if name == "openai" else versions(name)

    monkeypatch.setattr(installation.metadata, "version", version)
    status, found, _ = doctor()
    assert status == 1
    assert of(found, "package") == [
        ("missing", "openai is 1.2.3, but manyfew needs >=3.0"),
        ("missing", "tenacity isn't installed"),
    ]
    assert next(f.remedy for f in found if f.topic == "package") == install("openai>=3.0")


def test_a_clock_before_the_first_release():
    assert installation._clock(0.0).state == "missing"
    assert installation._clock(time.time()).state == "ok"


def test_a_sweep_with_all_it_needs(doctor, tmp_path):
    vendor = openai_vendor(key=SECRET, models=("m", "other"))
    server = openai_vendor(flavour="vllm", models=("q",))
    with serving(vendor, server):
        vllm = {
            "provider": "vllm",
            "model": "q",
            "servers": [server.base_url],
            "gpu_usd_per_hour": 2.5,
        }
        SweepFile({"a": model(vendor, api_key_env="MY_KEY"), "b": vllm}).write(tmp_path)
        status, found, output = doctor("sweep.toml", MY_KEY=SECRET)
    assert status == 0, found
    assert of(found, "key") == [("ok", "MY_KEY is set, for a")]
    assert [state for state, _ in of(found, "price")] == ["ok", "ok"]
    assert of(found, "problems") == [("ok", "10 from jsonl")]
    assert of(found, "model") == [
        ("ok", f"a: m is served at {vendor.base_url}"),
        ("ok", f"b: q is served at {server.base_url}, context 2,048"),
    ]
    assert f"{server.base_url} answers, vLLM 0.32.0, models: 1" in [text for _, text in of(found, "endpoint")]
    assert of(found, "disk")[0][0] == "ok"
    assert not vendor.seen, "a sample was asked for"
    assert not vendor.billed
    assert SECRET not in output


def test_the_sandbox_that_a_sweep_asks_for_is_named(doctor, tmp_path):
    verifier = {"kind": "code", "sandbox": "none-i-trust-this-code"}
    problem = {
        "id": "a",
        "question": "f",
        "prompt": "def f():\n",
        "test": "assert f() == 1",
        "entry_point": "f",
    }
    vendor = openai_vendor()
    with serving(vendor):
        path = SweepFile({"a": model(vendor)}, problems=[problem], verifier=verifier).write(tmp_path)
        _, found, _ = doctor(str(path))
    assert of(found, "verifier") == [
        ("ok", "code can judge on this machine, in the sandbox none-i-trust-this-code")
    ]


def test_a_sweep_that_lacks_everything(doctor, tmp_path):
    vendor = openai_vendor(models=("other",))
    with serving(vendor), closed_port() as port:
        dead = f"http://127.0.0.1:{port}/v1"
        models = {
            "unserved": model(vendor, api_key_env="NO_SUCH_KEY"),
            "dead": {**model(vendor), "base_url": dead, "price": None, "model": "nobody-knows"},
        }
        for table in models.values():
            if table["price"] is None:
                del table["price"]
        path = SweepFile(models).write(tmp_path)
        (tmp_path / "problems.jsonl").write_text('{"id": 1}\n')
        status, found, _ = doctor(str(path))
    assert status == 1
    missing = {finding.topic: finding for finding in found if finding.state == "missing"}
    assert set(missing) == {"key", "price", "problems", "endpoint", "model"}
    assert missing["key"].text == "the environment variable NO_SUCH_KEY is not set (unserved)"
    assert missing["endpoint"].text == f"{dead} can't be reached: connection refused"
    assert missing["model"].text == f"unserved: {vendor.base_url} doesn't list m"
    assert missing["model"].remedy == "it lists other"
    assert "price" in missing["price"].remedy


def answering(*replies: bytes):
    """A server that says the same to every request, and what it was sent."""
    return _Canned(replies)


class _Canned:
    def __init__(self, replies):
        self.replies, self.heard = replies, []

    async def __aenter__(self):
        import asyncio

        async def serve(reader, writer):
            with contextlib.suppress(ConnectionError):
                self.heard.append(await reader.readuntil(b"\r\n\r\n"))
                for reply in self.replies:
                    writer.write(reply)
                    await writer.drain()
                if not self.replies:
                    await reader.read()
                writer.close()

        self._server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()


def said(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


def probed(tmp_path, server: Any, **keys: Any) -> list[Finding]:
    with serving(server):
        table: dict[str, Any] = {
            "provider": "openai-compatible",
            "model": "m",
            "base_url": f"{server.url}/v1",
        }
        table["price"] = {"input": 1.0, "output": 1.0}
        path = SweepFile({"a": {**table, **{k: v.format(server.url) for k, v in keys.items()}}}).write(
            tmp_path
        )
        return endpoints.endpoints(load(path).models)


@pytest.mark.parametrize(
    ("reply", "state", "text"),
    [
        (said("401 Unauthorized", f"Incorrect key {SECRET}"), "missing", "rejects the key in MY_KEY (401)"),
        (said("404 Not Found", "{}"), "note", "answers but doesn't list its models (404)"),
        (said("503 Service Unavailable", "{}"), "missing", "answers 503"),
        (said("302 Found", ""), "missing", "answers 302"),
        (said("200 OK", "<html>welcome</html>"), "note", "answers but lists no models"),
        (said("200 OK", '{"data": [{"id": 5}, "m", null]}'), "note", "answers but lists no models"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "missing", "can't be reached"),
        (b"", "missing", "can't be reached"),
    ],
)
def test_what_endpoints_answer(tmp_path, monkeypatch, reply, state, text):
    monkeypatch.setenv("MY_KEY", SECRET)
    server = answering(reply)
    (finding,) = probed(tmp_path, server, api_key_env="MY_KEY")
    assert (finding.state, finding.topic) == (state, "endpoint")
    assert text in finding.text
    assert SECRET not in finding.text + finding.remedy
    assert f"Bearer {SECRET}".encode() in server.heard[0]


def test_a_silent_endpoint_is_given_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(endpoints, "TIMEOUT_S", 0.3)
    start = time.perf_counter()
    (finding,) = probed(tmp_path, answering())
    assert time.perf_counter() - start < 4.5  # of five
    assert finding.state == "missing"
    assert "in time" in finding.text


def test_a_gateway_with_a_wildcard_may_serve_more_than_it_names(tmp_path):
    body = json.dumps({"data": [{"id": "openai/*"}]})
    ok, model_ = probed(tmp_path, answering(said("200 OK", body)))
    assert (ok.state, model_.state) == ("ok", "note")


def test_anthropic_is_asked_in_its_own_way(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    body = json.dumps({"data": [{"id": "claude-x-20260101", "type": "model"}]})
    server = answering(said("200 OK", body))
    ok, model_ = probed(tmp_path, server, provider="anthropic", model="claude-x", base_url="{}")
    assert ok.state == "ok"
    assert (model_.state, "aliases" in model_.remedy) == ("note", True)
    head = server.heard[0].decode().lower()
    assert head.startswith("get /v1/models?limit=1000 ")
    assert "anthropic-version: 2023-06-01" in head
    assert f"authorization: bearer {SECRET}" in head


def test_a_context_without_room_for_the_prompt(tmp_path):
    body = json.dumps({"data": [{"id": "m", "max_model_len": 64}]})
    _, model_ = probed(tmp_path, answering(said("200 OK", body)))
    assert (model_.state, model_.remedy) == (
        "missing",
        "use a smaller max_tokens: the prompt needs room too",
    )


def test_a_wrong_sweep_file_exits_2(command, tmp_path):
    (tmp_path / "sweep.toml").write_text("name = 3\n")
    done = command("doctor", "sweep.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_ledger_that_is_sound(doctor, bought):
    before = bought.read_bytes()
    status, found, _ = doctor(str(bought))
    assert status == 0
    assert of(found, "ledger") == [("ok", f"{bought} is intact: 45 samples, 45 with a verdict")]
    assert of(found, "sums") == [("ok", "every total agrees with its rows; models: 2")]
    assert of(found, "lock") == [("ok", "no process writes this ledger")]
    assert bought.read_bytes() == before


def test_sums_hold_after_server_time_and_faults(doctor, tmp_path):
    from tests.loopback.faults import RESET, Fault

    assert isinstance(RESET, Fault)
    server = openai_vendor(flavour="vllm", fault_rates={RESET: 0.2}, seed=3)
    with serving(server):
        table = {"provider": "vllm", "model": "q", "servers": [server.base_url], "gpu_usd_per_hour": 2.5}
        expensive = model(server, max_n=1)
        path = SweepFile({"gpu": table, "api": expensive}, problems=8).write(tmp_path)
        run(path, tmp_path / "test.db")
    status, found, _ = doctor("test.db")
    assert status == 0, [finding for finding in found if finding.state == "missing"]


@pytest.mark.parametrize(
    ("change", "said_"),
    [
        ("UPDATE model SET settled_pico = settled_pico + 1 WHERE id = 1", "cheap of test: settled_pico says"),
        (
            "UPDATE model SET samples = 99 WHERE id = 2",
            "expensive of test: samples says 99, but its rows add up to 10",
        ),
        ("UPDATE sample SET cost_pico = cost_pico + 1 WHERE id = 1", "its samples' shares"),
        ("DELETE FROM sample WHERE id = 3", "samples says"),
        (
            "UPDATE request SET presumed_pico = 5 WHERE id = 1",
            "presumed_pico says 0, but its rows add up to 5",
        ),
    ],
)
def test_sums_that_differ(doctor, bought, tmp_path, change, said_):
    db = tmp_path / "copy.db"
    db.write_bytes(bought.read_bytes())
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(change)
    status, found, _ = doctor("copy.db")
    assert status == 1
    assert any(said_ in text for state, text in of(found, "sums") if state == "missing")


def test_a_damaged_ledger(doctor, bought, tmp_path):
    whole = bytearray(bought.read_bytes())
    whole[8192:40960] = b"\xa5" * 32768
    (tmp_path / "broken.db").write_bytes(whole)
    status, found, _ = doctor("broken.db")
    assert status == 1
    ((state, _),) = of(found, "ledger")
    assert state == "missing"


def test_a_ledger_that_is_held_names_the_holder(doctor, bought, tmp_path):
    db = tmp_path / "copy.db"
    db.write_bytes(bought.read_bytes())
    with acquire(db) as lock:
        with closing(sqlite3.connect(db)) as connection, connection:
            lock.claim(connection)
        status, found, _ = doctor("copy.db")
    assert status == 0
    ((state, text),) = of(found, "lock")
    assert state == "note"
    assert text.startswith(f"a running process writes this ledger: process {os.getpid()} on ")


def test_what_a_killed_run_left_is_noted(doctor, bought, tmp_path):
    db = tmp_path / "copy.db"
    db.write_bytes(bought.read_bytes())
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE sample SET passed = NULL, verifier = NULL WHERE id < 4")
        connection.execute(
            "INSERT INTO request (run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state, "
            "reserved_pico, reserved_at) VALUES (1, 1, 1, 1, 1, 1, '[9]', 64, 'reserved', 700, 0)"
        )
        connection.execute("UPDATE model SET requests = requests + 1, reserved_pico = 700 WHERE id = 1")
    status, found, _ = doctor("copy.db")
    assert status == 0
    assert of(found, "requests") == [("note", "requests left open by a killed run: 1")]
    assert of(found, "verdicts") == [("note", "samples without a verdict: 3")]


@pytest.mark.parametrize("name", ["missing.db", "text.db", "other.db"])
def test_no_ledger_at_all_exits_2(command, tmp_path, name):
    (tmp_path / "text.db").write_text("hello")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    done = command("doctor", name)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_room_on_the_disk(tmp_path):
    ledger = tmp_path / "deep" / "down" / "x.db"
    (enough,) = place.place(ledger, most_tokens=1000)
    assert enough.state == "ok"
    (more,) = place.place(ledger, most_tokens=10**15)
    assert (more.state, more.topic) == ("note", "disk")
    assert not (tmp_path / "deep").exists()
