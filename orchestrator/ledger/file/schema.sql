-- The ledger. Money is whole pico-dollars (1e-12 $). Times are Unix seconds. The views at the end are the stable
-- face; the tables are manyfew's own.

CREATE TABLE sweep (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  budget_pico INTEGER,              -- the last stated; NULL: imported, never run
  verifier TEXT,                    -- JSON: kind and options, as the last run used them
  policy TEXT                       -- what steered the last run: all | cascade | solve | narrow; NULL: all
) STRICT;

CREATE TABLE sweep_file (           -- every sweep file as it was read, once
  id INTEGER PRIMARY KEY,
  sweep_id INTEGER NOT NULL REFERENCES sweep,
  sha256 TEXT NOT NULL,
  text TEXT NOT NULL,
  read_at REAL NOT NULL,
  UNIQUE (sweep_id, sha256)
) STRICT;

CREATE TABLE run (                  -- one call of `manyfew run`
  id INTEGER PRIMARY KEY,
  sweep_file_id INTEGER NOT NULL REFERENCES sweep_file,
  budget_pico INTEGER NOT NULL,
  started_at REAL NOT NULL,
  ended_at REAL,
  status TEXT NOT NULL,             -- running | complete | incomplete | budget | provider | interrupted | killed
  reason TEXT,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  versions TEXT NOT NULL,           -- JSON: manyfew, python, sqlite, SDKs, genai-prices
  rules INTEGER NOT NULL DEFAULT 1  -- by which its requests are booked: 1 manyfew 0.1's, 2 today's
) STRICT;

CREATE TABLE writer (               -- the process that writes this ledger; one that was killed leaves its row
  id INTEGER PRIMARY KEY,
  pid INTEGER NOT NULL, started TEXT,  -- when the system started it, in the system's words: numbers are given anew
  boot TEXT, host TEXT NOT NULL,    -- which start of which machine
  file TEXT NOT NULL,               -- device:inode: a copy of the ledger is another file
  since REAL NOT NULL
) STRICT;

CREATE TABLE model (
  id INTEGER PRIMARY KEY,
  sweep_id INTEGER NOT NULL REFERENCES sweep,
  alias TEXT NOT NULL,
  provider TEXT,
  name TEXT,                        -- the vendor's name of it
  definition TEXT,                  -- JSON of all that defines a sample: wire, model, prompt style, parameters
  price TEXT,                       -- JSON: the price used, with source, version and date
  architecture TEXT,                -- JSON: parameters, layers, width; for FLOPs, where stated
  samples_wanted INTEGER,           -- per problem, as last stated
  samples_by_problem TEXT,          -- JSON: key → samples, of problems that are asked another number of times
  replayed INTEGER NOT NULL DEFAULT 0,   -- 1: its dollars are a tape's and never count against the budget
  -- running totals, kept in the transaction that changes what they sum
  settled_pico INTEGER NOT NULL DEFAULT 0,
  presumed_pico INTEGER NOT NULL DEFAULT 0,
  reserved_pico INTEGER NOT NULL DEFAULT 0,
  unused_pico INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  samples INTEGER NOT NULL DEFAULT 0,
  overhead_tokens INTEGER NOT NULL DEFAULT 0,  -- raised by replies above their bound
  max_n INTEGER,                    -- what the endpoint was seen to take
  -- what was paid in the ledgers that `manyfew merge` made this one of: it counts against no budget here
  merged_settled_pico INTEGER NOT NULL DEFAULT 0,
  merged_presumed_pico INTEGER NOT NULL DEFAULT 0,
  merged_unused_pico INTEGER NOT NULL DEFAULT 0,
  merged_requests INTEGER NOT NULL DEFAULT 0,
  merged_retries INTEGER NOT NULL DEFAULT 0,
  stopped TEXT,                     -- why it could not go on, in its last run
  UNIQUE (sweep_id, alias)
) STRICT;

CREATE TABLE problem (
  id INTEGER PRIMARY KEY,
  sweep_id INTEGER NOT NULL REFERENCES sweep,
  ordinal INTEGER,                  -- position in the current plan; NULL: no longer asked
  key TEXT NOT NULL,                -- the source's own id
  data TEXT NOT NULL,               -- JSON: question, answer, and what a template or verifier names
  UNIQUE (sweep_id, key)
) STRICT;

