"""In the sandbox: the tests of one program in turn, each in a process of its own, forked from this one.

This process is trusted and runs nothing of the program. A test's process has the same user, so this one can't be
looked into (it isn't dumpable), nor bent (the filter of system calls lets a program change only its own limits and
priority). It may be killed or stopped: then the program fails the test that it was in. A test's process reads its input
itself and holds no pipe to the outside. When it has ended, nothing of it is left but what it wrote to /tmp, and that
is removed; where anything is odd, the answer says so, and the next test gets another sandbox.
"""

import errno
import gc
import os
import resource
import select
import struct
import sys
import time
from io import TextIOWrapper

from verifiers.code.inside.frames import exactly

TYPE_CHECKING = False  # typing is not imported where every millisecond counts
if TYPE_CHECKING:
    import ctypes

_SET_DUMPABLE, _GET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 4, 3, 22, 38
_FILTER_MODE = 2
_BROKEN = 70
READY = b"\x06"
_STDERR = 64 * 1024
_MOST_LEFT = 2_000
_DEEPEST = 20


def await_test(program_filter: bytes, cpu_s: int, output_bytes: int) -> None:
    """Returns in the process of each test, with the test's input as its stdin; never in this one. Its first byte on
    stdout says that all of this works here."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    was_dumpable = libc.prctl(_GET_DUMPABLE, *_longs(0, 0, 0, 0))
    _must(libc.prctl(_SET_DUMPABLE, *_longs(0, 0, 0, 0)))
    state = _state()
    # Without a filter this call fails for the want of it, if the kernel knows filters at all.
    libc.prctl(_SET_SECCOMP, *_longs(_FILTER_MODE, 0, 0, 0))
    _must(ctypes.get_errno() != errno.EFAULT)
    gc.freeze()  # what is here already is never garbage: a fork's collector need not touch, and so copy, it
    _write(READY)
    while True:
        try:
            size, wall_ms = struct.unpack(">QI", exactly(0, 12))
        except EOFError:
            os._exit(0)
        out, err = os.pipe(), os.pipe()
        child = os.fork()
        if not child:
            for descriptor, (read, write) in ((1, out), (2, err)):
                os.dup2(write, descriptor)
                os.close(read)
                os.close(write)
            if was_dumpable == 1:
                libc.prctl(_SET_DUMPABLE, *_longs(1, 0, 0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
            _confine(libc, program_filter)
            own_stdin(size)
            return
        os.close(out[1])
        os.close(err[1])
        ended, said, errors = _read(child, out[0], err[0], wall_ms / 1000, output_bytes)
        os.close(out[0])
        os.close(err[0])
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        status = status if status >= 0 else 128 - status
        is_clean = _is_alone() and _empty(".", [_MOST_LEFT], _DEEPEST) and _state() == state
        _write(struct.pack(">c?III", ended, is_clean, status, len(said), len(errors)))
        _write(said)
        _write(errors)


def own_stdin(size: int | None) -> None:
    """So many bytes of stdin, or all, as a file that holds nothing else: programs ask for its size, or open /dev/stdin
    anew."""
    file = os.open("stdin", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    left = size
    try:
        while (left is None or left) and (chunk := os.read(0, min(left or 1 << 20, 1 << 20))):
            left = left and left - len(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(file, view) :]
    finally:
        while left and (chunk := os.read(0, min(left, 1 << 20))):  # what follows is the next test's
            left -= len(chunk)
    os.lseek(file, 0, os.SEEK_SET)
    os.dup2(file, 0)
    os.close(file)
    os.remove("stdin")  # noqa: PTH107 - pathlib takes longer to import than the rest to run
    if size is not None:  # it was a pipe as Python started, which can't seek
        errors = sys.stdin.errors
        buffer = open(0, "rb", closefd=False)  # noqa: SIM115 - the program's
        buffer.raw.name = "<stdin>"  # pyright: ignore[reportAttributeAccessIssue]
        sys.stdin = sys.__stdin__ = TextIOWrapper(buffer, "utf-8", errors, "\n")  # pyright: ignore


def _read(
    child: int, out: int, err: int, wall_s: float, output_bytes: int
) -> "tuple[bytes, bytearray, bytearray]":
    """How it ended (E: by itself, T: past its time, O: with too much output), its stdout and its stderr."""
    deadline = time.monotonic() + wall_s
    said, errors = bytearray(), bytearray()
    poll = select.poll()
    for descriptor in (out, err):
        poll.register(descriptor, select.POLLIN)
    waiting = {out, err}
    while waiting:
        ready = poll.poll(max(0, deadline - time.monotonic()) * 1000)
        if not ready:
            os.kill(child, 9)
            return b"T", said, errors
        for descriptor, _ in ready:
            chunk = os.read(descriptor, 65536)
            if not chunk:
                poll.unregister(descriptor)
                waiting.remove(descriptor)
            elif descriptor == err:
                errors += chunk[: _STDERR - len(errors)]
            else:
                said += chunk
        if len(said) > output_bytes:
            os.kill(child, 9)
            del said[output_bytes:]
            return b"O", said, errors
    # Its pipes are closed; as a rule it has ended.
    pidfd = os.pidfd_open(child)
    poll.register(pidfd, select.POLLIN)
    ended = poll.poll(max(0, deadline - time.monotonic()) * 1000)
    os.close(pidfd)
    if not ended:
        os.kill(child, 9)
        return b"T", said, errors
    return b"E", said, errors


def _confine(libc: "ctypes.CDLL", program_filter: bytes) -> None:
    import ctypes

    code = ctypes.create_string_buffer(program_filter, len(program_filter))
    words = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program_filter) // 8, ctypes.addressof(code))
    )
    _must(libc.prctl(_SET_NO_NEW_PRIVILEGES, *_longs(1, 0, 0, 0)))
    _must(libc.prctl(_SET_SECCOMP, *_longs(_FILTER_MODE, ctypes.addressof(words), 0, 0)))


def _longs(*values: int) -> "list[ctypes.c_ulong]":
    import ctypes

    return [ctypes.c_ulong(value) for value in values]


def _must(failed: int) -> None:
    if failed:
        os._exit(_BROKEN)


def _is_alone() -> bool:
    """Whether nothing runs here but this process and bubblewrap's own."""
    return {name for name in os.listdir("/proc") if name.isdigit()} <= {"1", str(os.getpid())}  # noqa: PTH208


