"""`manyfew watch --web`: what it serves, and what it never serves without its token."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from orchestrator.cli.web_page import LivePage, serve
from orchestrator.errors import InputError
from tests.orchestrator.analysis.report_fixture import HOSTILE, hostile, tame
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.report.page.browser import CHROMIUM, browser

ROOT = Path(__file__).resolve().parents[3]
SECRET = "alias-of-the-ledger"
OF_OURS = {"/", "/live.json", "/report.json", "/samples.json", "/favicon.ico"}
PATHS = ("/live.json", "/report.json", "/samples.json?problem=p0")


@pytest.fixture
def ledger(tmp_path):
    return make_ledger(tmp_path / "l.db", {SECRET: Made({f"p{i}": counted(4, i % 3) for i in range(8)})})


@pytest.fixture
async def served(ledger):
    """A page on a port of its own, and how to ask it."""
    page = LivePage(ledger)
    runner = web.AppRunner(page.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:

        async def ask(path, token=None, method="GET", **headers):
            if token is not None:
                headers["Authorization"] = f"Bearer {token}"
            async with session.request(method, path, headers=headers) as reply:
                return reply.status, reply.headers, await reply.text()

        yield page, ask
    await runner.cleanup()


async def test_with_the_token_the_ledger_is_shown(served):
    page, ask = served
    assert len(page.token) >= 43  # 32 bytes
    status, _, said = await ask("/live.json", page.token)
    assert status == 200
    live = json.loads(said)
    assert live["models"][0]["name"] == SECRET
    assert len(live["last"]) == 8
    status, _, said = await ask("/report.json", page.token)
    assert (status, SECRET in said) == (200, True)
    status, _, said = await ask("/samples.json?problem=p1", page.token)
    assert [one["passed"] for one in json.loads(said)["samples"]] == [0, 0, 0, 1]


async def test_without_the_right_token_nothing_of_the_ledger_is_in_any_reply(served, ledger):
    page, ask = served
    old = LivePage(ledger).token  # of another start
    assert old != page.token
    for token in (None, "", "x", old, page.token[:-1], page.token + "x", f"{page.token}é"):
        for path in (*PATHS, "/nothing", "/../l.db", f"/live.json?token={page.token}"):
            for method in ("GET", "HEAD"):
                status, headers, said = await ask(path, token, method)
                assert status == 401, (token, path)
                assert SECRET not in said + str(headers)
                assert "Set-Cookie" not in headers
    status, headers, shell = await ask("/")
    assert status == 200
    assert SECRET not in shell
    assert page.token not in shell
    assert str(ledger) not in shell
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:1", 200),
        ("localhost:8000", 200),
        ("[::1]:9", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8000", 403),
        ("127.0.0.1:8000@evil.example", 403),
        ("", 403),
        ("0.0.0.0", 403),
    ],
)
async def test_only_names_of_this_machine_are_answered(served, host, status):
    page, ask = served
    for path in ("/", "/live.json"):
        found, _, said = await ask(path, page.token, Host=host)
        assert found == status
        assert (SECRET in said) == (status == 200 and path != "/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_reading_is_all_there_is(served, method):
    page, ask = served
    status, headers, said = await ask("/live.json", page.token, method, Origin="https://evil.example")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert SECRET not in said
    assert not any(name.lower().startswith("access-control") for name in headers)


async def test_every_reply_has_its_guards_and_scripts_have_a_nonce_of_their_own(served):
    page, ask = served
    nonces = set()
    for path, token in (
        ("/", None),
        ("/", None),
        ("/live.json", page.token),
        ("/live.json", None),
        ("/x", page.token),
    ):
        _, headers, said = await ask(path, token, Origin="https://evil.example")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert not any(name.lower().startswith("access-control") for name in headers)
        if path == "/":
            policy = headers["Content-Security-Policy"]
            (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", policy))
            assert "connect-src 'self'" in policy
            assert "unsafe" not in policy
            tags = re.findall(
                r"<(?:script|style)\b[^>]*>", re.sub(r"(?s)(<script[^>]*>).*?(</script>)", r"\1\2", said)
            )
            assert len(tags) == 3
            assert all(f'nonce="{nonce}"' in tag for tag in tags)
            nonces.add(nonce)
    assert len(nonces) == 2


async def test_a_socket_is_the_owner_s_alone(tmp_path, ledger):
    path = tmp_path / "s.sock"
    said: list[str] = []
    ready = asyncio.Event()

    def say(line):
        said.append(line)
        if line.startswith("http"):
            ready.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve(ledger, f"unix:{path}", say))
        await asyncio.wait_for(ready.wait(), 20)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        token = said[1].split("#")[1]
        assert f"ssh -L 8000:{path}" in said[0]
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get("http://localhost:8000/live.json", headers=headers) as reply:
                assert (await reply.json())["models"][0]["name"] == SECRET
        with pytest.raises(InputError, match="already exists"):
            await serve(ledger, f"unix:{path}", said.append)
        task.cancel()
    assert not path.exists()


def test_the_command_prints_an_address_and_ends_at_ctrl_c(ledger):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", "watch", "--web", str(ledger)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert started.stdout is not None
    address = started.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#[\w-]{43}", address)
    started.send_signal(signal.SIGINT)
    assert started.communicate(timeout=20)[1] == ""
    assert started.returncode == 0


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("70000", "--web: '70000' is neither a port nor unix:PATH (such as --web 8000)"),
        ("0.0.0.0:80", "--web: '0.0.0.0:80' is neither a port"),
        ("unix:/nothing/there", "--web unix:/nothing/there: can't be made"),
    ],
)
def test_a_place_that_can_not_be_used_is_one_line(command, ledger, where, message):
    done = command("watch", "l.db", "--web", where)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr


def test_what_is_no_ledger_is_refused(command, tmp_path):
    (tmp_path / "x.db").write_text("no")
    assert command("watch", "x.db", "--web").returncode == 2


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
async def test_a_hostile_ledger_in_a_browser_stays_text(tmp_path):
    pytest.importorskip("vl_convert", reason='needs the extra "charts"')
    path = hostile(tmp_path / "h.db")
    evil = "</script><img src=x onerror=alert(1)><script>alert(2)</script>"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sample SET text = ?, reasoning = ?", (evil, evil))
    page = LivePage(path)
    runner = web.AppRunner(page.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with browser(tmp_path / "profile", offline=False) as shown:
            await shown.size(1400)
            await shown.open(f"http://127.0.0.1:{runner.addresses[0][1]}/#{page.token}")
            assert await shown.js("location.href.includes('#')") is False
            await shown.until("document.querySelectorAll('#live-last article').length > 0")
            assert await shown.js("document.querySelector('#live-last pre').textContent") == evil
            await shown.js("document.querySelector('#grid-body button').click()")
            await shown.until("document.querySelectorAll('#sample-list article').length > 0")
            assert await shown.js("document.querySelector('#sample-list article > pre').textContent") == evil
            assert await shown.js("document.querySelectorAll('img').length") == 0
            assert await shown.js("document.body.textContent.includes('l'.repeat(20))")
            assert await shown.js("document.cookie") == ""
            assert {urlless(url) for url in shown.requests} <= {
                "/",
                "/live.json",
                "/report.json",
                "/samples.json",
                "/favicon.ico",
            }
            assert [of for of in shown.complaints if "favicon" not in of and "401" not in of] == []
    finally:
        await runner.cleanup()


def urlless(url):
    return re.sub(r"^http://127\.0\.0\.1:\d+|[?#].*$", "", url) or "/"


def test_tokens_are_new_each_start(ledger):
    assert len({LivePage(ledger).token for _ in range(3)}) == 3


def test_a_tame_ledger_has_what_the_live_screen_has(tmp_path):
    from orchestrator.ledger.reading.money.watch import Watched
    from orchestrator.report.page.live import live_document

    live = live_document(Watched(tame(tmp_path / "t.db")).read(), [])
    assert live["models"][0]["figures"][0] == "400/400"
    assert dict(live["money"])["settled"].startswith("$")
    recorded = replace(Watched(tmp_path / "t.db").read(), replayed_pico=10**12)
    assert dict(live_document(recorded, [])["money"])["replayed, not spent"] == "$1.00"
    assert HOSTILE[0] not in json.dumps(live)
