"""What one test of a program may leave to the next: nothing. Tests of a program share a sandbox, so each of these tries
to reach from its first test into its second, or into the process that runs them."""

import re
import textwrap

import pytest

from verifiers.code.kind import Code
from verifiers.sandbox import choose
from verifiers.types import Bounds, Verdict

LACKS = choose(None).lacks()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(LACKS is not None, reason=str(LACKS))]
LEFT = {  # name: (what the first test does, an expression that is true in the second if it got through)
    "a file": ("open('left', 'w').write('x')", "os.path.exists('left')"),
    "a file elsewhere": (
        "[open(f'{d}/left', 'w').write('x') for d in DIRS if os.access(d, os.W_OK)]",
        "any(os.path.exists(f'{d}/left') for d in DIRS)",
    ),
    "a hidden file that nobody may read": (
        "os.close(os.open('/tmp/.left', os.O_CREAT | os.O_RDWR, 0))",
        "'.left' in os.listdir('/tmp')",
    ),
    "a folder that nobody may enter": (
        "os.makedirs('/tmp/d/e'); open('/tmp/d/e/f', 'w'); os.chmod('/tmp/d', 0)",
        "os.listdir('/tmp') != []",
    ),
    "folders a thousand deep": (
        "for _ in range(1000):\n    os.mkdir('d'); os.chdir('d')",
        "os.path.exists('/tmp/d')",
    ),
    "four thousand files": ("[open(f'/tmp/{n}', 'w') for n in range(4000)]", "len(os.listdir('/tmp')) > 0"),
    "a link": ("os.symlink('/proc/self', '/tmp/l')", "os.path.lexists('/tmp/l')"),
    "a socket in the folder": (
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('/tmp/s'); s.listen()",
        "os.path.exists('/tmp/s')",
    ),
    "other rights of the folder": ("os.chmod('/tmp', 0o700)", "os.stat('/tmp').st_mode & 0o777 == 0o700"),
    "an attribute of the folder": (
        "os.setxattr('/tmp', 'user.left', b'x')",
        "'user.left' in os.listxattr('/tmp')",
    ),
    "a process": (
        "if not os.fork():\n    os.setsid(); import time; time.sleep(60)",
        "sum(n.isdigit() for n in os.listdir('/proc')) > 3",
    ),
    "a process by subprocess": (
        "import subprocess; subprocess.Popen(['/bin/sleep', '60'], start_new_session=True)",
        "sum(n.isdigit() for n in os.listdir('/proc')) > 3",
    ),
    "a thread": (
        "import threading, time\nthreading.Thread(target=lambda: time.sleep(60), daemon=True).start()",
        "len(os.listdir('/proc/self/task')) > 1",
    ),
    "an abstract socket": (
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0left'); s.listen(); keep = s",
        "'left' in open('/proc/net/unix').read()",
    ),
    "a port in use": (
        "import socket; s = socket.create_server(('', 7777)); a = socket.create_connection(('', 7777)); s.close()",
        "'1E61' in open('/proc/net/tcp').read()",
    ),
    "shared memory": (
        "import ctypes; left = ctypes.CDLL(None).shmget(7, 4096, 0o1777)\nassert left >= 0",
        "__import__('ctypes').CDLL(None).shmget(7, 4096, 0) >= 0",
    ),
    "a limit of the parent": (
        "import resource; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (77, 256))",
        "__import__('resource').getrlimit(7)[0] == 77",
    ),
    "a hard limit of the parent": (
        "import resource; resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (4096, 4096))",
        "__import__('resource').getrlimit(1)[0] == 4096",
    ),
    "a priority of the parent": (
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 7)",
        "os.getpriority(os.PRIO_PROCESS, 0) == 7",
    ),
    "a priority of the user": ("os.setpriority(os.PRIO_USER, 0, 7)", "os.nice(0) == 7"),
    "processors of the parent": (
        "os.sched_setaffinity(os.getppid(), {min(os.sched_getaffinity(0))})",
        "len(os.sched_getaffinity(0)) == 1 and int(CPUS) > 1",
    ),
    "a policy of the parent": (
        "os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))",
        "os.sched_getscheduler(0) == os.SCHED_IDLE",
    ),
    "the parent's killing score": (
        "open(f'/proc/{os.getppid()}/oom_score_adj', 'w').write('777')",
        "open('/proc/self/oom_score_adj').read().strip() == '777'",
    ),
    "the parent's name": (
        "open(f'/proc/{os.getppid()}/comm', 'w').write('left')",
        "open('/proc/self/comm').read() == 'left\\n'",
    ),
    "a module's state": (
        "import builtins, sys; builtins.left = 1; sys.modules['left'] = sys",
        "'left' in sys.modules or hasattr(__import__('builtins'), 'left')",
    ),
    "the environment": ("os.environ['LEFT'] = 'x'; os.putenv('LEFT', 'x')", "'LEFT' in os.environ"),
    "a mask and a folder": ("os.mkdir('d'); os.chdir('d'); os.umask(0o777)", "os.umask(0) == 0o777"),
    "a descriptor": ("os.dup2(1, 99)", "os.path.exists('/proc/self/fd/99')"),
    "a session": ("os.setsid()", "os.getsid(0) == os.getpid()"),
}
STOLEN = {  # what the first test does to hear the second test's input, or to answer for it; it must not pass
    "the parent's memory map": "open(f'/proc/{os.getppid()}/maps').read()",
    "the parent's memory": "open(f'/proc/{os.getppid()}/mem', 'rb', 0)",
    "the parent's pipes": (
        "for n in os.listdir(f'/proc/{os.getppid()}/fd'):\n    os.open(f'/proc/{os.getppid()}/fd/{n}', os.O_RDWR)"
    ),
    "the parent's stdin": "open(f'/proc/{os.getppid()}/fd/0', 'rb', 0)",
    "the parent's stdout": "open(f'/proc/{os.getppid()}/fd/1', 'wb', 0)",
    "all of its own descriptors": (
        "found = [n for n in range(3, 256) if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "assert not [n for n in found if not os.readlink(f'/proc/self/fd/{n}').startswith('/proc')], found\n1/0"
    ),
    "more of stdin": "rest = os.read(0, 1 << 20)\nos.lseek(0, 0, 0)\nassert os.read(0, 1 << 20) != b'1\\n'",
    "a trace": (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\nassert libc.ptrace(16, os.getppid(), 0, 0) == 0"
    ),
    "a descriptor of the parent's by pidfd": (
        "import ctypes; libc = ctypes.CDLL(None)\n"
        "assert libc.syscall(438, os.pidfd_open(os.getppid()), 0, 0) >= 0"
    ),
    "the parent's memory by process_vm": (
        "import ctypes; libc = ctypes.CDLL(None)\nb = ctypes.create_string_buffer(64)\n"
        "v = (ctypes.c_ulong * 2)(ctypes.addressof(b), 64)\n"
        "assert libc.process_vm_readv(os.getppid(), v, 1, v, 1, 0) > 0"
    ),
    "a fork": "os.fork()",
    "a vfork by posix_spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "clone": "import ctypes\nassert ctypes.CDLL(None).syscall(56, 17, 0, 0, 0, 0) >= 0",
    "another filter": (  # may only take away
        "import ctypes, struct; libc = ctypes.CDLL(None)\n"
        "p = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))\n"
        "q = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 1, ctypes.addressof(p)))\n"
        "libc.prctl(22, 2, q, 0, 0)\nos.fork()"
    ),
}
ENDS = {
    "kills the parent": "os.kill(os.getppid(), 9)\nimport time; time.sleep(9)",
    "interrupts the parent": "os.kill(os.getppid(), 2)\nimport time; time.sleep(9)",
    "stops the parent": "os.kill(os.getppid(), 19)",
    "kills all": "os.kill(-1, 9)",
    "writes an answer of the parent's": (
        "import struct\nos.write(1, struct.pack('>c?III', b'E', True, 0, 3, 0) + b'2\\n\\n')\nos._exit(0)"
    ),
    "fills the folder": ("f = open('/tmp/f', 'wb')\nwhile True: f.write(bytes(1 << 20)); f.flush()"),
}
HEAD = """\
import os, sys
CPUS = os.cpu_count()
DIRS = ['/', '/tmp', '/dev', '/dev/shm', '/run', '/var/tmp', '/proc', '/usr', '/home', os.path.expanduser('~')]
first = input() == '1'
"""
TWO = {"public_tests": {"input": ["1\n", "2\n"], "output": ["1", "2"]}}


