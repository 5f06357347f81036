"""Real vLLM servers as child processes, on free loopback ports: started together, ended one by one or all, and never
another process than these."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

SERVE = Path(__file__).with_name("serve_vllm.sh")
SETUP = "tests/real/setup_vllm.sh"
START_S = 300
"""A start is about 50 s of one core; three share a small machine's cores with whatever else it does."""


def home() -> Path:
    """Where setup_vllm.sh put things."""
    return Path(os.environ.get("MANYFEW_REAL_DIR") or Path.home() / ".cache/manyfew/vllm")


def lacking() -> str | None:
    """What is not set up, None where all is."""
    wanted = ["venv/.complete", "smollm2-135m/model.safetensors", "gemma-3-270m/model.safetensors"]
    absent = [name for name in wanted if not (home() / name).exists()]
    return f"not set up: {', '.join(absent)} in {home()}; run {SETUP}" if absent else None


@dataclass(frozen=True)
class Counters:
    """What a server counts of itself, summed over its life."""

    generated_tokens: int
    """Of all samples, as they are made: those of requests that were broken off too."""
    made: int
    """Samples that ended by themselves: each of a request's n counts, and none that was broken off."""
    posts: int
    """Requests to /v1/… answered."""
    running: int
    """Samples in the making now."""
    steps: int
    """Of the engine: each gives every running sample a token."""


@dataclass
class Server:
    """One server of one model."""

    model: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]
    over: bool = False
    """Ended by us: its group's number may be another's by now, and gets no signal any more."""

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.root}/v1"

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def post(self, path: str, body: dict[str, Any], timeout_s: float = 300) -> dict[str, Any]:
        """A request past manyfew, by the standard library."""
        request = urllib.request.Request(
            self.root + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            return json.load(reply)

    def counters(self) -> Counters:
        with urllib.request.urlopen(f"{self.root}/metrics", timeout=60) as reply:
            text = reply.read().decode()

        def total(name: str, label: str = "") -> int:
            found = re.findall(rf"^{re.escape(name)}\{{([^}}]*)\}} (\S+)$", text, re.MULTILINE)
            return round(sum(float(value) for labels, value in found if label in labels))

        return Counters(
            generated_tokens=total("vllm:generation_tokens_total"),
            made=total("vllm:request_success_total"),
            posts=total("http_requests_total", 'handler="/v1/'),
            running=total("vllm:num_requests_running") + total("vllm:num_requests_waiting"),
            steps=total("vllm:iteration_tokens_total_count"),
        )

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """As a machine that fails: nothing it works on is answered. Its engine and worker are of its group."""
        if not self.over:
            self._signal(signal.SIGKILL)
            self.process.wait(30)
            self.over = True

    def end(self) -> None:
        """Ends it and what it started, gently where that is quick."""
        if self.alive and not self.over:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # all of the group may have ended
            os.killpg(self.process.pid, number)


class Fleet:
    """Servers by name. `models`: the model of each name; `options`: of vLLM's server, besides serve_vllm.sh's own."""

    def __init__(self, folder: Path, models: dict[str, str], *options: str) -> None:
        self._folder = folder
        self._models = models
        self._options = options
        self._servers: dict[str, Server] = {}
        self._started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.end()

    def get(self, *names: str) -> list[Server]:
        """These servers, ready. Those that don't run are started, all at once."""
        new = [name for name in names if name not in self._servers or not self._servers[name].alive]
        for name in new:
            self._servers[name] = self._start(self._models[name])
        for name in new:
            self._await(self._servers[name])
        return [self._servers[name] for name in names]

    def _start(self, model: str) -> Server:
        self._started += 1
        port, log = free_port(), self._folder / f"{model}-{self._started}.log"
        # Left to itself every server binds to the same first cores.
        threads = max(1, (os.cpu_count() or 2) // 2)
        settings = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(threads)}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        with log.open("wb") as out:
            process = subprocess.Popen(
                # Compiling takes longer than these models need for all that the tests ask.
                ["bash", SERVE, model, str(port), "--enforce-eager", *self._options],
                env={**kept, "VLLM_CPU_KVCACHE_SPACE": "1", **settings},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Server(model, port, log, process)

    def _await(self, server: Server) -> None:
        until = time.monotonic() + START_S
        while not _healthy(server):
            if not server.alive:
                raise AssertionError(f"{server.model} ended before it was ready:\n{server.tail()}")
            if time.monotonic() > until:
                raise AssertionError(f"{server.model} was not ready within {START_S} s:\n{server.tail()}")
            time.sleep(0.5)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _healthy(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"{server.root}/health", timeout=5) as reply:
            return reply.status == 200
    except (OSError, urllib.error.URLError):
        return False
