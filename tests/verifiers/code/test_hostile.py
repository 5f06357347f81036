"""Hostile programs in the sandbox: none forges a pass, reaches out, outlives its limit or leaves anything behind."""

import dataclasses
import hashlib
import os
import secrets
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest

from tests.verifiers.code.hostile import HOSTILE
from tests.verifiers.some import some
from verifiers.code.kind import Code
from verifiers.sandbox import Child, Job, choose
from verifiers.types import Bounds, Sandbox, Verdict

TRIED = dict(some(list(HOSTILE.items()), 2))
LACKS = choose(None).lacks()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LACKS is not None, reason=str(LACKS)),
    pytest.mark.xdist_group("hostile programs"),  # they are run once, by a fixture
]
LIMIT_S = 1.0
# A program may have twice its limit and two seconds; starting and killing on a busy machine the rest.
MOST_S = 2 * LIMIT_S + 2 + 8


class Marked:
    """The real sandbox; each job carries a mark by which whatever it leaves behind can be found."""

    name: Sandbox = "bubblewrap"

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._jail = choose(None)

    def lacks(self):
        return self._jail.lacks()

    def start(self, job: Job, stdin: IO[bytes] | int = subprocess.PIPE) -> Child:
        return self._jail.start(dataclasses.replace(job, environment={"MARK": self._mark}), stdin)


class Outside:
    """What must not be reached: listeners that tell the secret to whoever connects, and count it."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.reached: list[str] = []
        self._secret = secret
        self.tcp = socket.create_server(("0.0.0.0", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("0.0.0.0", self.port))
        self.unix_path, self.abstract = str(folder / "socket"), f"manyfew-{secret[:12]}"
        self.unix, self.hidden = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.unix.bind(self.unix_path)
        self.hidden.bind(f"\0{self.abstract}")
        for server in (self.unix, self.hidden):
            server.listen()
        for name, server in (("tcp", self.tcp), ("unix", self.unix), ("abstract", self.hidden)):
            threading.Thread(target=self._accept, args=(name, server), daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _accept(self, name: str, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.reached.append(name)
            with connection:
                connection.sendall(self._secret.encode())

    def _receive(self) -> None:
        try:
            self.udp.recvfrom(99)
        except OSError:
            return
        self.reached.append("udp")

    def close(self) -> None:
        for server in (self.tcp, self.unix, self.hidden, self.udp):
            server.close()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Every program once, four at a time: its verdict, its time, and what is left of all of them."""
    folder = tmp_path_factory.mktemp("outside")
    secret = secrets.token_hex(16)
    (folder / "canary").write_text(secret)
    drop = folder / "drop"
    os.environ["MANYFEW_CANARY"] = secret
    outside = Outside(folder, secret)
    values = {
        "PORT": str(outside.port), "HOST": socket.gethostname(), "UNIX": outside.unix_path, "DROP": str(drop),
        "ABSTRACT": outside.abstract, "CANARY": str(folder / "canary"), "PID": str(os.getpid()), "RAISED": secret,
        "HOME": str(Path.home()), "REPOSITORY": str(Path(__file__).parents[3]),
        "SECRET_SHA": hashlib.sha256(secret.encode()).hexdigest(),
    }  # fmt: skip
    mark = secrets.token_hex(16)
    code = Code(bounds=Bounds(timeout_s=LIMIT_S, memory_mb=512))
    code._jail = Marked(mark)
    patient = Code(bounds=Bounds(timeout_s=20))  # an honest program must pass on a busy machine too
    numbers = {n: 10**10 + secrets.randbelow(10**10) for n in range(3)}
    function = {
        "prompt": 'def answer(n: int) -> int:\n    """The answer to n."""\n',
        "entry_point": "answer",
        "test": "def check(candidate):\n"
        + "".join(f"    assert candidate({n}) == {v}\n" for n, v in numbers.items()),
    }
    program = {"public_tests": {"input": ["1\n"], "output": [secret]}}

    def judge(item):
        name, (text, problem) = item
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        started = time.monotonic()
        verdict = (patient if "honest" in name else code).verify(f"```python\n{text}\n```", problem)
        return verdict, time.monotonic() - started

    table = {
        **{
            name: (text, function if name.startswith("function") else program) for name, text in TRIED.items()
        },
        "function: honest": (f"def answer(n):\n    return {numbers}[n]", function),
        "program: honest": (f"print('{secret}')", program),
    }
    try:
        with ThreadPoolExecutor(4) as threads:
            results = dict(zip(table, threads.map(judge, table.items()), strict=True))
        yield SimpleNamespace(results=results, reached=outside.reached, left=processes(mark), drop=drop)
    finally:
        outside.close()
        del os.environ["MANYFEW_CANARY"]


def processes(mark: str) -> list[str]:
    """Those that carry the mark: bubblewrap's first process of a namespace has it in its command line, and no
    process of a namespace outlives that one."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in text:
            found.append(text[:200].decode(errors="replace"))
    return found


@pytest.mark.parametrize("name", sorted(TRIED))
def test_it_does_not_pass_and_ends_in_time(done, name):
    verdict, seconds = done.results[name]
    assert verdict.passed is False, verdict
    assert seconds < MOST_S


@pytest.mark.parametrize("form", ["function", "program"])
def test_an_honest_one_beside_them_passes(done, form):
    assert done.results[f"{form}: honest"][0].passed is True, done.results[f"{form}: honest"]


def test_nothing_outside_was_reached(done):
    assert done.reached == []


def test_no_process_is_left(done):
    assert done.left == []


def test_no_file_is_left(done):
    assert not done.drop.exists()
    assert not Path("/tmp/escaped").exists()
    assert len(HOSTILE) >= 130


def test_the_listeners_would_have_noticed(tmp_path):
    """The test above means something: an ordinary program does reach them, and the mark finds what runs."""
    secret = secrets.token_hex(16)
    outside = Outside(tmp_path, secret)
    try:
        with socket.create_connection(("127.0.0.1", outside.port), 5) as connection:
            assert connection.recv(99) == secret.encode()
        for address in (outside.unix_path, f"\0{outside.abstract}"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(address)
                assert connection.recv(99) == secret.encode()
        assert outside.reached == ["tcp", "unix", "abstract"]
    finally:
        outside.close()


def test_the_mark_finds_what_still_runs():
    mark = secrets.token_hex(16)
    code = Code(bounds=Bounds(timeout_s=5))
    code._jail = Marked(mark)
    program = {"public_tests": {"input": [""], "output": ["x"]}}
    verdicts: list[Verdict] = []
    thread = threading.Thread(
        target=lambda: verdicts.append(code.verify("import time\ntime.sleep(60)", program))
    )
    thread.start()
    deadline = time.monotonic() + 10
    while not processes(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes(mark)
    code.close()
    thread.join(10)
    assert [v.passed for v in verdicts] == [None]
    assert processes(mark) == []
