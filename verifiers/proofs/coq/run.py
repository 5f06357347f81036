"""Coq's programs on the files of one verification, in the sandbox. Files go in and out by its pipes alone."""

from __future__ import annotations

import io
import math
import secrets
import shlex
import shutil
import signal
import subprocess
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from verifiers.proofs.coq import files as units
from verifiers.proofs.coq.files import CHECK, GIVEN, PREFIX, PROOF, SAID
from verifiers.proofs.coq.reply import error_of, short
from verifiers.proofs.jail import jail_for, prefix_of, system_folders
from verifiers.sandbox import Jail, Job, JobResult, Limits, SandboxError, input_file
from verifiers.types import Bounds

_PREPARE_S = 120.0
"""CPU time for a problem's own files, however little a proof may take."""
_WALL_FACTOR, _WALL_S = 3, 15.0
"""A machine with much to do gives less CPU time than a proof may take; this much longer is waited for it."""
_MAX_COMPILED = 32 << 20
_QUIET = "-q -w none -noglob"
_ENDS_ITSELF = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
"""How a prover dies of what it was given; any other signal came from outside."""
_Key = tuple[str, str, str]


class CoqError(Exception):
    """Coq could not be asked: nothing about the answer."""


class ProblemError(CoqError):
    """The problem's own files don't compile, now or ever."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of Coq ended."""

    how: Literal["well", "refused", "cpu", "memory", "output", "died"]
    output: bytes
    error: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A problem's own compiled files."""

    given: bytes | None
    said: bytes


