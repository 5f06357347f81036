"""The connection to a Ray cluster: found, quiet, and ended with whoever made it."""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from verifiers.types import Lack, Package

RAY = "ray"
_REACH_S = 10.0
_PYTHON = re.compile(r"Python: ([\d.]+)")
_BY_FILES = "or judge by files: `verify-export`"


class ClusterError(Exception):
    """The cluster can't be used: what, and the remedy."""

    def __init__(self, message: str, remedy: str | Package) -> None:
        super().__init__(message)
        self.lack: Lack = (message, remedy)


def check_address(cluster: str) -> None:
    """Raises ValueError, one line, for what names no cluster."""
    if cluster != RAY and not re.fullmatch(r"ray://[^\s/]+:\d{1,5}", cluster):
        raise ValueError(f"cluster is {cluster!r}; it may be 'ray', or an address such as 'ray://host:10001'")


def connect(cluster: str) -> Any:
    """The module `ray`, connected. Raises ClusterError."""
    if find_spec("ray") is None:
        raise ClusterError("ray is not installed", Package("ray"))
    # Its own words go to its logs; ours is the only voice on this process's stderr.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    _reach(cluster)
    with _same_signals():
        ray: Any = import_module("ray")
        try:
            ray.init(
                address="auto" if cluster == RAY else cluster,
                log_to_driver=False,
                logging_level="CRITICAL",
                namespace="manyfew",
            )
        except Exception as error:
            raise _refused(cluster, error) from error
    _quiet()
    return ray


def _reach(cluster: str) -> None:
    """Ray asks an address that nobody answers at for minutes, and says so on stderr. Raises ClusterError."""
    address = cluster.removeprefix("ray://")
    if cluster == RAY:
        current = Path(tempfile.gettempdir(), "ray", "ray_current_cluster")
        address = os.environ.get("RAY_ADDRESS", "").removeprefix("ray://")
        address = address or (current.read_text().strip() if current.is_file() else "")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_S).close()
    except OSError as error:
        raise _refused(cluster, error) from error


def _quiet() -> None:
    """Ray prints what happens to its nodes to stdout, whatever it was told about logs: that is for JSON here. The
    reasons of verdicts say what matters."""
    worker: Any = import_module("ray._private.worker")
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None  # pyright: ignore[reportUnknownLambdaType]


def _refused(cluster: str, error: Exception) -> ClusterError:
    said = " ".join(str(error).split())
    pythons = _PYTHON.findall(said)
    if len(pythons) >= 2 and pythons[0] != pythons[1]:
        return ClusterError(
            f"the Ray cluster runs Python {pythons[0]}, this is Python {pythons[1]}: Ray takes no other",
            f"run manyfew with Python {pythons[0]}, {_BY_FILES}",
        )
    if "ersion mismatch" in said:
        return ClusterError(
            f"the Ray cluster is of another version: {said[:300]}", f"install its version, {_BY_FILES}"
        )
    if cluster == RAY:
        return ClusterError(
            "no Ray cluster was found from here",
            "run this on a node of the cluster, set RAY_ADDRESS, or name it: ray://HOST:10001",
        )
    return ClusterError(
        f"the Ray cluster {cluster} does not answer: {said[:200]}", "check its address and ports"
    )


@contextmanager
def _same_signals() -> Generator[None]:
    """Ray sets handlers of its own; Ctrl-C and SIGTERM stay manyfew's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            with suppress(TypeError, ValueError):
                signal.signal(number, handler)
