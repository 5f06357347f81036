"""What a bundle holds besides the samples, read from the ledger. Without hosts, process ids and row numbers that mean
nothing outside; rows in the order they were written."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from orchestrator.ledger.exporting.keys import without_userinfo

PROBLEMS = """
SELECT sweep.name AS sweep, key AS problem, ordinal, json(data) AS data_json
FROM problem JOIN sweep ON sweep.id = sweep_id ORDER BY problem.id"""

PROMPTS = "SELECT sha256, json(body) AS body_json FROM prompt ORDER BY id"

REQUESTS = """
SELECT r.id AS request, sweep.name AS sweep, model.alias AS model, problem.key AS problem, prompt.sha256 AS prompt,
  r.run_id AS run, r.attempt, r.n, json(r.indices) AS indices_json, r.max_tokens, r.state, r.reserved_pico,
  r.settled_pico, r.presumed_pico, r.unused_pico, r.cost_basis, r.prompt_tokens, r.cached_tokens, r.cache_write_tokens,
  r.cache_write_1h_tokens, r.completion_tokens, r.reasoning_tokens, r.server, r.server_version, r.vendor_model,
  r.vendor_request, r.service_tier, r.inference_geo, r.http_status, r.error, r.error_message, r.reserved_at, r.ended_at,
  r.latency_s, r.raised_from_pico, r.agent_attempt_id AS agent_attempt, r.call
FROM request AS r JOIN model ON model.id = r.model_id JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = r.problem_id JOIN prompt ON prompt.id = r.prompt_id ORDER BY r.id"""

AGENT_ATTEMPTS = """
SELECT a.id AS agent_attempt, a.run_id AS run, sweep.name AS sweep, model.alias AS model, problem.key AS problem,
  a.sample_index, a.state, a.cap_pico, a.settled_pico, a.presumed_pico, a.calls, a.replayed, a.diverged_at,
  a.exit_status, a.ended_by, a.worked_s, a.started_at, a.ended_at
FROM agent_attempt AS a JOIN model ON model.id = a.model_id JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = a.problem_id ORDER BY a.id"""

EXCHANGES = """
SELECT request_id AS request, wire, asked, hex(body_sha) AS body_sha, prefix_of, prefix_bytes, unpacked(rest) AS rest,
  stated_max_tokens, json(stated_params) AS stated_params_json, status, content_type, unpacked(reply) AS reply,
  delivered
FROM exchange ORDER BY request_id"""

RECONCILIATIONS = """
SELECT i.reconciliation_id AS reconciliation, r.at, r.source, r.file, r.file_sha256, r.billed_pico, r.above_bound,
  r.manyfew, sweep.name AS sweep, model.alias AS model, i.request_id AS request, i.lease_id AS lease, i.matched,
  i.presumed_pico, i.settled_pico, i.unused_pico
FROM reconciled AS i JOIN reconciliation AS r ON r.id = i.reconciliation_id JOIN model ON model.id = i.model_id
JOIN sweep ON sweep.id = model.sweep_id ORDER BY i.id"""

FAILURES = """
SELECT sweep.name AS sweep, model.alias AS model, problem.key AS problem, f.sample_index, f.n, f.run_id AS run, f.error,
  f.message
FROM failure AS f JOIN model ON model.id = f.model_id JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = f.problem_id ORDER BY f.model_id, f.problem_id, f.sample_index"""

VERDICT_SETS = """
SELECT name, kind, version, json(options) AS options_json, current, (SELECT json_group_array(model.alias) FROM steering
  JOIN model ON model.id = steering.model_id WHERE set_id = verdict_set.id) AS steered_models_json
FROM verdict_set ORDER BY id"""

OTHER_VERDICTS = """
SELECT verdict_set.name AS verdict_set, sweep.name AS sweep, model.alias AS model, problem.key AS problem,
  s.sample_index, v.passed, v.score, v.answer
FROM set_verdict AS v JOIN verdict_set ON verdict_set.id = v.set_id JOIN sample AS s ON s.id = v.sample_id
JOIN model ON model.id = s.model_id JOIN sweep ON sweep.id = model.sweep_id JOIN problem ON problem.id = s.problem_id
ORDER BY v.set_id, v.sample_id"""

_MODELS = """
SELECT sweep.name AS sweep, sweep.budget_pico, json(sweep.verifier) AS verifier_json, model.alias AS model,
  model.provider, model.name AS vendor_name, json(model.definition) AS definition_json, json(model.price) AS price_json,
  json(model.architecture) AS architecture_json, model.samples_wanted, model.replayed, model.overhead_tokens,
  model.max_n, model.stopped, model.settled_pico, model.presumed_pico, model.reserved_pico, model.unused_pico,
  model.requests, model.retries, model.samples, model.id
FROM model JOIN sweep ON sweep.id = model.sweep_id ORDER BY model.id"""

_NAMES = """
SELECT vendor_model, server_version, count(*) FROM request WHERE model_id = ? AND vendor_model IS NOT NULL
GROUP BY vendor_model, server_version ORDER BY vendor_model, server_version"""

_RUNS = """
SELECT run.id AS run, sweep_file_id AS sweep_file, sweep_file.sha256 AS sweep_file_sha256, run.budget_pico, started_at,
  ended_at, status, reason, json(versions) AS versions_json, rules
FROM run JOIN sweep_file ON sweep_file.id = sweep_file_id ORDER BY run.id"""


def objects(connection: sqlite3.Connection, sql: str) -> Iterator[dict[str, Any]]:
    """Rows by name; a column NAME_json becomes NAME, read."""
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = None
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield {
                name.removesuffix("_json"): json.loads(value) if name.endswith("_json") and value else value
                for name, value in zip(names, row, strict=True)
            }


def exchanges(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """What agents' calls said and were answered, as texts."""
    connection.create_function("unpacked", 1, _unpacked, deterministic=True)
    return objects(connection, EXCHANGES)


def _unpacked(packed: bytes | None) -> str | None:
    return None if packed is None else zlib.decompress(packed).decode("utf-8", "replace")


def models(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """What defines each, its price, its money, and what the vendor says it was."""
    found = list(objects(connection, _MODELS))
    for model in found:
        names = connection.execute(_NAMES, (model.pop("id"),)).fetchall()
        model["vendor_models"] = [
            {"vendor_model": name, "server_version": version, "requests": n} for name, version, n in names
        ]
    return found


def runs(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every call of `manyfew run`, with its versions."""
    return list(objects(connection, _RUNS))


def sweep_files(connection: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """(number, text as it was read, but for passwords in addresses)."""
    for number, text in connection.execute("SELECT id, text FROM sweep_file ORDER BY id").fetchall():
        yield number, without_userinfo(text)


def spend(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The view `spend`."""
    return list(objects(connection, "SELECT * FROM spend ORDER BY sweep, model"))
