"""What a ledger of a released schema lacks of the next, as a step each. What is new is in schema.sql in the same words:
a ledger that went through the steps is the same as a new one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping

Step = Callable[[sqlite3.Connection], None]
"""Takes the ledger one version on, inside a transaction that is not its own. It commits nothing."""


def _from_1(connection: sqlite3.Connection) -> None:
    """Schema 1 is that of 0.1."""
    for statement in _SINCE_1:
        connection.execute(statement)
    connection.execute(FIRST_SET, {"now": time.time()})
    connection.execute(_STEERED)


KEPT_ONCE = (
    "ALTER TABLE sample ADD COLUMN text_of INTEGER REFERENCES sample DEFERRABLE INITIALLY DEFERRED",
    "DROP VIEW sample_records",
    """CREATE VIEW sample_records AS
SELECT
  sweep.name AS sweep, model.alias AS model, model.provider AS provider, problem.key AS problem,
  s.sample_index,
  CASE WHEN s.text_of IS NULL THEN s.text ELSE (SELECT kept.text FROM sample AS kept WHERE kept.id = s.text_of) END
    AS text,
  s.reasoning, s.finish_reason,
  s.prompt_tokens, s.cached_tokens, s.cache_write_tokens, s.cache_write_1h_tokens,
  s.completion_tokens, s.reasoning_tokens, s.token_basis,
  s.cost_pico / 1e12 AS cost_usd, s.cost_pico, s.cost_basis,
  s.passed, s.score, s.answer, s.server,
  coalesce(s.request_ref, s.request_id, 'agent:' || s.agent_attempt_id) AS request, s.stop_rule,
  s.latency_s, s.created_at
