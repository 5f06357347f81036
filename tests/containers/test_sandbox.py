"""The sandbox `container` on a real podman, and by the docker command over podman's socket."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor.containers import containers
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from verifiers.sandbox import Job, JobResult, Limits, choose
from verifiers.sandbox.container import IMAGE


def execute(source: str, *, wall_s: float = 30, stdin: bytes = b"", **limits: Any) -> JobResult:
    job = Job(python=(("program", source),), limits=Limits(cpu_s=10, **limits))
    with choose("container").start(job) as child:
        child.stdin.write(stdin)
        child.stdin.close()
        return child.read_to_end(wall_s)


@pytest.fixture(autouse=True)
def none_is_left(runtime: str) -> Iterator[None]:
    yield
    deadline = time.monotonic() + 10
    while listed := subprocess.run(
        [runtime, "ps", "--all", "--quiet"], capture_output=True, text=True
    ).stdout:
        assert time.monotonic() < deadline, listed
        time.sleep(0.1)


def test_it_works_and_doctor_knows_it(runtime):
    assert choose("container").lacks() is None
    (found,) = containers()
    assert (found.topic, found.state) == (runtime, "ok")


def test_what_lacks_is_named_by_its_cause(runtime):
    lacks = choose("container", "python:none").lacks()
    assert lacks == (f"{runtime} has no image python:none", f"{runtime} pull python:none")
    with (
        pytest.raises(Exception, match=r"(?i)^(?!Run ').*\b(?:image|manifest|pull)\b"),
        choose("container", "python:none").start(Job(python=(("p", ""),))),
    ):
        pass


PROBES = {
    "the network": "import socket\nsocket.create_connection(('1.1.1.1', 80), 2)",
    "the root's files": "open('/etc/passwd', 'a')",
    "a file at the root": "open('/mine', 'w')",
    "another user": "import os\nos.setuid(0)",
    "a device": "import os\nos.mknod('/tmp/d', 0o60666, os.makedev(8, 0))",
    "memory": "x = bytearray(3 << 30)",
    "many processes": "import os, time\nfor _ in range(200):\n    if not os.fork(): time.sleep(5); os._exit(0)",
    "a larger limit": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))",
}


@pytest.mark.parametrize("name", PROBES)
def test_what_a_program_cannot_do(runtime, name):
    outcome = execute(f"{PROBES[name]}\nprint('done')", memory_mb=256, processes=60)
    assert outcome.stdout == b""
    assert b"Error" in outcome.stderr, outcome


def test_input_output_and_who_it_is(runtime):
    outcome = execute("import os\nprint(input(), os.getuid(), os.listdir('/tmp'))", stdin=b"hello\n")
    assert outcome.stdout == b"hello 65534 []\n", outcome


def test_one_that_does_not_end_is_ended(runtime):
    outcome = execute("import time\nprint('begun', flush=True)\ntime.sleep(60)", wall_s=3)
    assert (outcome.ended, outcome.stdout) == ("time", b"begun\n")


PROBLEMS = [
    {"id": name, "prompt": f"def {name}(x):\n    '''{does}'''\n", "entry_point": name, "question": f"{name}: {does}",
     "test": f"def check(candidate):\n    assert candidate(3) == {result}\n"}
    for name, does, result in (("twice", "Doubles x.", 6), ("square", "Squares x.", 9))
]  # fmt: skip


def test_a_sweep_judged_in_containers(runtime, tmp_path: Path):
    vendor = openai_vendor(
        answer=lambda prompt, index: (
            f"```python\ndef {'twice' if 'twice' in prompt else 'square'}(x):\n    return x {'*' if index else '-'} "
            f"{'2' if 'twice' in prompt else 'x'}\n```"
        )
    )
    db = tmp_path / "l.db"
    with serving(vendor):
        file = SweepFile(
            {"m": model(vendor)},
            problems=PROBLEMS,
            samples=2,
            verifier={"kind": "code", "sandbox": "container"},
        )
        ended = run(file.write(tmp_path), db)
    assert ended.status == 0
    counts = [tuple(row) for row in rows(db, "SELECT passed, count(*) FROM sample_records GROUP BY passed")]
    assert counts == [(0, 2), (1, 2)]
    check_books(db)


def test_the_image_is_of_the_python_that_runs_manyfew():
    assert f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim" == IMAGE
