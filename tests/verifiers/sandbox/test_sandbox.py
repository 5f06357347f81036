"""The sandbox itself: what a job sees and may take, that it ends whole, and what is said where there is none."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy
import pytest

from verifiers.sandbox import Job, Limits, SandboxError, choose, input_file
from verifiers.sandbox.interpreter import interpreter
from verifiers.sandbox.seccomp import seccomp_filter

LACKS = choose("bubblewrap").lacks()
sandboxed = pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
ROOT = Path(__file__).parents[3]


def run(source: str, wall_s: float = 10, stdin: bytes = b"", jail: str = "bubblewrap", **limits):
    job = Job(python=(("main", textwrap.dedent(source)),), limits=Limits(**limits))
    with input_file(stdin) as file, choose(jail).start(job, file) as child:  # pyright: ignore
        return child.read_to_end(wall_s)


def said(source: str, **more) -> str:
    outcome = run(source, **more)
    assert (outcome.ended, outcome.status, outcome.stderr) == ("exited", 0, b""), outcome
    return outcome.stdout.decode().strip()


@sandboxed
def test_it_sees_the_interpreter_a_scratch_folder_and_its_input():
    assert said("print(input())", stdin=b"hello\n") == "hello"
    top = set(said("import os\nprint(*os.listdir('/'))").split())
    assert {"dev", "proc", "tmp", "usr"} <= top
    own = {path.parts[1] for path in (interpreter().executable, *interpreter().folders)}
    assert top <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "proc", "sbin", "tmp", "usr"} | own
    assert said("import os\nprint(os.listdir('.'), os.getcwd())") == "[] /tmp"
    assert (
        said("import os\nprint(*sorted(os.listdir('/dev')))")
        == "null random stderr stdin stdout urandom zero"
    )
    assert said("import os\nprint(*sorted(os.environ))").split() == [
        *("HOME", "LANG", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH", "PWD"),
        *("PYTHONHASHSEED", "PYTHONINTMAXSTRDIGITS", "PYTHONUTF8"),
    ]
    assert int(said("import os\nprint(len([p for p in os.listdir('/proc') if p.isdigit()]))")) <= 3
    assert said("import os\nprint(0 in (os.getuid(), os.geteuid(), os.getgid(), *os.getgroups()))") == "False"
    assert said("import os\nprint(os.uname().nodename)") == "sandbox"


@sandboxed
def test_no_capability_is_left():
    lines = said("print(open('/proc/self/status').read())").splitlines()
    status = dict(line.split(":\t") for line in lines if ":\t" in line)
    assert [int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")] == [0, 0, 0]
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2" or seccomp_filter(one_process=True) is None


@sandboxed
def test_the_standard_library_works():
    said("import bz2, ctypes, decimal, fractions, hashlib, heapq, json, lzma, random, re, sqlite3, ssl, zlib")
    said("import asyncio\nasync def f(): await asyncio.sleep(0)\nasyncio.run(f())")
    pool = "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(16) as t:"
    said(f"{pool} assert sum(t.map(int, range(99))) == 4851")
    assert said("print(list({'a', 'b', 'c', 'd'}))") == said("print(list({'a', 'b', 'c', 'd'}))")


@sandboxed
def test_limits():
    threads = """
        import threading
        stop = threading.Event()
        n = 0
        try:
            while n < 300:
                threading.Thread(target=stop.wait).start()
                n += 1
        except RuntimeError: pass
        stop.set()
        print(n)"""
    assert 5 <= int(said(threads, threads=10)) <= 10
    assert run("x = bytearray(300 << 20)", memory_mb=256).status == 1
    assert run("x = bytearray(100 << 20)", memory_mb=256).status == 0
    assert run("while True: pass", cpu_s=1).status == 128 + signal.SIGXCPU
    assert (
        run("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", cpu_s=1).status
        == 128 + 9
    )
    assert run("open('x', 'wb').write(b'x' * (9 << 20))", scratch_mb=8).status == 1
    assert run("open('x', 'wb').write(b'x' * (7 << 20))", scratch_mb=8).status == 0
    assert run("open('x', 'wb').write(b'x' * (3 << 20))", file_mb=2).status == 1
    assert run("a = [open('/dev/null') for _ in range(40)]", open_files=32).status == 1
    outcome = run("import os\nos.write(1, b'x' * 2000)", output_bytes=1000)
    assert (outcome.ended, outcome.stdout) == ("output", b"x" * 1000)
    assert run("import os\nos.fork()").status == 1
    assert run("import os\nos.fork()", processes=4).status == 0


@sandboxed
def test_the_clock_ends_everything_inside():
    started = time.monotonic()
    outcome = run("import os, time\nos.fork()\nos.fork()\ntime.sleep(60)", wall_s=0.5, processes=8)
    assert outcome.ended == "time"
    assert time.monotonic() - started < 40  # of sixty


@sandboxed
def test_a_command_sees_what_it_is_given_and_talks(tmp_path):
    (tmp_path / "given").write_text("given")
    (tmp_path / "hidden").write_text("hidden")
    cat = Job(command=("cat", str(tmp_path / "given"), "-"), read_only=(Path("/usr"), tmp_path / "given"))
    with choose(None).start(cat) as child:
        child.stdin.write(b" and said")
        child.stdin.close()
        assert child.read_to_end(10).stdout == b"given and said"
    other = Job(command=("cat", str(tmp_path / "hidden")), read_only=(Path("/usr"), tmp_path / "given"))
    with choose(None).start(other) as child:
        assert child.read_to_end(10).status == 1
    with pytest.raises(SandboxError, match="nonesuch is not there"):
        choose(None).start(Job(command=("nonesuch",)))
    with pytest.raises(SandboxError, match=r"bwrap: Can't find source path .*nowhere"):
        choose(None).start(Job(command=("cat",), read_only=(tmp_path / "nowhere",)))


@sandboxed
def test_nothing_is_left_when_the_parent_is_killed(tmp_path):
    mark = f"mark-{os.urandom(8).hex()}"
    source = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from verifiers.sandbox import Job, choose
        main = "import time; print('here', flush=True); time.sleep(60)"
        job = Job(python=(("main", main),), environment={{"MARK": {mark!r}}})
        with choose(None).start(job) as child:
            print(child.stdout.readline(), flush=True)
            child.read_to_end(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(source)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert b"here" in parent.stdout.readline()
    assert carrying(mark)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while carrying(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not carrying(mark)


def carrying(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in text and int(path.name) != os.getpid():
            found.append(path.name)
    return found


def test_without_bubblewrap_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    lacks = choose(None).lacks()
    assert lacks is not None
    assert "bubblewrap is not there" in lacks[0]


def test_a_bubblewrap_that_fails_says_so(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    lacks = choose(None).lacks()
    assert lacks is not None
    assert lacks[0] == "bubblewrap does not work here: bwrap: setting up uid map: Permission denied"


def test_no_sandbox_of_that_name():
    with pytest.raises(ValueError, match="unknown sandbox 'none'; known: bubblewrap, container"):
        choose("none")  # pyright: ignore


def test_none_still_bounds_and_cleans(tmp_path):
    outcome = run(
        "import os\nprint(os.getcwd(), sorted(os.environ))\nopen('x', 'w')", jail="none-i-trust-this-code"
    )
    folder, _, names = outcome.stdout.decode().partition(" ")
    assert not Path(folder).exists()
    assert "SECRET" not in names
    mark = f"mark-{os.urandom(8).hex()}"
    source = f"""
        import os, sys, time
        if not os.fork():
            os.setsid()
            if not os.fork(): time.sleep(60)
            os._exit(0)
        os.wait()
        print({mark!r}, flush=True)
        time.sleep(60)"""
    outcome = run(source, wall_s=1, jail="none-i-trust-this-code")
    assert (outcome.ended, outcome.stdout.strip()) == ("time", mark.encode())
    assert not carrying(mark)
    assert run("x = bytearray(300 << 20)", memory_mb=256, jail="none-i-trust-this-code").status == 1


@pytest.fixture
def docker(monkeypatch, tmp_path):
    """The stand-in instead of docker; gives the calls made to it."""
    if shutil.which("python3") is None:
        pytest.skip("the stand-in runs the python3 of this machine")
    from verifiers.sandbox import container

    container._runtime.cache_clear()
    calls = tmp_path / "calls"
    monkeypatch.setenv("PATH", f"{Path(__file__).parent / 'docker_standin'}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_CALLS", str(calls))
    monkeypatch.setenv("DOCKER_IMAGE", container.IMAGE)
    # `info` is asked where podman is there too.
    yield lambda: [line.split() for line in calls.read_text().splitlines() if line.split()[0] != "info"]
    container._runtime.cache_clear()


def test_a_container_is_asked_for_with_every_limit(docker):
    outcome = run(
        "print(input())", stdin=b"hello\n", jail="container", memory_mb=200, scratch_mb=50, threads=9
    )
    assert outcome.stdout == b"hello\n"
    ((command, *arguments),) = docker()
    assert command == "run"
    text = " ".join(arguments)
    for wanted in (
        "--rm", "--interactive", "--pull never", "--network none", "--read-only", "--cap-drop ALL",
        "--user 65534:65534",
        "--security-opt no-new-privileges", "--memory 250m", "--memory-swap 250m", "--pids-limit 10", "--ipc none",
        "--tmpfs /tmp:rw,nosuid,nodev,size=50m,mode=1777", "--log-driver none",
    ):  # fmt: skip
        assert wanted in text


def test_a_container_that_runs_too_long_is_removed(docker):
    started = time.monotonic()
    outcome = run("import time\ntime.sleep(60)", wall_s=0.5, jail="container")
    assert outcome.ended == "time"
    assert time.monotonic() - started < 40  # of sixty
    run_call, remove = docker()
    assert remove == ["rm", "--force", run_call[run_call.index("--name") + 1]]


def test_what_a_container_lacks(docker, monkeypatch):
    assert choose("container").lacks() is None
    lacks = choose("container", "other:1").lacks()
    assert lacks == ("docker has no image other:1", "docker pull other:1")
    monkeypatch.setenv("DOCKER_DOWN", "1")
    lacks = choose("container").lacks()
    assert lacks is not None
    assert lacks[0].startswith("docker does not answer: Cannot connect to the Docker daemon")


def test_the_filter_is_for_machines_whose_numbers_are_known():
    assert seccomp_filter(one_process=True, machine="riscv64") is None
    for machine in ("x86_64", "aarch64"):
        one, many = (seccomp_filter(one_process=one, machine=machine) for one in (True, False))
        assert one is not None
        assert many is not None
        assert len(one) % 8 == len(many) % 8 == 0
        assert len(one) > len(many)


def test_packages_of_a_linked_environment_are_no_libraries_from_elsewhere(tmp_path):
    site = Path(numpy.__file__).parents[1]
    (tmp_path / "linked").symlink_to(site.resolve())
    program = (
        "import sys\n"
        f"sys.path = [{str(tmp_path / 'linked')!r} if path == {str(site)!r} else path for path in sys.path]\n"
        "from verifiers.sandbox.packages import packages\n"
        "found = packages(('numpy',))\n"
        "print(*found.places, *found.libraries, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    shown = [line for line in done.stdout.splitlines() if "numpy" in line]
    assert shown
    assert all(line.startswith(str(tmp_path)) for line in shown)
