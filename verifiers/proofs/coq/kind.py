"""Kind `coq`: a proof in Coq of exactly the given statement, resting on nothing else.

The problem carries `statement`: a proposition, with `name` for the theorem's name, or a whole `Theorem name … : ….`;
`header`: `Require Import` lines and scopes, put before every file; `definitions`, if any: compiled once, as a file of
its own that all others import.

A text counts if the file made of it compiles, and in a file of its own, which never reads the text but only what Coq
compiled of it, Coq's kernel takes its theorem for a proof of the given proposition, `Print Assumptions` says that it
rests on no axiom but those allowed, and coqchk, Coq's second and smaller checker, says so too. A proof past its limits
does not count.

Options
- `axioms`: names as `Print Assumptions` shows them that a proof may rest on, all from the header's libraries; none.
- `header`: for problems that have none of their own.

coqc and coqchk are those on the path.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from verifiers.proofs import statement as statements
from verifiers.proofs.coq import files as units
from verifiers.proofs.coq import reply as reply
from verifiers.proofs.coq.run import CoqError, CoqRunner, Ended, Prepared
from verifiers.proofs.extract import MAX_TEXT, code_of
from verifiers.proofs.jail import lacks
from verifiers.proofs.options import digest, lines_of, names_of
from verifiers.proofs.statement import MalformedError, Statement
from verifiers.types import Bounds, Isolation, Verdict

_VERSION = "1"
_LANGUAGES = ("coq", "rocq", "gallina", "v")
_LEAST_MEMORY_MB = 512
"""Below it coqc 8.16 does not start at all."""


class Coq:
    """Starts two sandboxes for each text, and none that outlives its text."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("axioms", "header")
    TIMEOUT_S: ClassVar[float] = 30.0
    MEMORY_MB: ClassVar[int] = 2048
    kind = "coq"
    isolation: Isolation = "process"

    def __init__(self, *, axioms: object = (), header: object = "", bounds: Bounds | None = None) -> None:
        """ValueError, one line, for an option out of range."""
        limits = bounds or Bounds(timeout_s=self.TIMEOUT_S, memory_mb=self.MEMORY_MB)
        self._bounds = replace(limits, memory_mb=max(limits.memory_mb, _LEAST_MEMORY_MB))
        self._axioms = names_of(axioms, "coq", "axioms")
        self._header = lines_of(header, "coq", "header")
        self._runner = CoqRunner(self._bounds)

    @property
    def version(self) -> str:
        parts = [_VERSION, f"coq={self._runner.version}"]
        parts.append(f"timeout_s={self._bounds.timeout_s:g};memory_mb={self._bounds.memory_mb}")
        if self._axioms:
            parts.append(f"axioms={','.join(sorted(self._axioms))}")
        if self._header:
            parts.append(f"header={digest(self._header)}")
        return ";".join(parts)

    def lacks(self) -> tuple[str, str] | None:
        for program in ("coqc", "coqchk"):
            if shutil.which(program) is None:
                return f"{program}, Coq's, is not to be found", 'install Coq ("apt install coq")'
        return lacks(self._runner.jail, self.kind)

    def close(self) -> None:
        self._runner.close()

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None if the problem's own statement doesn't compile, or Coq can't be run."""
        try:
            statement = statements.of_coq(problem)
            header = str(problem.get("header") or self._header)
            definitions = str(problem.get("definitions") or "")
            prepared = self._runner.prepare(header, definitions, statement.proposition)
            return self._judge(text, statement, header, prepared)
        except (MalformedError, CoqError) as error:
            return Verdict(passed=None, reason=str(error))

    def _judge(self, text: str, statement: Statement, header: str, prepared: Prepared) -> Verdict:
        if len(text) > MAX_TEXT:
            return Verdict(passed=False, reason=f"longer than {MAX_TEXT:,} characters")
        code = code_of(text, _LANGUAGES, lambda block: units.is_whole(statement, block))
        if not code.strip():
            return Verdict(passed=False, reason="no proof in the answer")
        if command := units.refused(code):
            return Verdict(passed=False, reason=f"uses {command}, which no proof needs")
        source = units.proof(header, statement, code, has_given=prepared.given is not None)
        ended = self._runner.compile_proof(prepared, source)
        if ended.how != "well":
            return self._failed(ended, "Coq refuses it")
        ended, assumptions, summary = self._runner.check(prepared, ended.output, units.check(statement.name))
        if ended.how == "refused" and summary:
            return Verdict(
                passed=False, reason=f"coqchk refuses it: {reply.short(summary)}", evidence=summary[:2000]
            )
        if ended.how != "well":
            return self._failed(ended, "it is no proof of the statement")
        if not reply.is_summary(summary):
            return Verdict(passed=None, reason="coqchk gave no summary", evidence=reply.plain(summary, 2000))
        if unsafe := self._rests_on(assumptions, summary):
            listed = ", ".join(unsafe[:5])
            return Verdict(passed=False, reason=f"rests on {listed}", evidence="\n".join(unsafe)[:2000])
        return Verdict(passed=True)

    def _rests_on(self, assumptions: str, summary: str) -> tuple[str, ...]:
        """Axioms and skipped checks that aren't allowed. A name allowed counts as the library's, since coqchk has
        said that the model's file states no axiom at all."""
        own = reply.unsafe_of(summary, f"{units.PREFIX}.proof")
        used = reply.assumptions_of(assumptions)
        return tuple(dict.fromkeys((*(name for name in used if name not in self._axioms), *own)))

    def _failed(self, ended: Ended, what: str) -> Verdict:
        match ended.how:
            case "cpu":
                reason = f"past its limit of {self._bounds.timeout_s:g} s of CPU time"
            case "memory":
                reason = f"past its limit of {self._bounds.memory_mb} MB of memory"
            case "output":
                reason = "makes more output than a proof can"
            case "died":
                reason = f"Coq dies of it: {ended.error}"
            case _:
                reason = f"{what}: {reply.short(ended.error)}"
        return Verdict(passed=False, reason=reason, evidence=ended.error or None)