FROM sample AS s
JOIN model ON model.id = s.model_id
JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = s.problem_id""",
)
"""Texts that repeat are kept once. What ledgers of schema 2 lack that were made before this was in it."""

_SINCE_1 = (
    """CREATE TABLE writer (
  id INTEGER PRIMARY KEY,
  pid INTEGER NOT NULL, started TEXT,
  boot TEXT, host TEXT NOT NULL,
  file TEXT NOT NULL,
  since REAL NOT NULL
) STRICT""",
    "DROP INDEX sample_outcome",
    """CREATE INDEX sample_outcome ON sample (model_id, problem_id, passed, sample_index, cost_pico,
completion_tokens, prompt_tokens, latency_s, verifier)""",
    "CREATE INDEX request_failed ON request (model_id, error) WHERE error IS NOT NULL",
    "ALTER TABLE sweep ADD COLUMN policy TEXT",
    "ALTER TABLE run ADD COLUMN rules INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE request ADD COLUMN raised_from_pico INTEGER",
    "ALTER TABLE lease ADD COLUMN loading_pico INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE lease ADD COLUMN idle_pico INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE server (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  aliases TEXT NOT NULL,
  url TEXT NOT NULL,
  gpus TEXT NOT NULL,
  usd_per_hour TEXT,
  phase TEXT NOT NULL,
  said TEXT,
  started_at REAL NOT NULL, ready_at REAL, ended_at REAL
) STRICT""",
    """CREATE TABLE moment (
  run_id INTEGER PRIMARY KEY REFERENCES run,
  said TEXT NOT NULL
) STRICT""",
    "ALTER TABLE failure RENAME TO failure_1",
    """CREATE TABLE failure (
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL,
  n INTEGER NOT NULL,
  run_id INTEGER REFERENCES run,
  error TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (model_id, problem_id, sample_index)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO failure SELECT * FROM failure_1",
    "DROP TABLE failure_1",
    """CREATE TABLE verdict_set (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  options TEXT NOT NULL,
  current INTEGER NOT NULL DEFAULT 0 CHECK (current IN (0, 1)),
  made_at REAL NOT NULL
) STRICT""",
    "CREATE UNIQUE INDEX verdict_set_current ON verdict_set (current) WHERE current = 1",
    """CREATE TABLE set_verdict (
  set_id INTEGER NOT NULL REFERENCES verdict_set,
  sample_id INTEGER NOT NULL REFERENCES sample,
  passed INTEGER CHECK (passed IN (0, 1)), score REAL, answer TEXT,
  verifier TEXT NOT NULL,
  PRIMARY KEY (set_id, sample_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE steering (
  model_id INTEGER NOT NULL REFERENCES model,
  set_id INTEGER NOT NULL REFERENCES verdict_set,
  PRIMARY KEY (model_id, set_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE agent_attempt (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'lost')),
  token_sha TEXT NOT NULL,
  cap_pico INTEGER,
  held_pico INTEGER NOT NULL DEFAULT 0,
  settled_pico INTEGER NOT NULL DEFAULT 0,
  presumed_pico INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0,
  replayed INTEGER NOT NULL DEFAULT 0,
  diverged_at INTEGER,
  exit_status INTEGER, ended_by TEXT, folder TEXT,
  worked_s REAL NOT NULL DEFAULT 0,
  started_at REAL NOT NULL, ended_at REAL
) STRICT""",
    "CREATE UNIQUE INDEX agent_attempt_open ON agent_attempt (model_id, problem_id, sample_index) WHERE state = 'open'",
    "ALTER TABLE request ADD COLUMN agent_attempt_id INTEGER REFERENCES agent_attempt",
    "ALTER TABLE request ADD COLUMN call INTEGER",
    "CREATE INDEX request_of_attempt ON request (agent_attempt_id) WHERE agent_attempt_id IS NOT NULL",
    """CREATE TABLE exchange (
  request_id INTEGER PRIMARY KEY REFERENCES request,
  wire TEXT NOT NULL CHECK (wire IN ('chat', 'responses', 'messages')),
  asked TEXT NOT NULL,
  body_sha BLOB NOT NULL,
  prefix_of INTEGER REFERENCES request,
  prefix_bytes INTEGER NOT NULL DEFAULT 0,
  rest BLOB NOT NULL,
  stated_max_tokens INTEGER,
  stated_params TEXT,
  status INTEGER, content_type TEXT,
  reply BLOB,
  delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered IN (0, 1))
) STRICT""",
    "ALTER TABLE sample ADD COLUMN agent_attempt_id INTEGER REFERENCES agent_attempt",
    """CREATE TABLE merged_attempt (
  ref TEXT PRIMARY KEY,
  merged_id INTEGER NOT NULL REFERENCES merged,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER,
  state TEXT NOT NULL CHECK (state IN ('done', 'lost')),
  cap_pico INTEGER, settled_pico INTEGER NOT NULL, presumed_pico INTEGER NOT NULL,
  calls INTEGER NOT NULL, replayed INTEGER NOT NULL, diverged_at INTEGER,
  exit_status INTEGER, ended_by TEXT, worked_s REAL NOT NULL,
  started_at REAL NOT NULL, ended_at REAL
) STRICT""",
    "ALTER TABLE merged_request ADD COLUMN agent_attempt_ref TEXT REFERENCES merged_attempt",
    "ALTER TABLE merged_request ADD COLUMN call INTEGER",
    "CREATE INDEX merged_request_of_attempt ON merged_request (agent_attempt_ref) WHERE agent_attempt_ref IS NOT NULL",
    """CREATE TABLE merged_exchange (
  ref TEXT PRIMARY KEY REFERENCES merged_request,
  wire TEXT NOT NULL, asked TEXT NOT NULL, body_sha BLOB NOT NULL,
  prefix_of TEXT REFERENCES merged_request, prefix_bytes INTEGER NOT NULL, rest BLOB NOT NULL,
  stated_max_tokens INTEGER, stated_params TEXT,
  status INTEGER, content_type TEXT, reply BLOB,
  delivered INTEGER NOT NULL CHECK (delivered IN (0, 1))
) STRICT""",
    *KEPT_ONCE,
    """CREATE VIEW agent_calls AS
SELECT
  sweep.name AS sweep, model.alias AS model, problem.key AS problem, a.sample_index, a.id AS attempt, r.call, e.asked,
  r.prompt_tokens, r.cached_tokens, r.cache_write_tokens, r.cache_write_1h_tokens, r.completion_tokens,
  r.reasoning_tokens, r.settled_pico + r.presumed_pico AS cost_pico, r.state, e.delivered, r.latency_s
FROM request AS r
JOIN agent_attempt AS a ON a.id = r.agent_attempt_id
LEFT JOIN exchange AS e ON e.request_id = r.id
JOIN model ON model.id = a.model_id
JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = a.problem_id
UNION ALL
SELECT
  sweep.name, model.alias, problem.key, a.sample_index, a.ref, r.call, e.asked,
  r.prompt_tokens, r.cached_tokens, r.cache_write_tokens, r.cache_write_1h_tokens, r.completion_tokens,
  r.reasoning_tokens, r.settled_pico + r.presumed_pico, r.state, e.delivered, r.latency_s
FROM merged_request AS r
JOIN merged_attempt AS a ON a.ref = r.agent_attempt_ref
LEFT JOIN merged_exchange AS e ON e.ref = r.ref
JOIN model ON model.id = a.model_id
JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = a.problem_id""",
)
"""New columns go to the end of their table, here as in schema.sql; a view that changed is dropped and made anew."""

FOUND_SET = """
SELECT kind AS name, kind, version,
  coalesce((SELECT json_extract(verifier, '$.options') FROM sweep WHERE
    iif(json_valid(verifier), json_extract(verifier, '$.kind'), NULL) = kind ORDER BY id LIMIT 1), '{}') AS options
FROM (SELECT iif(instr(verifier, '/'), substr(verifier, 1, instr(verifier, '/') - 1), verifier) AS kind,
    iif(instr(verifier, '/'), substr(verifier, instr(verifier, '/') + 1), '') AS version
  FROM sample WHERE verifier IS NOT NULL GROUP BY verifier ORDER BY count(*) DESC, max(id) DESC LIMIT 1)"""
"""The one set that the verdicts of a ledger of schema 1 are; no row where it has none."""
FIRST_SET = f"""
INSERT INTO verdict_set (name, kind, version, options, current, made_at)
SELECT name, kind, version, options, 1, :now FROM ({FOUND_SET})"""
"""Makes it."""
_STEERED = """
INSERT INTO steering (model_id, set_id)
SELECT model.id, verdict_set.id FROM model JOIN verdict_set WHERE samples AND (
  iif(json_valid(definition), json_extract(definition, '$.mode'), NULL) = 'until_solved'
  OR EXISTS (SELECT 1 FROM sample WHERE model_id = model.id AND stop_rule = 'first_success'))"""

STEPS: Mapping[int, Step] = {1: _from_1}
"""By the version that a step starts from; 1 is the first there was."""
