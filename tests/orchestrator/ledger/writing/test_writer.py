"""The writer: what many tasks put in is written together, and each hears of it."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from orchestrator.errors import LedgerBroken
from orchestrator.ledger.file.create import create
from orchestrator.ledger.writing.connection import open_writer
from orchestrator.ledger.writing.group_commit import GroupCommit
from orchestrator.ledger.writing.writer import ENOUGH, Writer


def prompt(number: int):
    """A row to write: a prompt needs nothing else."""

    def fill(batch: GroupCommit) -> None:
        batch.prompts.append((number, f"sha {number}", "{}"))

    return fill


@pytest.fixture
async def writing(tmp_path):
    path = tmp_path / "l.db"
    create(path)
    connection = await open_writer(path)
    try:
        async with Writer(connection, str(path)) as writer:
            yield writer, path
    finally:
        await connection.close()


def prompts(path) -> int:
    with closing(sqlite3.connect(path)) as reader:
        return reader.execute("SELECT count(*) FROM prompt").fetchone()[0]


async def test_it_is_there_when_the_writer_says_so(writing):
    writer, path = writing
    for number in range(1, 4):
        await writer.put(prompt(number))
        assert prompts(path) == number
    await asyncio.gather(*(writer.put(prompt(number)) for number in range(4, 10 + 4 * ENOUGH)))
    assert prompts(path) == 9 + 4 * ENOUGH


async def test_one_that_is_cancelled_takes_nobody_along(writing):
    writer, path = writing
    waiters = [writer.put(prompt(number)) for number in range(1, 4)]
    waiters[1].cancel()
    await asyncio.gather(waiters[0], waiters[2])
    assert prompts(path) == 3


async def test_a_commit_that_fails_is_heard_by_all_and_nothing_of_it_is_there(writing):
    writer, path = writing
    await writer.put(prompt(1))
    waiters = [
        writer.put(prompt(2)),
        writer.put(lambda batch: batch.other.append(("INSERT INTO no_such", ()))),
    ]
    waiters.append(writer.put(prompt(3)))
    heard = await asyncio.gather(*waiters, return_exceptions=True)
    assert [type(one) for one in heard] == [LedgerBroken] * 3
    assert prompts(path) == 1
    with pytest.raises(LedgerBroken):
        writer.put(prompt(4))