CREATE TABLE prompt (               -- every prompt as sent, once
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL                -- JSON: {"messages": [[role, content] …]} or {"text": …}
) STRICT;

CREATE TABLE batch_job (            -- one batch at a vendor: many requests sent as one, for less
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  model_id INTEGER NOT NULL REFERENCES model,
  marker TEXT NOT NULL UNIQUE,      -- begins the custom_id of each of its requests: no other batch has it
  state TEXT NOT NULL CHECK (state IN ('preparing', 'submitting', 'submitted', 'ended')),
                                    -- preparing: nothing can be billed; submitting: the vendor may have it
  vendor_batch TEXT,                -- the vendor's id of it, once told
  requests INTEGER NOT NULL,
  price TEXT NOT NULL,              -- JSON: the price that its replies are booked at
  prepared_at REAL NOT NULL, submitting_at REAL, submitted_at REAL, ended_at REAL,
  outcome TEXT                      -- how it ended, in a few words
) STRICT;
CREATE INDEX batch_job_open ON batch_job (model_id) WHERE ended_at IS NULL;

CREATE TABLE agent_attempt (        -- one attempt of an agent's program at a problem; its calls are requests
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,   -- that began it
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'lost')),   -- open: interrupted, or at work
  token_sha TEXT NOT NULL,          -- SHA-256 of the key that its calls carry
  cap_pico INTEGER,                 -- attempt_usd; NULL: only its server's time bounds it
  held_pico INTEGER NOT NULL DEFAULT 0,     -- of the cap, what no call has used or reserved; 0 unless a run works on it
  settled_pico INTEGER NOT NULL DEFAULT 0,
  presumed_pico INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0,
  replayed INTEGER NOT NULL DEFAULT 0,      -- calls that the ledger answered, after an interruption
  diverged_at INTEGER,              -- the call at which it asked something else than before
  exit_status INTEGER, ended_by TEXT, folder TEXT,
  worked_s REAL NOT NULL DEFAULT 0, -- its own time and its vendor's, over all runs
  started_at REAL NOT NULL, ended_at REAL
) STRICT;
CREATE UNIQUE INDEX agent_attempt_open ON agent_attempt (model_id, problem_id, sample_index) WHERE state = 'open';

CREATE TABLE request (              -- one HTTP attempt, or one request of a batch
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  prompt_id INTEGER NOT NULL REFERENCES prompt,
  attempt INTEGER NOT NULL,         -- 1, or more for a retry
  n INTEGER NOT NULL,
  indices TEXT NOT NULL,            -- JSON array of the sample indices asked for
  max_tokens INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'presumed', 'free')),
  reserved_pico INTEGER NOT NULL,   -- the worst case, as reserved before sending
  settled_pico INTEGER NOT NULL DEFAULT 0,
  presumed_pico INTEGER NOT NULL DEFAULT 0,
  unused_pico INTEGER NOT NULL DEFAULT 0,  -- part of settled that brought no sample
  cost_basis TEXT,                  -- usage | gpu_time | batch | replayed | reconciled | none
  prompt_tokens INTEGER, cached_tokens INTEGER, cache_write_tokens INTEGER, cache_write_1h_tokens INTEGER,
  completion_tokens INTEGER, reasoning_tokens INTEGER,
  batch_job_id INTEGER REFERENCES batch_job,   -- NULL: sent by itself
  server TEXT, vendor_model TEXT, vendor_request TEXT, service_tier TEXT, inference_geo TEXT, server_version TEXT,
  http_status INTEGER, error TEXT, error_message TEXT,
  reserved_at REAL NOT NULL, ended_at REAL, latency_s REAL,
  raised_from_pico INTEGER,         -- what it was settled at by an earlier version's rules; NULL: never raised
  agent_attempt_id INTEGER REFERENCES agent_attempt,   -- NULL: no agent's call
  call INTEGER                      -- its number among the attempt's calls, from 1
) STRICT;
CREATE INDEX request_open ON request (model_id) WHERE state = 'reserved';
CREATE INDEX request_failed ON request (model_id, error) WHERE error IS NOT NULL;
CREATE INDEX request_of_attempt ON request (agent_attempt_id) WHERE agent_attempt_id IS NOT NULL;

