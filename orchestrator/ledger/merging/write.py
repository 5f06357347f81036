"""From the ledgers to merge into the new one: their samples under new indices, with verdicts, requests and attempts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orchestrator.errors import InputError
from orchestrator.ledger.merging.names import map_names
from orchestrator.ledger.merging.numbering import HERE_INDEX, PLACE
from orchestrator.ledger.merging.sets import map_sets
from orchestrator.ledger.merging.source import MergeSource, attached
from orchestrator.text.command import command

_REQUEST = (
    *("attempt", "n", "indices", "max_tokens", "reserved_pico", "settled_pico", "unused_pico", "cost_basis"),
    *("prompt_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "completion_tokens"),
    *("reasoning_tokens", "server", "vendor_model", "vendor_request", "service_tier", "inference_geo"),
    *(
        "server_version",
        "http_status",
        "error",
        "error_message",
        "reserved_at",
        "ended_at",
        "latency_s",
        "call",
    ),
)
_SAMPLE = (
    *("reasoning", "finish_reason", "prompt_tokens", "cached_tokens", "cache_write_tokens"),
    *(
        "cache_write_1h_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "token_basis",
        "cost_pico",
        "cost_basis",
    ),
    *("server", "stop_rule", "latency_s", "created_at", "passed", "score", "answer", "verifier"),
)

_ATTEMPT = (
    *(
        "cap_pico",
        "settled_pico",
        "presumed_pico",
        "calls",
        "replayed",
        "diverged_at",
        "exit_status",
        "ended_by",
    ),
    *("worked_s", "started_at", "ended_at"),
)
_EXCHANGE = (
    *("wire", "asked", "body_sha", "prefix_bytes", "rest", "stated_max_tokens", "stated_params", "status"),
    *("content_type", "reply", "delivered"),
)
# Nothing here goes on with what was open there.
_WRITE_ATTEMPTS = f"""
INSERT INTO main.merged_attempt (ref, merged_id, model_id, problem_id, sample_index, state, {", ".join(_ATTEMPT)})
SELECT :name || '#' || {{ref}}, :source, m.here, p.here, here.sample_index, iif(a.state = 'open', 'lost', a.state),
  {", ".join("a." + name for name in _ATTEMPT)}
FROM {{attempt}} AS a JOIN temp.model_of AS m ON m.there = a.model_id
JOIN temp.problem_of AS p ON p.there = a.problem_id
LEFT JOIN src_sample AS s ON s.{{of_sample}}
LEFT JOIN main.sample AS here ON here.id = :last + s.id ORDER BY a.started_at, {{ref}}"""
_WRITE_EXCHANGES = f"""
INSERT INTO main.merged_exchange (ref, prefix_of, {", ".join(_EXCHANGE)})
SELECT :name || '#' || e.{{ref}}, :name || '#' || e.prefix_of, {", ".join("e." + name for name in _EXCHANGE)}
FROM {{exchange}} AS e JOIN main.merged_request AS r ON r.ref = :name || '#' || e.{{ref}}"""
# What a killed run left reserved may have been billed.
_WRITE_REQUESTS = f"""
INSERT INTO main.merged_request (ref, merged_id, model_id, problem_id, prompt_id, state, presumed_pico,
  agent_attempt_ref, {", ".join(_REQUEST)})
SELECT :name || '#' || r.id, :source, m.here, p.here, t.here, iif(r.state = 'reserved', 'presumed', r.state),
  iif(r.state = 'reserved', r.reserved_pico, r.presumed_pico), :name || '#agent:' || r.agent_attempt_id,
  {", ".join("r." + name for name in _REQUEST)}
FROM src_request AS r JOIN temp.prompt_of AS t ON t.there = r.prompt_id
JOIN temp.model_of AS m ON m.there = r.model_id JOIN temp.problem_of AS p ON p.there = r.problem_id ORDER BY r.id"""
_WRITE_MERGED_REQUESTS = f"""
INSERT INTO main.merged_request (ref, merged_id, model_id, problem_id, prompt_id, state, presumed_pico,
  agent_attempt_ref, {", ".join(_REQUEST)})
SELECT :name || '#' || r.ref, :source, m.here, p.here, t.here, r.state, r.presumed_pico,
  :name || '#' || r.agent_attempt_ref,
  {", ".join("r." + name for name in _REQUEST)}
FROM src_merged_request AS r JOIN temp.prompt_of AS t ON t.there = r.prompt_id
JOIN temp.model_of AS m ON m.there = r.model_id JOIN temp.problem_of AS p ON p.there = r.problem_id"""
_WRITE_SAMPLES = f"""
INSERT INTO main.sample (id, text, text_of, model_id, problem_id, sample_index, request_ref, {", ".join(_SAMPLE)})
SELECT :last + s.id, s.text, :last + s.text_of, p.model, p.problem, {HERE_INDEX},
  :name || '#' || coalesce(s.request_ref, s.request_id, 'agent:' || s.agent_attempt_id),
  {", ".join("s." + name for name in _SAMPLE)}