def verify(source: str):
    code = Code(bounds=Bounds(timeout_s=1))
    assert code._program_filter() is not None
    return code.verify(f"```python\n{HEAD}{source}```", TWO)


def indented(source: str) -> str:
    return textwrap.indent(source, "        ")


@pytest.mark.parametrize("name", LEFT)
def test_nothing_is_left_to_the_next_test(name):
    does, found = LEFT[name]
    source = f"if first:\n    try:\n{indented(does)}\n    except BaseException: pass\n    print(1)\n"
    source += f"else:\n    print('left' if {found} else 2)\n"
    verdict = verify(source)
    assert verdict.passed is True, verdict


@pytest.mark.parametrize("user", ["root", "another"])
@pytest.mark.parametrize("name", STOLEN)
def test_the_first_test_has_no_way_to_the_second(name, user, monkeypatch):
    """Each raises where the way is closed. Who isn't root has a user namespace, and the same user on both sides."""
    if user == "another":
        monkeypatch.setattr("os.geteuid", lambda: 1000)
    source = f"if first:\n    try:\n{indented(STOLEN[name])}\n        print('open')\n"
    source += "    except (Exception, SystemExit): print(1)\nelse: print(2)\n"
    verdict = verify(source)
    assert verdict.passed is True, verdict


@pytest.mark.parametrize("name", ENDS)
def test_who_ends_the_others_fails(name):
    verdict = verify(
        f"if first:\n    print(1, flush=True)\n{textwrap.indent(ENDS[name], '    ')}\nelse: print(3)\n"
    )
    assert verdict.passed is False, verdict


