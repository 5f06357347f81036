"""Kind `lean`: a proof in Lean 4 of exactly the given statement, through leanprover-community's REPL.

The problem carries `formal_statement`, as the MiniF2F files have it (`theorem name … : … := sorry`, or ending in
`:= by`), and `header`: its imports and opened namespaces.

A text counts if Lean takes it without an error and without `sorry`, if in a command of its own, sent afterwards,
Lean's kernel takes its theorem for a proof of the proposition that was named before the text was read, and if
`#print axioms` lists none but those allowed. A text that holds what could give those commands another meaning
(verifiers.proofs.lean.forbidden) is refused unread. A proof past its limits does not count.

Options
- `project`: the folder in which the REPL is started, relative to the sweep file; `.`
- `repl`: the command that starts it, `["lake", "exe", "repl"]`.
- `readable`: further folders that the sandbox shows it, such as the REPL's own.
- `header`: for problems that have none of their own.
- `axioms`: those a proof may rest on: propext, Classical.choice and Quot.sound, as all of Mathlib does.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from verifiers.proofs import statement as statements
from verifiers.proofs.extract import MAX_TEXT, code_of, first_line, plain
from verifiers.proofs.jail import jail_for, lacks, prefix_of, system_folders
from verifiers.proofs.lean import commands as units
from verifiers.proofs.lean.commands import Said
from verifiers.proofs.lean.forbidden import refused
from verifiers.proofs.lean.repl import DiedError, LateError, Message, Repl, ReplError, start
from verifiers.proofs.lean.repl_pool import Pool, UnaskableError, WarmRepl
from verifiers.proofs.options import digest, lines_of, names_of, word_of
from verifiers.proofs.statement import MalformedError, Statement
from verifiers.sandbox import Job, Limits
from verifiers.types import Bounds, Isolation, Lack, Verdict

_VERSION = "2"
_LANGUAGES = ("lean", "lean4", "tactics", "tactic")
_AXIOMS = ("propext", "Classical.choice", "Quot.sound")
_REPL = ("lake", "exe", "repl")
_ENOUGH = 20
"""Statements that Lean rejects before the others are no longer asked: each may load a library first."""
_IN_FOLDER = ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh")


class Lean:
    """Keeps as many REPLs as there were verifications at once, until it is closed."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("project", "repl", "readable", "header", "axioms")
    TIMEOUT_S: ClassVar[float] = 60.0
    MEMORY_MB: ClassVar[int] = 8192
    kind = "lean"
    isolation: Isolation = "process"

    def __init__(
        self,
        *,
        project: object = ".",
        repl: object = _REPL,
        readable: object = (),
        header: object = "",
        axioms: object = _AXIOMS,
        bounds: Bounds | None = None,
    ) -> None:
        """ValueError, one line, for an option out of range."""
        self._bounds = bounds or Bounds(timeout_s=self.TIMEOUT_S, memory_mb=self.MEMORY_MB)
        self._project = (Path(self._bounds.folder or ".") / word_of(project, "lean", "project")).resolve()
        self._command = names_of(repl, "lean", "repl")
        if not self._command:
            raise ValueError("verifier lean: repl isn't a command")
        self._readable = tuple(
            (self._project / Path(path).expanduser()).resolve()
            for path in names_of(readable, "lean", "readable")
        )
        self._header = lines_of(header, "lean", "header")
        self._axioms = frozenset(names_of(axioms, "lean", "axioms"))
        self._jail = jail_for(self._bounds)
        self._pool = Pool(self._start, self._bounds.memory_mb)

    @cached_property
    def version(self) -> str:
        parts = [_VERSION, f"lean={self._toolchain()}"]
        parts.append(f"timeout_s={self._bounds.timeout_s:g};memory_mb={self._bounds.memory_mb}")
        if self._axioms != frozenset(_AXIOMS):
            parts.append(f"axioms={','.join(sorted(self._axioms))}")
        if self._header:
            parts.append(f"header={digest(self._header)}")
        return ";".join(parts)

    def lacks(self) -> tuple[str, str] | None:
        if not self._project.is_dir():
            return (
                f"Lean's project {self._project} is no folder",
                "state the folder of a lake project as project",
            )
        if self._program() is None:
            return (
                f"{self._command[0]}, which starts Lean's REPL, is not to be found",
                "install Lean (elan) and leanprover-community/repl, or state its command as repl",
            )
        return lacks(self._jail, self.kind)

    def lacks_for(self, problems: Iterable[Mapping[str, Any]], /) -> Lack | None:
        """Asks Lean for every statement: one that it does not take could be answered, but never judged."""
        untaken: list[str] = []
        for at, problem in enumerate(problems):
            if len(untaken) == _ENOUGH:
                break
            name = problem.get("name") or problem.get("id") or f"number {at + 1}"
            try:
                statement = statements.of_lean(problem)
                with self._pool.one() as warm:
                    warm.said(self._header_of(problem, statement), statement, self._axioms)
            except ReplError as error:
                told = f"Lean's REPL does not answer at problem {name}: {first_line(str(error))}"
                return told, "start it by hand, with the same command, to see why"
            except (MalformedError, UnaskableError) as error:
                untaken.append(f"{name}: {first_line(str(error))}")
        if not untaken:
            return None
        count = f"{len(untaken)} problem{'s' if len(untaken) > 1 else ''}"
        least = "at least " if len(untaken) == _ENOUGH else ""
        return (
            f"the statements of {least}{count} can't be judged (the first, {untaken[0]})",
            "correct these statements or leave them out; each must be one theorem that this Lean takes",
        )

    def close(self) -> None:
        self._pool.close()

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """passed None if Lean doesn't take the problem's own statement, or can't be run."""
        try:
            statement = statements.of_lean(problem)
        except MalformedError as error:
            return Verdict(passed=None, reason=str(error))
        if len(text) > MAX_TEXT:
            return Verdict(passed=False, reason=f"longer than {MAX_TEXT:,} characters")
        code = code_of(text, _LANGUAGES, lambda block: units.is_whole(statement, block))
        code = units.own_part(statement, units.without_imports(code))
        if not code.strip():
            return Verdict(passed=False, reason="no proof in the answer")
        if word := refused(code):
            return Verdict(passed=False, reason=f"uses {word}, which no proof may")
        try:
            return self._judge(statement, self._header_of(problem, statement), code)
        except (ReplError, UnaskableError) as error:
            return Verdict(passed=None, reason=first_line(str(error)))

    def _judge(self, statement: Statement, header: str, code: str) -> Verdict:
        """A REPL that dies may have been worn out by the texts before, so a text is asked again of a fresh one; the
        one that kills that too is no proof."""
        for fresh in (False, True):
            with_it = False
            try:
                with self._pool.one(fresh=fresh) as warm:
                    said = warm.said(header, statement, self._axioms)
                    with_it = True
                    return self._ask(warm, said, statement, code)
            except DiedError as error:
                if fresh and not with_it:
                    raise
                died = str(error)
            except LateError as error:
                if not with_it:
                    raise
                return Verdict(passed=False, reason=str(error))
        return Verdict(passed=False, reason=f"Lean dies of it: {died}")

    def _ask(self, warm: WarmRepl, said: Said, statement: Statement, code: str) -> Verdict:
        limit = self._bounds.timeout_s
        reply = warm.repl.ask(units.proof(statement, code), said.env, limit)
        if reply.errors:
            return _wrong("Lean refuses it", reply.errors[0])
        if reply.uses_sorry:
            return Verdict(passed=False, reason="uses sorry")
        name = f"manyfewCheck{secrets.token_hex(8)}"
        reply = warm.repl.ask(units.check(name, said), reply.env, limit)
        if reply.errors or reply.uses_sorry:
            message = reply.errors[0] if reply.errors else Message("error", "uses sorry", 0)
            return _wrong("it is no proof of the statement", message)
        return self._by_words(reply.messages, name, said)

    def _by_words(self, messages: tuple[Message, ...], name: str, said: Said) -> Verdict:
        """What Lean prints of the checked theorem: its type, then its axioms, and nothing else."""
        told = [message.data for message in messages if message.severity == "info"]
        if len(told) != 2:
            return _untold([message.data for message in messages])
        if not units.says(told[0], name, said):
            return Verdict(
                passed=False,
                reason="what it proves has further hypotheses, which the text left in scope",
                evidence=plain(told[0], 2000),
            )
        axioms = units.axioms_of(told[1], name)
        if axioms is None:
            return _untold(told)
        if foreign := [axiom for axiom in axioms if axiom not in self._axioms]:
            return Verdict(
                passed=False, reason=f"rests on {', '.join(foreign[:5])}", evidence=plain(told[1], 2000)
            )
        return Verdict(passed=True)

    def _header_of(self, problem: Mapping[str, Any], statement: Statement) -> str:
        return units.header_of(str(problem.get("header") or self._header), statement)

    def _start(self) -> Repl:
        program = self._program() or self._command[0]
        elan = Path("~/.elan").expanduser()
        folders = [self._project, *self._readable, *(path for path in (prefix_of(program), elan) if path)]
        job = Job(
            command=(*_IN_FOLDER, str(self._project), program, *self._command[1:]),
            read_only=(*system_folders(), *(path for path in folders if path.exists())),
            environment={
                "PATH": f"{Path(program).parent}:/usr/local/bin:/usr/bin:/bin",
                "ELAN_HOME": str(elan),
            },
            limits=Limits(
                memory_mb=self._bounds.memory_mb,
                address_space=False,
                processes=16,
                threads=256,
                open_files=4096,
            ),
        )
        return start(self._jail, job)

    def _program(self) -> str | None:
        """A path is taken from the project's folder, a name from the path."""
        first = self._command[0]
        if "/" in first:
            first = str((self._project / first).resolve())
        return shutil.which(first)

    def _toolchain(self) -> str:
        """Lean's version and its libraries', as the project pins them."""
        parts: list[str] = []
        for name in ("lean-toolchain", "lake-manifest.json"):
            try:
                text = (self._project / name).read_text("utf-8", "replace")
            except OSError:
                continue
            parts.append(text.strip() if name == "lean-toolchain" else digest(text))
        return "+".join(parts) or "unknown"


def _untold(told: list[str]) -> Verdict:
    said = plain("; ".join(told) or "nothing", 2000)
    return Verdict(passed=False, reason="Lean does not say what it rests on", evidence=said)


def _wrong(what: str, message: Message) -> Verdict:
    where = f"line {message.line}: " if message.line else ""
    return Verdict(
        passed=False, reason=f"{what}: {where}{first_line(message.data)}", evidence=plain(message.data, 2000)
    )