@dataclass
class CoqRunner:
    """Keeps the problems' compiled files in memory. Safe from several threads."""

    bounds: Bounds
    jail: Jail = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _prepared: dict[_Key, Prepared | ProblemError] = field(
        default_factory=dict[_Key, "Prepared | ProblemError"]
    )
    _locks: dict[_Key, threading.Lock] = field(default_factory=dict[_Key, threading.Lock])

    def __post_init__(self) -> None:
        self.jail = jail_for(self.bounds)
        prefix = prefix_of("coqc")
        self._read_only = (*system_folders(), *((prefix,) if prefix else ()))
        self._coqc = shlex.quote(shutil.which("coqc") or "coqc")
        self._coqchk = shlex.quote(shutil.which("coqchk") or "coqchk")

    @cached_property
    def version(self) -> str:
        """Coq's own; "none" if it isn't installed."""
        try:
            found = subprocess.run(
                ["coqc", "--print-version"],  # noqa: S607 - the one on the path is meant
                capture_output=True, timeout=30, check=True, text=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return "none"
        return (found.stdout.split() or ["none"])[0]

    def prepare(self, header: str, definitions: str, proposition: str) -> Prepared:
        """Compiles what the problem itself states, once. ProblemError if that can't be compiled."""
        key = (header, definitions, proposition)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._prepared:
                try:
                    self._prepared[key] = self._compile_problem(header, definitions, proposition)
                except ProblemError as error:
                    self._prepared[key] = error
            found = self._prepared[key]
        if isinstance(found, ProblemError):
            raise ProblemError(*found.args)
        return found

    def compile_proof(self, prepared: Prepared, source: str) -> Ended:
        """Its output is the compiled file."""
        return self._compile("proof", PROOF, source, prepared.given, self.bounds.timeout_s)

    def check(self, prepared: Prepared, proof: bytes, source: str) -> tuple[Ended, str, str]:
        """(how it ended, what Print Assumptions said, what coqchk said). The mark between the two is drawn after the
        model's file is compiled, so no name or type that is printed can hold it."""
        mark = f"--{secrets.token_hex(16)}--"
        files = _given(prepared.given) | {f"said/{SAID}.vo": prepared.said, f"proof/{PROOF}.vo": proof}
        files[f"check/{CHECK}.v"] = source.encode()
        maps = _maps(files)
        modules = f"-norec {PREFIX}.check.{CHECK} -norec {PREFIX}.proof.{PROOF} -norec {PREFIX}.said.{SAID}"
        script = (
            f"{self._coqc} {_QUIET} {maps} check/{CHECK}.v </dev/null && echo {mark} && "
            f"exec {self._coqchk} -silent -o {modules} {maps} </dev/null 2>&1"
        )
        ended = self._run(script, files, self.bounds.timeout_s)
        assumptions, _, summary = ended.output.decode("utf-8", "replace").partition(f"{mark}\n")
        return ended, assumptions, summary

    def close(self) -> None:
        with self._lock:
            self._prepared.clear()
            self._locks.clear()

    def _compile_problem(self, header: str, definitions: str, proposition: str) -> Prepared:
        given = None
        if definitions.strip():
            source = units.given(header, definitions)
            given = _own(self._compile("given", GIVEN, source, None, _PREPARE_S), "definitions")
        source = units.said(header, proposition, has_given=given is not None)
        return Prepared(given, _own(self._compile("said", SAID, source, given, _PREPARE_S), "statement"))

    def _compile(self, folder: str, name: str, source: str, given: bytes | None, cpu_s: float) -> Ended:
        """What Coq prints while it compiles goes to the error channel, so that the output is the file alone."""
        files = _given(given) | {f"{folder}/{name}.v": source.encode("utf-8", "replace")}
        script = (
            f"{self._coqc} {_QUIET} {_maps(files)} {folder}/{name}.v </dev/null 1>&2 && "
            f"exec cat {folder}/{name}.vo"
        )
        return self._run(script, files, cpu_s)

    def _run(self, script: str, files: Mapping[str, bytes], cpu_s: float) -> Ended:
        cpu = math.ceil(cpu_s)
        limits = Limits(
            memory_mb=self.bounds.memory_mb,
            cpu_s=cpu,
            processes=4,
            scratch_mb=64 + sum(map(len, files.values())) // (1 << 20),
            output_bytes=_MAX_COMPILED,
        )
        command = ("/bin/sh", "-c", f'cd "$HOME" && tar -xf - && {script}')
        job = Job(command=command, read_only=self._read_only, limits=limits)
        try:
            with input_file(_tar(files)) as archive, self.jail.start(job, archive) as child:
                outcome = child.read_to_end(_WALL_FACTOR * cpu + _WALL_S)
        except (SandboxError, OSError) as error:
            raise CoqError(f"the sandbox doesn't start: {error}") from error
        return _ended(outcome)


def _ended(outcome: JobResult) -> Ended:
    """CoqError if it was neither Coq nor the text that ended it."""
    error = error_of(outcome.stderr.decode("utf-8", "replace"))
    end = outcome.status - 128
    if outcome.ended == "output":
        return Ended("output", b"", error)
    if outcome.ended == "time":
        raise CoqError("Coq got too little CPU time on this machine within its time limit")
    if outcome.status == 0:
        return Ended("well", outcome.stdout, error)
    if end == signal.SIGXCPU:
        return Ended("cpu", b"", error)
    if "out of memory" in error.lower():
        return Ended("memory", b"", error)
    if end in _ENDS_ITSELF:
        return Ended("died", b"", f"signal {end}")
    if end > 0:
        raise CoqError(f"Coq was killed from outside, by signal {end}")
    return Ended("refused", outcome.stdout, error)


def _own(ended: Ended, what: str) -> bytes:
    if ended.how != "well":
        raise ProblemError(f"the problem's {what} cannot be compiled: {short(ended.error) or ended.how}")
    return ended.output


def _given(compiled: bytes | None) -> dict[str, bytes]:
    return {f"given/{GIVEN}.vo": compiled} if compiled is not None else {}


def _maps(files: Mapping[str, bytes]) -> str:
    """Where Coq finds each file, by the last part of its name."""
    return " ".join(f"-Q {folder} {PREFIX}.{folder}" for folder in (name.split("/")[0] for name in files))


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