def test_each_test_has_its_own_time_memory_and_input():
    many = [str(n) for n in range(12)]
    problem = {"public_tests": {"input": [f"{n}\n" * 50_000 for n in many], "output": many}}
    busy = (
        "import sys, time\nlines = sys.stdin.read().split()\nassert len(lines) == 50_000\nx = bytearray(300 << 20)\n"
        "open('f', 'wb').write(bytes(40 << 20))\n"
        "while time.process_time() < 0.3: pass\nsys.stdin.seek(0)\nprint(sys.stdin.readline())"
    )
    verdict = Code(bounds=Bounds(timeout_s=1, memory_mb=512)).verify(busy, problem)
    assert verdict.passed is True, verdict


ALIKE = [
    "n = input()\nprint(n)",
    "import sys\nprint(sys.stdin.readline(), file=sys.stdout)",
    "import sys\nfor line in sys.stdin:\n    print(line.strip())",
    "n = input()\nprint(n)\nraise SystemExit(3)",
    "n = input()\nprint(n)\nimport atexit\natexit.register(print, 4)",
    "n = input()\nif n == '2': 1/0\nprint(n)",
    "n = input()\nprint(n, end='')\nimport os\nos._exit(0)",
    "n = input()\nimport sys\nsys.stdout.write(n)\nsys.stdout.close()",
    "n = input()\nprint(n, flush=True)\nimport os\nos.kill(os.getpid(), 11)",
    "n = input()\nprint(n)\nimport os\nos.close(1)",
    "n = input()\nprint(n, flush=True)\nif n == '2':\n    while True: pass",
    "n = input()\nprint(n, flush=True)\nif n == '2':\n    import time; time.sleep(60)",
    "n = input()\nprint(n * (1 if n == '1' else 20_000_000))",
    "n = input()\nx = [0] * 10**9",
    "n = input()\nimport sys\nsys.stderr.write('e' * 100_000)\nprint(n)",
    "n = input()\nimport threading\nt = threading.Thread(target=lambda: print(n))\nt.start()",
    "n = input()\nprint(input())",
    "import nonesuch",
    "def f(:",
    "import os, sys\nprint(os.listdir('.'), sys.argv, sys.flags, len(sys.modules) > 20, os.isatty(0), sys.stdin.name)",
    "import sys\nprint(sys.stdin.encoding, sys.stdin.errors, sys.stdin.newlines, sys.stdin.seekable(), __name__)",
    "n = input()\nimport os\nprint(n if os.fstat(0).st_size == 2 and not os.get_inheritable(0) is None else 0)",
    "n = input()\nimport asyncio\nasync def main(): print(n)\nasyncio.run(main())",
]


@pytest.mark.parametrize("source", ALIKE)
def test_verdicts_are_those_of_a_sandbox_for_each_test(source, monkeypatch):
    here = Code(bounds=Bounds(timeout_s=3)).verify(source, TWO)
    monkeypatch.setattr(Code, "_program_filter", lambda _: None)
    apart = Code(bounds=Bounds(timeout_s=3)).verify(source, TWO)
    assert told(here) == told(apart)


def told(verdict: Verdict) -> Verdict:
    """Without whether its clock or its processor time ran out first."""
    evidence = re.sub(r"exit status (137|152)", "killed", verdict.evidence or "")
    return verdict._replace(evidence=evidence)
