"""A server that a run starts, whose replies are a vendor's: it hands bytes on, of the standard library alone.

python relay.py PORT TARGET [NAME=VALUE …]

TARGET      the vendor's port
loads=S     listens only after so long
dies=P      is killed with this probability whenever a piece of a request comes
starts=P    ends before it listens with this probability, status 3
deaf=1      ignores TERM
engine=1    has a child in a session of its own that ignores TERM and outlives it
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

HOLDS_ON = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def main() -> None:
    port, target = int(sys.argv[1]), int(sys.argv[2])
    options = dict(text.split("=", 1) for text in sys.argv[3:])
    if "deaf" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "engine" in options:
        subprocess.Popen([sys.executable, "-I", "-S", "-c", HOLDS_ON], start_new_session=True)
    time.sleep(float(options.get("loads", 0)))
    if random.random() < float(options.get("starts", 0)):
        sys.exit("ValueError: no such weights")
    dies = float(options.get("dies", 0))
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    while True:
        client, _ = listener.accept()
        vendor = socket.create_connection(("127.0.0.1", target))
        threading.Thread(target=hand_on, args=(client, vendor, dies), daemon=True).start()
        threading.Thread(target=hand_on, args=(vendor, client, 0.0), daemon=True).start()


def hand_on(source: socket.socket, sink: socket.socket, dies: float) -> None:
    """Until one of them ends; then both do."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            if random.random() < dies:
                os.kill(os.getpid(), signal.SIGKILL)
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
