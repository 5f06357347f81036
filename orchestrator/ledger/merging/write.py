"""From the ledgers to merge into the new one: what is coming is set aside first, numbered, and then copied."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b

from orchestrator.ledger.file.sample_text import FROM_FILE, text_sql
from orchestrator.ledger.merging.sets import map_sets
from orchestrator.ledger.merging.source import MergeSource, attached

STAGE = """
CREATE TEMP TABLE sweep_of (there INTEGER PRIMARY KEY, here INTEGER);
CREATE TEMP TABLE model_of (there INTEGER PRIMARY KEY, here INTEGER);
CREATE TEMP TABLE problem_of (there INTEGER PRIMARY KEY, here INTEGER);
CREATE TEMP TABLE set_of (there INTEGER PRIMARY KEY, here INTEGER);
CREATE TEMP TABLE asked (source INTEGER, model INTEGER, problem INTEGER, prompt INTEGER,
  PRIMARY KEY (model, problem, source, prompt)) WITHOUT ROWID;
CREATE TEMP TABLE incoming (id INTEGER PRIMARY KEY, source INTEGER, model INTEGER, problem INTEGER,
  there_index INTEGER, created_at REAL, text_sha BLOB, from_file INTEGER, here_index INTEGER);
"""
_INDICES = """
CREATE INDEX temp.incoming_identity ON incoming (model, problem, there_index, source);
CREATE INDEX temp.incoming_draw ON incoming (model, problem, created_at, source);
"""

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

_NAMES = (
    """
INSERT INTO temp.sweep_of SELECT t.id, h.id FROM src_sweep AS t JOIN main.sweep AS h ON h.name = t.name""",
    """
INSERT INTO temp.model_of SELECT t.id, h.id FROM src_model AS t JOIN temp.sweep_of AS w ON w.there = t.sweep_id
JOIN main.model AS h ON h.sweep_id = w.here AND h.alias = t.alias""",
    """
INSERT INTO temp.problem_of SELECT t.id, h.id FROM src_problem AS t JOIN temp.sweep_of AS w ON w.there = t.sweep_id
JOIN main.problem AS h ON h.sweep_id = w.here AND h.key = t.key""",
)
_FROM_FILE = FROM_FILE.format("s", "src_merged_request")
_STAGE_SAMPLES = f"""
INSERT INTO temp.incoming SELECT :first + s.id, :source, m.here, p.here, s.sample_index, s.created_at,
  iif({_FROM_FILE}, text_sha({text_sql("s", "src_sample")}), NULL), {_FROM_FILE}, NULL
FROM src_sample AS s JOIN temp.model_of AS m ON m.there = s.model_id
JOIN temp.problem_of AS p ON p.there = s.problem_id"""
# Texts of draws matter where another ledger has one of the same instant, which is rare, and a hash is slow.
_AT_ONCE = """EXISTS (SELECT 1 FROM temp.incoming AS o WHERE o.model = incoming.model AND o.problem = incoming.problem
  AND o.created_at = incoming.created_at AND o.source {} incoming.source)"""
_ANY_AT_ONCE = f"SELECT 1 FROM temp.incoming WHERE {_AT_ONCE.format('>')} LIMIT 1"
_HASH_TEXTS = f"""
UPDATE temp.incoming SET text_sha = (
  SELECT text_sha({text_sql("s", "src_sample")}) FROM src_sample AS s WHERE s.id = incoming.id - :first)
WHERE source = :source AND text_sha IS NULL AND ({_AT_ONCE.format("<")} OR {_AT_ONCE.format(">")})"""
_ASKED = """
INSERT OR IGNORE INTO temp.asked SELECT DISTINCT :source, m.here, p.here, here.id
FROM src_{table} AS r JOIN src_prompt AS t ON t.id = r.prompt_id JOIN main.prompt AS here ON here.sha256 = t.sha256
JOIN temp.model_of AS m ON m.there = r.model_id JOIN temp.problem_of AS p ON p.there = r.problem_id
WHERE r.state != 'free'"""
_NUMBER = """
UPDATE temp.incoming SET here_index = numbered.at FROM (
  SELECT id, row_number() OVER (PARTITION BY model, problem ORDER BY there_index, source) - 1 AS at
  FROM temp.incoming) AS numbered
