"""An agent's process: what it can reach, and that its end is the end of all that it started."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from orchestrator.run.agents import sandbox
from orchestrator.run.agents.place import INSIDE, PORT, Place
from orchestrator.run.agents.process import AgentProcess
from orchestrator.run.agents.program import readable

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


@pytest.fixture(params=["bubblewrap", "trusted"])
def kind(request) -> str:
    return request.param


def _place(tmp_path: Path, kind: str) -> Place:
    outside = tmp_path / "attempt"
    place = Place(outside, INSIDE if kind == "bubblewrap" else outside)
    place.make("the task")
    place.folder.mkdir()
    return place


async def _start(place: Place, kind: str, script: str, gateway: Path | None = None) -> AgentProcess:
    command = ["/bin/bash", "-c", script]
    if kind == "bubblewrap":
        argv = sandbox.bubblewrap(place, command, needs=readable(Path("/bin/bash")), socket=gateway)
    else:
        argv = sandbox.trusted(place, command)
    environment = {"PATH": "/usr/bin:/bin", "HOME": place.seen(place.home)}
    return await AgentProcess.start(argv, environment, cwd=place.folder, sandboxed=kind == "bubblewrap")


async def _until_it_said(process: AgentProcess) -> None:
    for _ in range(1000):
        if process.stdout:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it says nothing")


def _alive(marker: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found += [entry.name] if marker.encode() in (entry / "cmdline").read_bytes() else []
            except OSError:
                continue
    return found


async def test_it_reads_its_task_and_gives_its_status(tmp_path, kind):
    place = _place(tmp_path, kind)
    process = await _start(place, kind, "cat; echo oops >&2; echo made > made; exit 7")
    assert await process.ended() == 7
    assert process.stdout == b"the task"
    assert process.last_line() == "oops"
    assert (place.folder / "made").read_text() == "made\n"


async def test_what_it_started_ends_with_it(tmp_path, kind):
    marker = f"97{os.getpid()}"
    process = await _start(
        _place(tmp_path, kind), kind, f"setsid sleep {marker} & (setsid setsid sleep {marker} &); exit 0"
    )
    assert await asyncio.wait_for(process.ended(), 10) == 0
    assert not _alive(f"sleep\0{marker}")


async def test_what_it_started_ends_when_it_is_killed(tmp_path, kind):
    marker = f"98{os.getpid()}"
    script = f"trap '' TERM INT HUP; (setsid setsid sleep {marker} &); echo up; sleep {marker}"
    process = await _start(_place(tmp_path, kind), kind, script)
    await _until_it_said(process)
    assert await asyncio.wait_for(process.kill(), 10) == 137
    assert not _alive(f"sleep\0{marker}")


async def test_a_sandbox_hides_files_processes_and_the_network(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the key")
    script = f"""
    cat {secret}; cat /etc/shadow; cat /proc/*/environ | tr '\\0' '\\n'; touch /usr/x /etc/x; ls -d /proc/[0-9]* | wc -l
    (echo > /dev/tcp/1.1.1.1/80) 2>&1; (echo > /dev/tcp/127.0.0.1/22) 2>&1; echo done
    """
    os.environ["MANYFEW_TEST_SECRET"] = "the key"
    try:
        process = await _start(_place(tmp_path, "bubblewrap"), "bubblewrap", script)
        assert await process.ended() == 0
    finally:
        del os.environ["MANYFEW_TEST_SECRET"]
    said = process.stdout.decode()
    assert "the key" not in said
    assert "Network is unreachable" in said
    assert "Connection refused" in said
    assert said.rstrip().endswith("done")


async def test_the_gateways_socket_is_a_port_inside(tmp_path):
    path = tmp_path / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"got " + connection.recv(100))

    threading.Thread(target=answer, daemon=True).start()
    script = f"exec 3<>/dev/tcp/127.0.0.1/{PORT}; echo hello >&3; cat <&3"
    process = await _start(_place(tmp_path, "bubblewrap"), "bubblewrap", script, path)
    assert await asyncio.wait_for(process.ended(), 10) == 0
    assert process.stdout == b"got hello\n"
    listener.close()


async def test_floods_of_output_are_read_and_forgotten(tmp_path, kind):
    process = await _start(
        _place(tmp_path, kind),
        kind,
        "head -c 40000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2",
    )
    assert await asyncio.wait_for(process.ended(), 30) == 0
    assert len(process.stdout) == 16 * 2**20 + 1
    assert (process.last_line() or "").endswith("end")
