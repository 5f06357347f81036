"""The first process of an attempt: it relays the gateway's port into the sandbox, starts the
agent, and leaves nothing of it alive. Imports nothing of manyfew: inside a sandbox nothing of it is there.

Arguments: the gateway's unix socket (or `-`), the port to listen on, the file that is the agent's standard input, then
the command. Its own standard input is a lifeline: when manyfew closes it or dies, everything here is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
NOT_STARTED = 127
CHUNK = 1 << 16


def relay(listener: socket.socket, path: str) -> None:
    """Each connection to the port becomes one to the socket."""
    while True:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(path)
        except OSError:
            near.close()
            far.close()
            continue
        threading.Thread(target=copy, args=(near, far), daemon=True).start()
        threading.Thread(target=copy, args=(far, near), daemon=True).start()


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def watch() -> None:
    """Until manyfew lets go of the lifeline."""
    while os.read(0, 1):
        pass
    kill_all()
    os._exit(128 + signal.SIGKILL)


def kill_all() -> None:
    """Every process that the agent started, own sessions included: orphans become children of this process."""
    while below := descendants():
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def descendants() -> set[int]:
    """Those that still run: a zombie has ended."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would be one more import for each attempt
        if name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                state, parent = stat.read().rpartition(b")")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    parents[int(name)] = int(parent)
    found, before = {os.getpid()}, 0
    while len(found) > before:
        before = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found - {os.getpid()}


def main() -> None:
    path, port, prompt, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if path != "-":
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        threading.Thread(target=relay, args=(listener, path), daemon=True).start()
    stdin = os.open(prompt, os.O_RDONLY)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_CLOSE, stdin)]
        agent = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)
    threading.Thread(target=watch, daemon=True).start()
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:  # those that `watch` killed were reaped there; it ends this process
            time.sleep(0.01)
            continue
        if pid == agent:
            break
    kill_all()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