WHERE numbered.id = incoming.id"""
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
SELECT :name || '#' || {{ref}}, :source, m.here, p.here, i.here_index, iif(a.state = 'open', 'lost', a.state),
  {", ".join("a." + name for name in _ATTEMPT)}
FROM {{attempt}} AS a JOIN temp.model_of AS m ON m.there = a.model_id
JOIN temp.problem_of AS p ON p.there = a.problem_id
LEFT JOIN src_sample AS s ON s.{{of_sample}}
LEFT JOIN temp.incoming AS i ON i.id = :first + s.id ORDER BY a.started_at, {{ref}}"""
_WRITE_EXCHANGES = f"""
INSERT INTO main.merged_exchange (ref, prefix_of, {", ".join(_EXCHANGE)})
SELECT :name || '#' || e.{{ref}}, :name || '#' || e.prefix_of, {", ".join("e." + name for name in _EXCHANGE)}
FROM {{exchange}} AS e JOIN main.merged_request AS r ON r.ref = :name || '#' || e.{{ref}}"""
# What a killed run left reserved may have been billed.
_WRITE_REQUESTS = f"""
INSERT INTO main.merged_request (ref, merged_id, model_id, problem_id, prompt_id, state, presumed_pico,
  agent_attempt_ref, {", ".join(_REQUEST)})
SELECT :name || '#' || r.id, :source, m.here, p.here, here.id, iif(r.state = 'reserved', 'presumed', r.state),
  iif(r.state = 'reserved', r.reserved_pico, r.presumed_pico), :name || '#agent:' || r.agent_attempt_id,
  {", ".join("r." + name for name in _REQUEST)}
FROM src_request AS r JOIN src_prompt AS t ON t.id = r.prompt_id JOIN main.prompt AS here ON here.sha256 = t.sha256
JOIN temp.model_of AS m ON m.there = r.model_id JOIN temp.problem_of AS p ON p.there = r.problem_id ORDER BY r.id"""
_WRITE_MERGED_REQUESTS = f"""
INSERT INTO main.merged_request (ref, merged_id, model_id, problem_id, prompt_id, state, presumed_pico,
  agent_attempt_ref, {", ".join(_REQUEST)})
SELECT :name || '#' || r.ref, :source, m.here, p.here, here.id, r.state, r.presumed_pico,
  :name || '#' || r.agent_attempt_ref,
  {", ".join("r." + name for name in _REQUEST)}
FROM src_merged_request AS r JOIN src_prompt AS t ON t.id = r.prompt_id
JOIN main.prompt AS here ON here.sha256 = t.sha256
JOIN temp.model_of AS m ON m.there = r.model_id JOIN temp.problem_of AS p ON p.there = r.problem_id"""
_WRITE_SAMPLES = f"""
INSERT INTO main.sample (id, text, text_of, model_id, problem_id, sample_index, request_ref, {", ".join(_SAMPLE)})
SELECT :last + s.id, s.text, :last + s.text_of,
  i.model, i.problem, i.here_index,
  :name || '#' || coalesce(s.request_ref, s.request_id, 'agent:' || s.agent_attempt_id),
  {", ".join("s." + name for name in _SAMPLE)}
FROM src_sample AS s JOIN temp.incoming AS i ON i.id = :first + s.id ORDER BY s.id"""
_LAST_SAMPLE = "SELECT coalesce(max(id), 0) FROM main.sample"
_WRITE_VERDICTS = """
INSERT OR IGNORE INTO main.verdict (verifier, problem_id, text_sha, passed, score, answer, reason, evidence)
SELECT v.verifier, p.here, v.text_sha, v.passed, v.score, v.answer, v.reason, v.evidence
FROM src_verdict AS v JOIN temp.problem_of AS p ON p.there = v.problem_id"""
_WRITE_SET_VERDICTS = """
INSERT OR IGNORE INTO main.set_verdict (set_id, sample_id, passed, score, answer, verifier)
SELECT w.here, s.id, v.passed, v.score, v.answer, v.verifier
FROM src_set_verdict AS v JOIN temp.set_of AS w ON w.there = v.set_id
JOIN temp.incoming AS i ON i.id = :first + v.sample_id
JOIN main.sample AS s ON s.model_id = i.model AND s.problem_id = i.problem AND s.sample_index = i.here_index"""
_WRITE_STEERING = """
INSERT OR IGNORE INTO main.steering (model_id, set_id) SELECT m.here, w.here
FROM src_steering AS t JOIN temp.model_of AS m ON m.there = t.model_id JOIN temp.set_of AS w ON w.there = t.set_id"""
_COUNT = """
UPDATE main.model SET samples = (SELECT count(*) FROM main.sample WHERE model_id = model.id)"""


