"""The one writer of a ledger: group commit on aiosqlite's thread, off the event loop.

Whoever wants something durable puts it into the current batch and waits. One task writes batch after batch, each
in one transaction; while it waits for the disk the next batch fills. A hundred reservations cost one fsync.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from orchestrator.errors import LedgerBroken
from orchestrator.ledger.file.trouble import broken
from orchestrator.ledger.writing.group_commit import GroupCommit

if TYPE_CHECKING:
    from orchestrator.ledger.writing.connection import LedgerConnection


GATHER_S = 0.001
"""A commit waits while each such time brings more to write. On a quick disk commits would else be many and small, a
seventh of all processor time of a request to a quick server …"""
GATHER_MOST_S = 0.005
"""… and at most so long: beside a model's seconds it is nothing …"""
ENOUGH = 24
"""… and not for more than this: where all requests in flight wait for one commit, nothing else goes on meanwhile."""


class Writer:
    """Use as an async context manager; after a failed commit every further write raises LedgerBroken."""

    def __init__(self, connection: LedgerConnection, where: str) -> None:
        self._connection = connection
        self._where = where
        self._batch = GroupCommit()
        self._waiters: list[asyncio.Future[None]] = []
        """Of the current batch. One each: when one is cancelled the others still wait for the same commit."""
        self._wake = asyncio.Event()
        self._enough = asyncio.Event()
        self._broken: LedgerBroken | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()  # asking for it takes a call of the system

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="ledger writer")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    def put(self, fill: Callable[[GroupCommit], Any]) -> asyncio.Future[None]:
        """Adds to the current batch at once; the future is done once it is durable. Raises LedgerBroken."""
        if self._broken is not None:
            raise self._broken
        fill(self._batch)
        waiter: asyncio.Future[None] = self._loop.create_future()
        waiters = self._waiters
        waiters.append(waiter)
        if len(waiters) == 1:
            self._wake.set()
        elif len(waiters) == ENOUGH:
            self._enough.set()
        return waiter

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiters:
                await self._gather()
                batch, waiters = self._batch, self._waiters
                self._batch, self._waiters = GroupCommit(), []
                await self._commit(batch, waiters)
            if self._closing:
                return

    async def _gather(self) -> None:
        """Returns once enough is there, or nothing more comes, as where everybody waits for this commit."""
        until, before = time.monotonic() + GATHER_MOST_S, 0
        while before < len(self._waiters) < ENOUGH and time.monotonic() < until:
            before = len(self._waiters)
            self._enough.clear()
            later = self._loop.call_later(GATHER_S, self._enough.set)
            await self._enough.wait()
            later.cancel()

    async def _commit(self, batch: GroupCommit, waiters: list[asyncio.Future[None]]) -> None:
        try:
            if self._broken is not None:
                raise self._broken
            await self._connection.commit_batch(batch)
        except BaseException as error:
            # Whatever it was, those who wait must hear of it: a writer that died silently would hold the run forever.
            await self._fail(error, waiters)
            if not isinstance(error, (sqlite3.Error, LedgerBroken)):
                raise
        else:
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def _fail(self, error: BaseException, waiters: list[asyncio.Future[None]]) -> None:
        if self._broken is None:
            self._broken = broken(error, self._where, "the ledger could not be written")
            if self._connection.in_transaction:
                # Where the disk is gone, the journal rolls back at the next open.
                with contextlib.suppress(sqlite3.Error):
                    await self._connection.execute("ROLLBACK")
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(self._broken)
                waiter.exception()  # one that nobody awaits must not leave an unretrieved exception behind