def _empty(folder: str, left: "list[int]", depth: int) -> bool:
    """Removes what is in there; False where that takes long, or fails."""
    try:
        for entry in list(os.scandir(folder)):  # pyright: ignore[reportUnknownArgumentType]
            left[0] -= 1
            if left[0] < 0:
                return False
            if entry.is_dir(follow_symlinks=False):
                if not depth or not _empty(entry.path, left, depth - 1):
                    return False
                os.rmdir(entry.path)  # noqa: PTH106
            else:
                os.remove(entry.path)  # noqa: PTH107
        return not os.listdir(folder)  # noqa: PTH208
    except OSError:
        return False


def _state() -> "tuple[object, ...]":
    """What a program might change of this process, or of the folder itself, and its next test would find."""
    place = os.stat(".")  # noqa: PTH116
    try:
        marks = os.listxattr(".")
    except OSError:
        marks = []
    with open("/proc/self/oom_score_adj") as file:  # noqa: PTH123
        score = file.read()
    return (
        (place.st_mode, place.st_uid, place.st_gid, place.st_ino, place.st_dev, marks),
        (score, os.nice(0), os.sched_getaffinity(0), os.sched_getscheduler(0)),
        [resource.getrlimit(number) for number in range(16)],
    )


def _write(data: "bytes | bytearray") -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
