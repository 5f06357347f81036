"""REPLs kept warm: one for each verification at once, each with its headers read and its problems' statements in it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from verifiers.proofs.extract import first_line
from verifiers.proofs.lean import commands as units
from verifiers.proofs.lean.commands import Said
from verifiers.proofs.lean.repl import Message, Repl, ReplError
from verifiers.proofs.statement import Statement

START_S = 600.0
"""CPU time for a header: Mathlib is read once for each REPL."""
_ANSWERS = 500
"""A REPL keeps every environment it ever made; after so many answers it is started anew."""
_HEADERS = 4


class UnaskableError(Exception):
    """The problem's own header or statement is not taken by Lean, or Lean doesn't run: nothing about the answer."""


class WarmRepl:
    """A REPL and what it has read."""

    def __init__(self, repl: Repl) -> None:
        self.repl = repl
        self._headers: dict[str, int] = {}
        self._said: dict[tuple[str, Statement], Said] = {}
        self.answers = 0

    def said(self, header: str, statement: Statement, axioms: frozenset[str]) -> Said:
        """The proposition, as Lean takes it. UnaskableError if it does not, or rests on other axioms than these."""
        key = (header, statement)
        if key not in self._said:
            name = f"ManyfewSaid{secrets.token_hex(8)}"
            reply = self.repl.ask(units.said(name, statement), self._header(header), START_S)
            if reply.errors or reply.uses_sorry:
                raise UnaskableError(f"Lean does not take the statement: {_first(reply.errors)}")
            told = [message.data for message in reply.messages if message.severity == "info"]
            levels = units.levels_in(told[0], name) if len(told) == 2 else None
            rests_on = units.axioms_of(told[1], name) if levels is not None else None
            if levels is None or rests_on is None:
                raise UnaskableError(
                    f"Lean says of the statement what was not asked: {' / '.join(told)[:200]}"
                )
            if foreign := sorted(set(rests_on) - axioms):
                raise UnaskableError(f"the statement itself rests on {', '.join(foreign)}")
            again = self.repl.ask(units.restated(name, statement), reply.env, START_S)
            names = [
                units.dependence(message.data) for message in again.messages if message.severity == "info"
            ]
            known = names[0] if len(names) == 1 else None
            if again.errors or known is None:
                raise UnaskableError(f"the statement is not one proposition: {_first(again.errors)}")
            self._said[key] = Said(reply.env, name, known[0], levels)
        return self._said[key]

    def _header(self, header: str) -> int:
        if header not in self._headers:
            reply = self.repl.ask(header, None, START_S)
            if reply.errors:
                raise UnaskableError(f"Lean does not take the header: {_first(reply.errors)}")
            self._headers[header] = reply.env
        return self._headers[header]

    def is_full(self, memory_mb: int) -> bool:
        return (
            self.answers >= _ANSWERS
            or len(self._headers) > _HEADERS
            or self.repl.anonymous_mb > memory_mb / 2
        )


class Pool:
    """As many REPLs as there are verifications at once; those at rest wait for the next. Safe from several threads.

    They are started by a thread of the pool's own: a sandbox dies with the thread that started it, and whoever
    verifies may be a thread for this one time."""

    def __init__(self, start: Callable[[], Repl], memory_mb: int) -> None:
        self._start = start
        self._memory_mb = memory_mb
        self._resting: list[WarmRepl] = []
        self._lock = threading.Lock()
        self._starter: ThreadPoolExecutor | None = None

    @contextmanager
    def one(self, *, fresh: bool = False) -> Generator[WarmRepl]:
        """A REPL for the block. One that failed, or has grown, is ended after it; any error of the block's own, too."""
        warm = self._take(fresh)
        try:
            yield warm
        except ReplError:
            warm.repl.close()
            raise
        except UnaskableError:
            self._give_back(warm)
            raise
        except BaseException:
            warm.repl.close()
            raise
        self._give_back(warm)

    def close(self) -> None:
        with self._lock:
            starter, self._starter = self._starter, None
            resting, self._resting = self._resting, []
        for warm in resting:
            warm.repl.close()
        if starter is not None:
            starter.shutdown()

    def _take(self, fresh: bool) -> WarmRepl:
        with self._lock:
            if self._resting and not fresh:
                return self._resting.pop()
            if self._starter is None:
                self._starter = ThreadPoolExecutor(1, thread_name_prefix="lean")
            started = self._starter.submit(self._start)
        return WarmRepl(started.result())

    def _give_back(self, warm: WarmRepl) -> None:
        warm.answers += 1
        keeps = not warm.is_full(self._memory_mb)
        with self._lock:
            if keeps and self._starter is not None:  # else it was closed meanwhile
                self._resting.append(warm)
                return
        warm.repl.close()


def _first(errors: tuple[Message, ...]) -> str:
    return first_line(errors[0].data) if errors else "it uses sorry"