def stage(connection: sqlite3.Connection, source: MergeSource) -> None:
    """Sets the samples of the ledger attached as `src` aside, and which prompt each problem was asked with."""
    connection.create_function("text_sha", 1, _text_sha, deterministic=True)
    connection.execute(_STAGE_SAMPLES, {"source": source.number, "first": _first(source)})
    connection.execute(
        "INSERT INTO main.prompt (sha256, body) SELECT sha256, body FROM src_prompt WHERE true ORDER BY id "
        "ON CONFLICT (sha256) DO NOTHING"
    )
    for table in ("request", "merged_request"):
        connection.execute(_ASKED.format(table=table), {"source": source.number})


def staged(connection: sqlite3.Connection, sources: Sequence[MergeSource]) -> None:
    """All are: an index made at once is quicker than one that grows. Then every text that a comparison may need is
    hashed."""
    connection.executescript(_INDICES)
    if connection.execute(_ANY_AT_ONCE).fetchone() is None:
        return
    for source in sources:
        with attached(connection, source):
            connection.execute(_HASH_TEXTS, {"source": source.number, "first": _first(source)})


def number_anew(connection: sqlite3.Connection) -> int:
    """Gives every sample its index in the new ledger; gives the number of those that have another than before."""
    connection.execute(_NUMBER)
    (moved,) = connection.execute(
        "SELECT count(*) FROM temp.incoming WHERE here_index != there_index"
    ).fetchone()
    return moved


def write_requests(connection: sqlite3.Connection, source: MergeSource) -> None:
    """With the attempts of agents that made them. Of the ledger attached as `src`, whose names are mapped anew."""
    _map_names(connection)
    given = {"source": source.number, "first": _first(source), "name": source.name}
    for attempt, ref, of_sample in (
        ("src_agent_attempt", "'agent:' || a.id", "agent_attempt_id = a.id"),
        ("src_merged_attempt", "a.ref", "request_ref = a.ref"),
    ):
        connection.execute(_WRITE_ATTEMPTS.format(attempt=attempt, ref=ref, of_sample=of_sample), given)
    connection.execute(_WRITE_REQUESTS, given)
    connection.execute(_WRITE_MERGED_REQUESTS, given)
    for exchange, ref in (("src_exchange", "request_id"), ("src_merged_exchange", "ref")):
        connection.execute(_WRITE_EXCHANGES.format(exchange=exchange, ref=ref), {"name": source.name})


def write_samples(connection: sqlite3.Connection, source: MergeSource) -> None:
    """With the verdicts; after write_requests of the same ledger."""
    (last,) = connection.execute(_LAST_SAMPLE).fetchone()
    connection.execute(_WRITE_SAMPLES, {"first": _first(source), "name": source.name, "last": last})
    connection.execute(_WRITE_VERDICTS)
    map_sets(connection)
    connection.execute(_WRITE_SET_VERDICTS, {"first": _first(source)})
    connection.execute(_WRITE_STEERING)
    connection.execute(_COUNT)


def _first(source: MergeSource) -> int:
    """What is added to a sample's id there, so that those of all ledgers are distinct."""
    return source.number << 40


def _map_names(connection: sqlite3.Connection) -> None:
    for table in ("sweep_of", "model_of", "problem_of"):
        connection.execute(f"DELETE FROM temp.{table}")
    for statement in _NAMES:
        connection.execute(statement)


def _text_sha(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
