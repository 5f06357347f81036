"""A run's ledger: reserve, settle, presume, free, judge. Every call returns once what it says is durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from orchestrator.ledger.file.trouble import writing
from orchestrator.ledger.writing.batch_jobs import END_JOB, REFUSED, SUBMITTED, SUBMITTING, WITHDRAWN
from orchestrator.ledger.writing.connection import open_writer
from orchestrator.ledger.writing.group_commit import GroupCommit
from orchestrator.ledger.writing.presume import (
    PRESUME_LEASES,
    PRESUME_REQUESTS,
    PRESUME_TOTALS,
    RELEASE_HOLDS,
)
from orchestrator.ledger.writing.rows import (
    BatchJobRow,
    Failure,
    HoldChange,
    LeaseChange,
    Reservation,
    ServerRow,
    Settlement,
    StandingTime,
    VerdictRow,
)
from orchestrator.ledger.writing.run_state import RunState
from orchestrator.ledger.writing.writer import Writer

if TYPE_CHECKING:
    from orchestrator.ledger.writing.connection import LedgerConnection

RAISE_OVERHEAD = "UPDATE model SET overhead_tokens = max(overhead_tokens, ?) WHERE id = ?"


class Ledger:
    """Async context manager around one writing connection. Raises LedgerBroken if the disk says no."""

    def __init__(self, path: Path, state: RunState) -> None:
        self.path = path
        self.state = state
        self._next_request_id = state.next_request_id
        self._prompt_ids: dict[str, int] = {}
        self._next_prompt_id = 1
        self._next_lease_id = 1
        self._next_batch_job_id = 1
        self._next_attempt_id = 1
        self._next_server_id = 1
        self._connection: LedgerConnection | None = None
        self._writer: Writer | None = None

    async def __aenter__(self) -> Self:
        with writing(self.path, "the ledger can't be opened"):
            self._connection = await open_writer(self.path)
            try:
                await self._read_ids(self._connection)
            except BaseException:
                await self._connection.close()
                raise
        self._writer = await Writer(self._connection, str(self.path)).__aenter__()
        return self

    async def _read_ids(self, connection: LedgerConnection) -> None:
        async with connection.execute("SELECT sha256, id FROM prompt") as rows:
            self._prompt_ids = {sha: prompt_id async for sha, prompt_id in rows}
        self._next_prompt_id = max(self._prompt_ids.values(), default=0) + 1
        async with connection.execute("SELECT coalesce(max(id), 0) + 1 FROM lease") as rows:
            async for (next_lease_id,) in rows:
                self._next_lease_id = next_lease_id
        async with connection.execute("SELECT coalesce(max(id), 0) + 1 FROM server") as rows:
            async for (next_server_id,) in rows:
                self._next_server_id = next_server_id
        async with connection.execute("SELECT coalesce(max(id), 0) + 1 FROM batch_job") as rows:
            async for (next_batch_job_id,) in rows:
                self._next_batch_job_id = next_batch_job_id
        async with connection.execute("SELECT coalesce(max(id), 0) + 1 FROM agent_attempt") as rows:
            async for (next_attempt_id,) in rows:
                self._next_attempt_id = next_attempt_id

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._connection is not None
        assert self._writer is not None
        try:
            await self._writer.__aexit__(kind, error, trace)
        finally:
            await self._connection.close()

    def new_request_id(self) -> int:
        self._next_request_id += 1
        return self._next_request_id - 1

    def prompt_id(self, sha: str) -> tuple[int, bool]:
        """The prompt's id, and whether it is new to this ledger."""
        known = self._prompt_ids.get(sha)
        if known is not None:
            return known, False
        self._prompt_ids[sha] = self._next_prompt_id
        self._next_prompt_id += 1
        return self._prompt_ids[sha], True

    async def reserve(
        self,
        reservation: Reservation,
        new_prompt: tuple[int, str, str] | None,
        *,
        hold: HoldChange | None = None,
        also: Sequence[tuple[str, tuple[Any, ...]]] = (),
    ) -> None:
        """The worst case is on the disk when this returns. `new_prompt`: (id, sha256, body), if not yet there.
        `hold`: what it takes of its attempt's hold, if it is an agent's call; `also` goes into the same
        transaction."""

        def fill(batch: GroupCommit) -> None:
            if new_prompt is not None:
                batch.prompts.append(new_prompt)
            batch.reservations.append(reservation)
            if hold is not None:
                batch.holds.append(hold)
            batch.other.extend(also)

        await self._write(fill)

    async def change_hold(
        self,
        change: HoldChange,
        also: Sequence[tuple[str, tuple[Any, ...]]] = (),
        failures: Sequence[Failure] = (),
    ) -> None:
        """An agent's attempt begins, goes on or lets go of what it holds; the rest goes into the same transaction."""

        def fill(batch: GroupCommit) -> None:
            batch.holds.append(change)
            batch.failures.extend(failures)
            batch.other.extend(also)

        await self._write(fill)

    def new_batch_job_id(self) -> int:
        self._next_batch_job_id += 1
        return self._next_batch_job_id - 1

    def new_attempt_id(self) -> int:
        self._next_attempt_id += 1
        return self._next_attempt_id - 1

    async def reserve_batch(
        self,
        job: BatchJobRow,
        reservations: Sequence[Reservation],
        new_prompts: Sequence[tuple[int, str, str]],
    ) -> None:
        """The intent to make a batch, and the worst case of each of its requests, are on the disk when this
        returns."""

        def fill(batch: GroupCommit) -> None:
            batch.prompts.extend(new_prompts)
            batch.jobs.append(job)
            batch.reservations.extend(reservations)

        await self._write(fill)

    async def submitting(self, batch_job_id: int) -> None:
        """From here on the vendor may have the batch, whatever is heard of it."""
        await self._write(lambda batch: batch.other.append((SUBMITTING, (time.time(), batch_job_id))))

    async def refused_batch(self, batch_job_id: int, answer: str) -> None:
        """The vendor answered that it would not make the batch: unless it is listed all the same, it is free."""
        row = (f"refused: {answer}", batch_job_id)
        await self._write(lambda batch: batch.other.append((REFUSED, row)))

    async def withdrawn(self, batch_job_id: int) -> None:
        """The vendor refused to make the batch, or was never reached: it has none."""
        await self._write(lambda batch: batch.other.append((WITHDRAWN, (batch_job_id,))))

    async def submitted(self, batch_job_id: int, vendor_batch: str) -> None:
        """The vendor has the batch, under this id."""
        row = (vendor_batch, time.time(), batch_job_id)
        await self._write(lambda batch: batch.other.append((SUBMITTED, row)))

    async def end_batch(self, batch_job_id: int, outcome: str) -> None:
        """All of the batch's requests are booked."""
        await self._write(lambda batch: batch.other.append((END_JOB, (time.time(), outcome, batch_job_id))))

    async def end(
        self,
        outcome: Settlement,
        failures: Sequence[Failure] = (),
        *,
        overhead: int | None = None,
        hold: HoldChange | None = None,
        also: Sequence[tuple[str, tuple[Any, ...]]] = (),
    ) -> Mapping[int, int]:
        """Settles, presumes or frees a request and writes its samples, and what `also` its reply held, in one
        transaction; with the overhead in tokens that its reply showed the model to have, so that no run after this
        one reserves less. Gives the new index of each sample whose own was taken."""
        commits: list[GroupCommit] = []

        def fill(batch: GroupCommit) -> None:
            commits.append(batch)
            batch.outcomes.append(outcome)
            batch.failures.extend(failures)
            if overhead is not None:
                batch.other.append((RAISE_OVERHEAD, (overhead, outcome.model_id)))
            if hold is not None:
                batch.holds.append(hold)
            batch.other.extend(also)

        await self._write(fill)
        return commits[0].moved.get(outcome.request_id, {})

    def lease(self, change: LeaseChange) -> asyncio.Future[None]:
        """A server's lease is opened, renewed or released, ahead of whatever is written after this call; it is on the
        disk when the future is done."""
        return self._write(lambda batch: batch.leases.append(change))

    def new_lease_id(self) -> int:
        self._next_lease_id += 1
        return self._next_lease_id - 1

    def stood(self, time: StandingTime) -> asyncio.Future[None]:
        """A server of one's own cost so much while no request ran on it."""
        return self._write(lambda batch: batch.stood.append(time))

    def server(self, row: ServerRow) -> asyncio.Future[None]:
        """How a server of one's own stands, in place of how it stood."""
        return self._write(lambda batch: batch.servers.append(row))

    def new_server_id(self) -> int:
        self._next_server_id += 1
        return self._next_server_id - 1

    async def judge(self, verdicts: Sequence[VerdictRow]) -> None:
        await self._write(lambda batch: batch.verdicts.extend(verdicts))

    async def learn_max_n(self, model_id: int, max_n: int) -> None:
        """What an endpoint takes at most in one request is remembered for the next run."""
        await self._write(
            lambda batch: batch.other.append(("UPDATE model SET max_n = ? WHERE id = ?", (max_n, model_id)))
        )

    async def steered(self, model_id: int) -> None:
        """From here on the verdicts of this run's set stop or choose the model's draws."""
        assert self.state.verdict_set is not None
        sql = "INSERT OR IGNORE INTO steering (model_id, set_id) VALUES (?, ?)"
        row = (model_id, self.state.verdict_set.now.set_id)
        await self._write(lambda batch: batch.other.append((sql, row)))

    async def stop_model(self, model_id: int, reason: str) -> None:
        sql = "UPDATE model SET stopped = ? WHERE id = ?"
        await self._write(lambda batch: batch.other.append((sql, (reason, model_id))))

    async def presume_open(self) -> None:
        """Nothing is in flight any more: what is still reserved was given up on and may have been billed. Batches that
        go on at their vendor keep their reservations."""

        def fill(batch: GroupCommit) -> None:
            batch.other.append((PRESUME_TOTALS, ()))
            batch.other.append((PRESUME_LEASES, (time.time(),)))
            batch.other.append((RELEASE_HOLDS, ()))
            batch.other.append((PRESUME_REQUESTS, (time.time(),)))

        await self._write(fill)

    async def moment(self, said: str) -> None:
        """For those who watch, in place of what was said before."""
        sql = "INSERT OR REPLACE INTO moment (run_id, said) VALUES (?, ?)"
        await self._write(lambda batch: batch.other.append((sql, (self.state.run_id, said))))

    async def finish(self, status: str, reason: str | None, said: str | None = None) -> None:
        """Ends the run's own row. `said`: what is left there of its last moment."""
        sql = "UPDATE run SET status = ?, reason = ?, ended_at = ? WHERE id = ?"
        row = (status, reason, time.time(), self.state.run_id)
        await self._write(lambda batch: batch.other.extend([(sql, row), ("DELETE FROM moment", ())]))
        if said is not None:
            await self.moment(said)

    def _write(self, fill: Callable[[GroupCommit], Any]) -> asyncio.Future[None]:
        """It is on the disk when the future is done."""
        assert self._writer is not None
        return self._writer.put(fill)
