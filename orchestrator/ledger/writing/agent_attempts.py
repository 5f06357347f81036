"""Agents' attempts as the ledger keeps them: opened, gone on with, closed; and what an interrupted one was told."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.ledger.file.reader import open_reader

Statement = tuple[str, tuple[Any, ...]]

_OPEN = """
INSERT INTO agent_attempt (id, run_id, model_id, problem_id, sample_index, state, token_sha, cap_pico, folder,
  started_at)
VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?, ?)"""
_RESUME = "UPDATE agent_attempt SET token_sha = ?, cap_pico = ?, folder = ? WHERE id = ?"
_CLOSE = """
UPDATE agent_attempt SET state = ?, exit_status = ?, ended_by = ?, replayed = ?, diverged_at = ?, ended_at = ?,
  worked_s = ? WHERE id = ?"""
_DELIVERED = "UPDATE exchange SET delivered = 1 WHERE request_id IN (SELECT value FROM json_each(?))"
_UNUSED = """
UPDATE request SET unused_pico = settled_pico
WHERE agent_attempt_id = ? AND state = 'settled' AND id NOT IN (SELECT value FROM json_each(?))"""
_UNUSED_TOTAL = "UPDATE model SET unused_pico = unused_pico + ? WHERE id = ?"
INSERT_EXCHANGE = """
INSERT INTO exchange (request_id, wire, asked, body_sha, prefix_of, prefix_bytes, rest, stated_max_tokens,
  stated_params)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_REPLY = "UPDATE exchange SET status = ?, content_type = ?, reply = ? WHERE request_id = ?"


class OpenAttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that an earlier run left."""

    attempt_id: int
    problem_id: int
    sample_index: int
    settled_pico: int
    presumed_pico: int
    worked_s: float
    calls: int
    replayed: int


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A call of it that was answered, with what it cost."""

    request_id: int
    body_sha: bytes
    wire: str
    body: bytes
    status: int
    content_type: str
    reply: bytes
    settled_pico: int
    presumed_pico: int
    tokens: tuple[int | None, ...]
    """Input, cached, cache writes, those of an hour, output, reasoning."""
    cost_basis: str | None


def read_open(connection: sqlite3.Connection, model_id: int) -> list[OpenAttemptRow]:
    rows = connection.execute(
        "SELECT id, problem_id, sample_index, settled_pico, presumed_pico, worked_s, calls, replayed "
        "FROM agent_attempt WHERE model_id = ? AND state = 'open' ORDER BY id",
        (model_id,),
    )
    return [
        OpenAttemptRow(
            attempt_id=row[0],
            problem_id=row[1],
            sample_index=row[2],
            settled_pico=row[3],
            presumed_pico=row[4],
            worked_s=row[5],
            calls=row[6],
            replayed=row[7],
        )
        for row in rows
    ]


def read_recorded(path: Path, attempt_id: int) -> list[Recorded]:
    """In the order they were made."""
    with closing(open_reader(path)) as connection:
        rows = connection.execute(
            "SELECT r.id, e.body_sha, e.wire, e.prefix_of, e.prefix_bytes, e.rest, e.status, e.content_type, e.reply, "
            "r.settled_pico, r.presumed_pico, r.prompt_tokens, r.cached_tokens, r.cache_write_tokens, "
            "r.cache_write_1h_tokens, r.completion_tokens, r.reasoning_tokens, r.cost_basis "
            "FROM request AS r JOIN exchange AS e ON e.request_id = r.id WHERE r.agent_attempt_id = ? ORDER BY r.id",
            (attempt_id,),
        ).fetchall()
    bodies: dict[int, bytes] = {}
    recorded: list[Recorded] = []
    for row in rows:
        before = bodies.get(row[3], b"") if row[3] is not None else b""
        bodies[row[0]] = before[: row[4]] + zlib.decompress(row[5])
        if row[8] is None:
            continue
        recorded.append(
            Recorded(
                request_id=row[0],
                body_sha=row[1],
                wire=row[2],
                body=bodies[row[0]],
                status=row[6],
                content_type=row[7],
                reply=zlib.decompress(row[8]),
                settled_pico=row[9],
                presumed_pico=row[10],
                tokens=tuple(row[11:17]),
                cost_basis=row[17],
            )
        )
    return recorded


def opens(
    *,
    attempt_id: int,
    run_id: int,
    model_id: int,
    problem_id: int,
    sample_index: int,
    token_sha: str,
    cap_pico: int | None,
    folder: str | None,
) -> Statement:
    row = (attempt_id, run_id, model_id, problem_id, sample_index, token_sha, cap_pico, folder, time.time())
    return _OPEN, row


def goes_on(attempt_id: int, *, token_sha: str, cap_pico: int | None, folder: str | None) -> Statement:
    return _RESUME, (token_sha, cap_pico, folder, attempt_id)


def closes(
    *,
    attempt_id: int,
    model_id: int,
    state: str,
    exit_status: int | None,
    ended_by: str,
    replayed: int,
    diverged_at: int | None,
    worked_s: float,
    delivered: Collection[int],
    borne: Collection[int],
    unused_pico: int,
) -> list[Statement]:
    """`delivered`: the calls whose replies reached the agent; `borne`: those that its sample pays for; the others'
    dollars, `unused_pico` together, brought nothing."""
    row = (state, exit_status, ended_by, replayed, diverged_at, time.time(), worked_s, attempt_id)
    return [
        (_CLOSE, row),
        (_DELIVERED, (json.dumps(sorted(delivered)),)),
        (_UNUSED, (attempt_id, json.dumps(sorted(borne)))),
        (_UNUSED_TOTAL, (unused_pico, model_id)),
    ]


def answers(request_id: int, status: int, content_type: str, reply: bytes) -> Statement:
    """What an agent's call was answered with, or is about to be."""
    return _REPLY, (status, content_type, packed(reply), request_id)


def says(
    *,
    wire: str,
    asked: str,
    body: bytes,
    body_sha: bytes,
    prefix_of: int | None,
    prefix: bytes,
    stated_max_tokens: int | None,
    stated_params: Mapping[str, Any],
) -> Statement:
    """What an agent's call asks. `prefix`: the body of the call `prefix_of`, with which it may begin. The statement's
    first value, the request's id, is left out."""
    common = 0 if prefix_of is None else shared_bytes(prefix, body)
    return INSERT_EXCHANGE, (
        wire,
        asked,
        body_sha,
        prefix_of if common else None,
        common,
        packed(body[common:]),
        stated_max_tokens,
        json.dumps(dict(stated_params)) if stated_params else None,
    )


def packed(text: bytes) -> bytes:
    """For zlib.decompress. With memory by the text's size: zlib's usual 256 KB take ten times as long to lay out as a
    short text to pack."""
    bits = max(9, min(15, len(text).bit_length()))
    packer = zlib.compressobj(6, zlib.DEFLATED, bits, min(8, bits - 7))
    return packer.compress(text) + packer.flush()


def shared_bytes(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    while low < len(other) and low and other[low] & 0xC0 == 0x80:
        low -= 1  # no character is cut in two
    return low