CREATE TABLE exchange (             -- what an agent's call said and what was answered
  request_id INTEGER PRIMARY KEY REFERENCES request,
  wire TEXT NOT NULL CHECK (wire IN ('chat', 'responses', 'messages')),
  asked TEXT NOT NULL,              -- the model's name in the call
  body_sha BLOB NOT NULL,           -- SHA-256 of the body as the agent sent it
  prefix_of INTEGER REFERENCES request,     -- the body begins with as many bytes of that call's body …
  prefix_bytes INTEGER NOT NULL DEFAULT 0,  -- … as this
  rest BLOB NOT NULL,               -- what follows, zlib
  stated_max_tokens INTEGER,        -- by the agent; request.max_tokens is what was sent
  stated_params TEXT,               -- JSON: what of the agent's sampling parameters the sweep file replaced
  status INTEGER, content_type TEXT,
  reply BLOB,                       -- as the agent got it, zlib; NULL: none came
  delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered IN (0, 1))   -- 1: it reached the agent, whose sample bears its cost
) STRICT;

CREATE TABLE lease (                -- a server's time, reserved ahead: what runs there settles out of it
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  model_id INTEGER NOT NULL REFERENCES model,
  server TEXT NOT NULL,
  reserved_pico INTEGER NOT NULL,   -- held now; 0 once released
  settled_pico INTEGER NOT NULL DEFAULT 0,   -- of its requests, which have it too
  presumed_pico INTEGER NOT NULL DEFAULT 0,
  reconciled_pico INTEGER NOT NULL DEFAULT 0,  -- what was billed of it once presumed: settled, and it brought no sample
  busy_s REAL NOT NULL DEFAULT 0,
  usd_per_hour TEXT NOT NULL,       -- of the whole server
  opened_at REAL NOT NULL, ended_at REAL,
  -- of a server that the run itself starts: settled and unused, while it loaded its model and while it had no request
  loading_pico INTEGER NOT NULL DEFAULT 0,
  idle_pico INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE server (               -- a process of a server that a run starts, uses and stops
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run,
  aliases TEXT NOT NULL,            -- JSON array of the models that ask it
  url TEXT NOT NULL,
  gpus TEXT NOT NULL,               -- JSON array of the names of those it holds
  usd_per_hour TEXT,                -- of the whole server; NULL: not paid by time
  phase TEXT NOT NULL,              -- loading | ready | stopping | ended | died
  said TEXT,                        -- the last words of its log, or why it died
  started_at REAL NOT NULL, ready_at REAL, ended_at REAL
) STRICT;

CREATE TABLE moment (               -- how a run stood a moment ago, as far as only it knows, for those who watch it
  run_id INTEGER PRIMARY KEY REFERENCES run,
  said TEXT NOT NULL                -- JSON: phase, note, pace, what models wait for, attempts at work
) STRICT;

CREATE TABLE sample (
  id INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL CHECK (sample_index >= 0),
  request_id INTEGER REFERENCES request,        -- NULL: imported, or an agent's
  request_ref ANY,                              -- an imported sample's own word for its request, number or text;
                                                -- a merged one's merged_request.ref
  text TEXT NOT NULL,
  reasoning TEXT,
  finish_reason TEXT,
  prompt_tokens INTEGER, cached_tokens INTEGER, cache_write_tokens INTEGER, cache_write_1h_tokens INTEGER,
  completion_tokens INTEGER, reasoning_tokens INTEGER,
  token_basis TEXT,                 -- reported | split
  cost_pico INTEGER DEFAULT 0 CHECK (cost_pico >= 0),   -- NULL: not known, with cost_basis none
  cost_basis TEXT NOT NULL,
  server TEXT,
  stop_rule TEXT NOT NULL DEFAULT 'none',
  latency_s REAL,
  created_at REAL NOT NULL,
  -- the verdict of the current set; NULL: the verifier did not run or broke
  passed INTEGER CHECK (passed IN (0, 1)),
  score REAL,
  answer TEXT,
  verifier TEXT,                    -- kind/version of that verdict
  agent_attempt_id INTEGER REFERENCES agent_attempt,   -- whose calls brought it
  text_of INTEGER REFERENCES sample DEFERRABLE INITIALLY DEFERRED,  -- the sample of this problem that has the same
                                                -- text; `text` is then empty here. NULL: `text` is the text
  UNIQUE (model_id, problem_id, sample_index)
) STRICT;
CREATE INDEX sample_unverified ON sample (model_id, problem_id) WHERE verifier IS NULL;
-- covers the statistics, and what lacks a verdict: counts and dollars a problem without touching the texts; whether a
-- problem is solved is one seek
CREATE INDEX sample_outcome ON sample (model_id, problem_id, passed, sample_index, cost_pico, completion_tokens, prompt_tokens, latency_s, verifier);

CREATE TABLE verdict (              -- each distinct text is verified once. A quick verifier's verdict
                                    -- is here only where it says more than its samples' rows
  verifier TEXT NOT NULL,
  problem_id INTEGER NOT NULL REFERENCES problem,
  text_sha BLOB NOT NULL,           -- first 16 bytes of SHA-256 of the text
  passed INTEGER, score REAL, answer TEXT, reason TEXT,
  evidence TEXT,                    -- what a person would look at: the test that failed, the prover's message
  PRIMARY KEY (verifier, problem_id, text_sha)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdict_set (          -- one verifier's verdicts on this ledger's samples
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  options TEXT NOT NULL,            -- JSON
  current INTEGER NOT NULL DEFAULT 0 CHECK (current IN (0, 1)),   -- 1: its verdicts are in the samples' own rows
  made_at REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX verdict_set_current ON verdict_set (current) WHERE current = 1;

CREATE TABLE set_verdict (          -- the verdicts of the sets that aren't current
  set_id INTEGER NOT NULL REFERENCES verdict_set,
  sample_id INTEGER NOT NULL REFERENCES sample,
  passed INTEGER CHECK (passed IN (0, 1)), score REAL, answer TEXT,
  verifier TEXT NOT NULL,           -- kind/version
  PRIMARY KEY (set_id, sample_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE steering (             -- whose verdicts stopped a model's draws, or chose them
  model_id INTEGER NOT NULL REFERENCES model,
  set_id INTEGER NOT NULL REFERENCES verdict_set,
  PRIMARY KEY (model_id, set_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure (              -- samples the last run gave up on: n from sample_index on; they have no row
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL,
  n INTEGER NOT NULL,
  run_id INTEGER REFERENCES run,    -- NULL: an imported log says so
  error TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (model_id, problem_id, sample_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE reconciliation (       -- one call of `manyfew reconcile`: presumed became settled
  id INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('billed', 'free', 'usage')),  -- a typed bill | none billed | an export
  billed_pico INTEGER,              -- the bill as typed, or what the export says for these requests and those settled
  file TEXT, file_sha256 TEXT,      -- the export's name and digest
  since REAL, until REAL,           -- the period, where one was stated
  above_bound INTEGER NOT NULL DEFAULT 0,  -- 1: more than was reserved was allowed in so many words
  manyfew TEXT NOT NULL             -- the version that did it
) STRICT;

CREATE TABLE reconciled (           -- what it was and what it became: one presumed request, or a server's presumed time
  id INTEGER PRIMARY KEY,
  reconciliation_id INTEGER NOT NULL REFERENCES reconciliation,
  model_id INTEGER NOT NULL REFERENCES model,
  request_id INTEGER UNIQUE REFERENCES request,
  lease_id INTEGER UNIQUE REFERENCES lease,
  matched TEXT NOT NULL CHECK (matched IN ('request', 'total')),  -- by its own id, or as a share of a total by its bound
  presumed_pico INTEGER NOT NULL,   -- before
  settled_pico INTEGER NOT NULL,    -- after
  unused_pico INTEGER NOT NULL,     -- of it, what no sample bears
  CHECK ((request_id IS NULL) != (lease_id IS NULL))
) STRICT;

CREATE TABLE aggregate (            -- what somebody printed of a model, without its samples: `import --aggregate`
  id INTEGER PRIMARY KEY,
  sweep TEXT NOT NULL,              -- a name of its own: no sweep made it
  model TEXT NOT NULL,
  k INTEGER NOT NULL CHECK (k > 0),
  coverage REAL NOT NULL CHECK (coverage BETWEEN 0 AND 1),
  attempt_pico INTEGER NOT NULL CHECK (attempt_pico >= 0),   -- dollars of one attempt at one problem
  problems INTEGER CHECK (problems > 0),                     -- NULL: not said
  file TEXT NOT NULL,
  imported_at REAL NOT NULL,
  UNIQUE (sweep, model, k)
) STRICT;

CREATE TABLE merged (               -- a ledger that `manyfew merge` read
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,               -- its file's name; a digest of its samples, as `frontier` cites it
  digest TEXT NOT NULL,
  samples INTEGER NOT NULL,
  runs TEXT NOT NULL,               -- JSON: its runs, with their versions and hosts
  merged_at REAL NOT NULL,
  manyfew TEXT NOT NULL             -- the version that did it
) STRICT;

CREATE TABLE merged_attempt (       -- an agent's attempt of a merged ledger; what was open there is lost here
  ref TEXT PRIMARY KEY,                    -- LEDGER#agent:ID
  merged_id INTEGER NOT NULL REFERENCES merged,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER,             -- of its sample, here; NULL: it brought none
  state TEXT NOT NULL CHECK (state IN ('done', 'lost')),
  cap_pico INTEGER, settled_pico INTEGER NOT NULL, presumed_pico INTEGER NOT NULL,
  calls INTEGER NOT NULL, replayed INTEGER NOT NULL, diverged_at INTEGER,
  exit_status INTEGER, ended_by TEXT, worked_s REAL NOT NULL,
  started_at REAL NOT NULL, ended_at REAL
) STRICT;

CREATE TABLE merged_request (       -- a request of a merged ledger, as it ended there; `indices` are those there
  ref TEXT PRIMARY KEY,             -- LEDGER#ID
  merged_id INTEGER NOT NULL REFERENCES merged,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  prompt_id INTEGER NOT NULL REFERENCES prompt,
  attempt INTEGER NOT NULL, n INTEGER NOT NULL, indices TEXT NOT NULL, max_tokens INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('settled', 'presumed', 'free')),
  reserved_pico INTEGER NOT NULL, settled_pico INTEGER NOT NULL, presumed_pico INTEGER NOT NULL,
  unused_pico INTEGER NOT NULL, cost_basis TEXT,
  prompt_tokens INTEGER, cached_tokens INTEGER, cache_write_tokens INTEGER, cache_write_1h_tokens INTEGER,
  completion_tokens INTEGER, reasoning_tokens INTEGER,
  server TEXT, vendor_model TEXT, vendor_request TEXT, service_tier TEXT, inference_geo TEXT, server_version TEXT,
  http_status INTEGER, error TEXT, error_message TEXT,
  reserved_at REAL NOT NULL, ended_at REAL, latency_s REAL,
  agent_attempt_ref TEXT REFERENCES merged_attempt,    -- NULL: no agent's call
  call INTEGER
) STRICT;
CREATE INDEX merged_request_prompt ON merged_request (model_id, problem_id, prompt_id);
CREATE INDEX merged_request_of_attempt ON merged_request (agent_attempt_ref) WHERE agent_attempt_ref IS NOT NULL;

CREATE TABLE merged_exchange (      -- `exchange` of its call
  ref TEXT PRIMARY KEY REFERENCES merged_request,
  wire TEXT NOT NULL, asked TEXT NOT NULL, body_sha BLOB NOT NULL,
  prefix_of TEXT REFERENCES merged_request, prefix_bytes INTEGER NOT NULL, rest BLOB NOT NULL,
  stated_max_tokens INTEGER, stated_params TEXT,
  status INTEGER, content_type TEXT, reply BLOB,
  delivered INTEGER NOT NULL CHECK (delivered IN (0, 1))
) STRICT;

CREATE VIEW any_request AS          -- those made here, and those of merged ledgers
SELECT model_id, state, cost_basis, prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens,
  completion_tokens, reasoning_tokens, server, error, latency_s FROM request
UNION ALL
SELECT model_id, state, cost_basis, prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens,
  completion_tokens, reasoning_tokens, server, error, latency_s FROM merged_request;

CREATE VIEW sample_records AS
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
JOIN problem ON problem.id = s.problem_id;

CREATE VIEW spend AS
SELECT
  sweep.name AS sweep, model.alias AS model,
  settled_pico / 1e12 AS settled_usd, presumed_pico / 1e12 AS presumed_usd,
  reserved_pico / 1e12 AS reserved_usd, unused_pico / 1e12 AS unused_usd,
  settled_pico, presumed_pico, reserved_pico, unused_pico, requests, retries, samples
FROM model JOIN sweep ON sweep.id = model.sweep_id;

CREATE VIEW agent_calls AS          -- the calls of agents' attempts
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
JOIN problem ON problem.id = a.problem_id;
