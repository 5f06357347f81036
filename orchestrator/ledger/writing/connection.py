"""The writing connection of a run: aiosqlite's, whose thread also writes a group commit in one turn."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import aiosqlite

from orchestrator.ledger.file.open import PRAGMAS
from orchestrator.ledger.writing.known_texts import KnownTexts

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.ledger.writing.group_commit import GroupCommit

IN_MEMORY = "PRAGMA temp_store = MEMORY"
"""A statement of many rows keeps in memory what it may have to take back: every other group commit would make, write
and remove a file for it."""


class LedgerConnection(aiosqlite.Connection):
    """Await it to open it. In autocommit mode: transactions begin where it says so."""

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: sqlite3.connect(path, isolation_level=None), iter_chunk_size=64)
        # A run whose end was broken off is over: without this its process would wait for this thread for ever.
        self._thread.daemon = True
        self._texts = KnownTexts()

    async def commit_batch(self, batch: GroupCommit) -> None:
        """The batch in one transaction. Where it fails the transaction may be open still. Raises sqlite3.Error.

        Each statement by itself would be a turn of two threads: at one sample a request those took a sixth of all
        processor time."""
        await self._execute(_commit, self._conn, batch, self._texts)  # pyright: ignore[reportUnknownMemberType]


async def open_writer(path: Path) -> LedgerConnection:
    """The writing connection of a run; the caller holds the ledger's lock. Raises sqlite3.Error."""
    connection = LedgerConnection(path)
    await connection
    try:
        for pragma in (*PRAGMAS, IN_MEMORY):
            await connection.execute(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


def _commit(connection: sqlite3.Connection, batch: GroupCommit, texts: KnownTexts) -> None:
    connection.execute("BEGIN IMMEDIATE")
    batch.write(connection, texts)
    connection.execute("COMMIT")