FROM src_sample AS s CROSS JOIN {PLACE} ORDER BY s.id"""
_LAST_SAMPLE = "SELECT coalesce(max(id), 0) FROM main.sample"
_WRITE_VERDICTS = """
INSERT OR IGNORE INTO main.verdict (verifier, problem_id, text_sha, passed, score, answer, reason, evidence)
SELECT v.verifier, p.here, v.text_sha, v.passed, v.score, v.answer, v.reason, v.evidence
FROM src_verdict AS v JOIN temp.problem_of AS p ON p.there = v.problem_id"""
_WRITE_SET_VERDICTS = """
INSERT OR IGNORE INTO main.set_verdict (set_id, sample_id, passed, score, answer, verifier)
SELECT w.here, :last + v.sample_id, v.passed, v.score, v.answer, v.verifier
FROM src_set_verdict AS v JOIN temp.set_of AS w ON w.there = v.set_id"""
_WRITE_STEERING = """
INSERT OR IGNORE INTO main.steering (model_id, set_id) SELECT m.here, w.here
FROM src_steering AS t JOIN temp.model_of AS m ON m.there = t.model_id JOIN temp.set_of AS w ON w.there = t.set_id"""
_LATER = """
SELECT s.sql, i.name FROM main.sqlite_schema AS s JOIN pragma_index_list(s.tbl_name, 'main') AS i ON i.name = s.name
WHERE s.type = 'index' AND s.tbl_name IN ('sample', 'merged_request') AND i.origin = 'c' AND NOT i.partial
ORDER BY i.name"""


def put_off_indices(connection: sqlite3.Connection) -> list[str]:
    """Drops the indices of all rows of the large tables but those that keep rows unique, and gives the SQL that makes
    them: at once and sorted, instead of row by row all over a file that outgrows the cache."""
    found = connection.execute(_LATER).fetchall()
    for _, name in found:
        connection.execute(f"DROP INDEX main.{name}")
    return [sql for sql, _ in found]


def write_samples(connection: sqlite3.Connection, source: MergeSource) -> int:
    """Of the ledger attached as `src`, with the verdicts; gives what was added to their ids there. Raises InputError if
    not all of them are where the ledger's own index says."""
    map_names(connection)
    (last,) = connection.execute(_LAST_SAMPLE).fetchone()
    given = {"source": source.number, "name": source.name, "last": last}
    if connection.execute(_WRITE_SAMPLES, given).rowcount != source.samples:
        raise _damaged(source, "its samples are not those that its index names")
    connection.execute(_WRITE_VERDICTS)
    map_sets(connection)
    connection.execute(_WRITE_SET_VERDICTS, given)
    connection.execute(_WRITE_STEERING)
    return last


def write_requests(connection: sqlite3.Connection, source: MergeSource, last: int) -> None:
    """With the attempts of agents that made them. After write_samples of the same ledger, which gives `last`."""
    given = {"source": source.number, "name": source.name, "last": last}
    for attempt, ref, of_sample in (
        ("src_agent_attempt", "'agent:' || a.id", "agent_attempt_id = a.id"),
        ("src_merged_attempt", "a.ref", "request_ref = a.ref"),
    ):
        connection.execute(_WRITE_ATTEMPTS.format(attempt=attempt, ref=ref, of_sample=of_sample), given)
    connection.execute(_WRITE_REQUESTS, given)
    connection.execute(_WRITE_MERGED_REQUESTS, given)
    for exchange, ref in (("src_exchange", "request_id"), ("src_merged_exchange", "ref")):
        connection.execute(_WRITE_EXCHANGES.format(exchange=exchange, ref=ref), given)


def refuse_lost_references(connection: sqlite3.Connection, sources: Sequence[MergeSource]) -> None:
    """Once all rows are there. Raises InputError that names the ledger in which what a row refers to is missing."""
    if connection.execute("PRAGMA main.foreign_key_check").fetchone() is None:
        return
    for source in sources:
        with attached(connection, source):
            lost = connection.execute("PRAGMA src.foreign_key_check").fetchone()
        if lost is not None:
            raise _damaged(source, f"a row of its table {lost[0]} refers to none of {lost[2]}")
    raise AssertionError("rows of the new ledger refer to rows that are not there")


def _damaged(source: MergeSource, what: str) -> InputError:
    remedy = f"look at it with `{command('doctor {}', source.path)}` and go on from a backup of it"
    return InputError(str(source.path), f"the ledger can't be read: it is damaged ({what})", remedy)
