"""The digests of the ledgers to merge, read beside the copying: that is SQLite's work, and this is mostly Python's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Self

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.merging.source import MergeSource, unchanged
from orchestrator.ledger.reading.samples.digest import samples_digest


class SourceDigests:
    """Reads every sample of the ledgers, one after another, on a thread; two at once would only take turns. Use as a
    context manager: what is left to read at its end is not read."""

    def __init__(self, sources: Sequence[MergeSource], on_progress: Callable[[int], None]) -> None:
        self._on_progress = on_progress
        self._stopped = Event()
        self._read = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digests")
        self._found = {source.number: self._thread.submit(self._digest, source) for source in sources}

    def of(self, source: MergeSource) -> str:
        """Waits for it. Raises InputError if the ledger can't be read, or was written to since it was looked at."""
        return self._found[source.number].result()

    def refuse_unreadable(self) -> None:
        """Raises InputError that names the first ledger that can't be read, once all are."""
        for found in self._found.values():
            found.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.shutdown(cancel_futures=True)

    def _digest(self, source: MergeSource) -> str:
        with reading(source.path), closing(open_reader(source.path)) as connection:
            connection.execute("BEGIN")
            unchanged(connection, source)
            digest = samples_digest(connection, self._count)
        self._read += source.samples
        return digest

    def _count(self, count: int) -> None:
        if self._stopped.is_set():
            raise _StoppedError
        self._on_progress(self._read + count)


class _StoppedError(Exception):
    """Nobody waits for the digest any more."""
