"""The sandbox that a sweep file asks for."""

from __future__ import annotations

import subprocess
from typing import IO, Protocol

from verifiers.sandbox.bare import Bare
from verifiers.sandbox.bubblewrap import Bubblewrap
from verifiers.sandbox.container import Container
from verifiers.sandbox.job import Job
from verifiers.sandbox.process import Child
from verifiers.types import Sandbox


class Jail(Protocol):
    """A way to run jobs apart from everything else."""

    @property
    def name(self) -> Sandbox: ...

    def lacks(self) -> tuple[str, str] | None:
        """(what is missing for it to work here, the remedy); None: it works, which was tried."""
        ...

    def start(self, job: Job, stdin: IO[bytes] | int = subprocess.PIPE) -> Child:
        """Starts the job; returns when it runs. SandboxError: nothing was run."""
        ...


def choose(name: Sandbox | None, image: str | None = None) -> Jail:
    """The sandbox of that name; None: bubblewrap, never less. `image`: the container's, if that is asked for.
    ValueError for a name that is none."""
    if name in (None, "bubblewrap"):
        return Bubblewrap()
    if name == "container":
        return Container(image) if image else Container()
    if name == "none-i-trust-this-code":
        return Bare()
    raise ValueError(f"unknown sandbox {name!r}; known: bubblewrap, container, none-i-trust-this-code")
