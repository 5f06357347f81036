PRAGMA application_id = 1835427191;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
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
CREATE TABLE failure (              -- samples the last run gave up on: n from sample_index on; they have no row
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL,
  n INTEGER NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run,
  error TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (model_id, problem_id, sample_index)
) STRICT, WITHOUT ROWID;
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
  opened_at REAL NOT NULL, ended_at REAL
) STRICT;
INSERT INTO "lease" VALUES(1,1,1,'http://127.0.0.1/v1',29930726588,69273412,0,0,0.0,'3.6',1.79597654754241657258e+09,NULL);
CREATE TABLE merged (               -- a ledger that `manyfew merge` read
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,               -- its file's name; a digest of its samples, as `frontier` cites it
  digest TEXT NOT NULL,
  samples INTEGER NOT NULL,
  runs TEXT NOT NULL,               -- JSON: its runs, with their versions and hosts
  merged_at REAL NOT NULL,
  manyfew TEXT NOT NULL             -- the version that did it
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
  reserved_at REAL NOT NULL, ended_at REAL, latency_s REAL
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
INSERT INTO "model" VALUES(1,1,'m','vllm','m','{"api": "chat", "extra": {}, "max_tokens": 64, "mode": "uniform", "model": "m", "params": {}, "provider": "vllm", "server_defaults": false, "system": null, "template": "{question}"}','{"source": "gpu time", "name": "3.6 $/h x 1", "version": "", "date": "", "service_tier": "", "inference_geo": "", "batch": false, "per_request_pico": 0, "bands": [{"from_input_tokens": 0, "input": "0", "output": "0", "cached_input": "0", "cache_write": "0", "cache_write_1h": "0"}], "worst_bands": []}',NULL,4,NULL,0,69273412,0,29930726588,0,6,0,4,512,NULL,0,0,0,0,0,NULL);
CREATE TABLE problem (
  id INTEGER PRIMARY KEY,
  sweep_id INTEGER NOT NULL REFERENCES sweep,
  ordinal INTEGER,                  -- position in the current plan; NULL: no longer asked
  key TEXT NOT NULL,                -- the source's own id
  data TEXT NOT NULL,               -- JSON: question, answer, and what a template or verifier names
  UNIQUE (sweep_id, key)
) STRICT;
INSERT INTO "problem" VALUES(1,1,0,'p0','{"id": "p0", "question": "What is 0 + 0?", "answer": "0"}');
INSERT INTO "problem" VALUES(2,1,1,'p1','{"id": "p1", "question": "What is 1 + 1?", "answer": "2"}');
INSERT INTO "problem" VALUES(3,1,2,'p2','{"id": "p2", "question": "What is 2 + 2?", "answer": "4"}');
CREATE TABLE prompt (               -- every prompt as sent, once
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL                -- JSON: {"messages": [[role, content] …]} or {"text": …}
) STRICT;
INSERT INTO "prompt" VALUES(1,'385c3b4848e619fe91cfd396290fb421c56dd590378a6d9f6a174c0953fdee73','{"messages": [["user", "What is 0 + 0?"]]}');
INSERT INTO "prompt" VALUES(2,'00f2e646a16b8b4b3cfc7baefd7f525db128023a5a3823913bd0451c62bd9902','{"messages": [["user", "What is 1 + 1?"]]}');
INSERT INTO "prompt" VALUES(3,'63f04e4b121207dbf8ece3154492d1170e95a5eeb1e552e9f6ba128d85babf95','{"messages": [["user", "What is 2 + 2?"]]}');
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
  reserved_at REAL NOT NULL, ended_at REAL, latency_s REAL
) STRICT;
INSERT INTO "request" VALUES(1,1,1,1,1,1,2,'[0, 1]',64,'settled',0,34888946,0,0,'gpu_time',11,0,0,0,17,0,NULL,'http://127.0.0.1/v1','m','chatcmpl-req_00000001',NULL,NULL,'vllm 0.32.0',200,NULL,NULL,1.79597654754279518127e+09,1.79597654775281143188e+09,2.04999999999927240423e-01);
INSERT INTO "request" VALUES(2,1,1,2,2,1,2,'[0, 1]',64,'reserved',0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'http://127.0.0.1/v1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.79597654754284214969e+09,NULL,NULL);
INSERT INTO "request" VALUES(3,1,1,3,3,1,2,'[0, 1]',64,'reserved',0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'http://127.0.0.1/v1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.79597654754286336891e+09,NULL,NULL);
INSERT INTO "request" VALUES(4,1,1,1,1,1,2,'[2, 3]',64,'settled',0,34384466,0,0,'gpu_time',11,0,0,0,7,0,NULL,'http://127.0.0.1/v1','m','chatcmpl-req_00000004',NULL,NULL,'vllm 0.32.0',200,NULL,NULL,1.79597654754287934303e+09,1.79597654775358247757e+09,2.04000000001542503014e-01);
INSERT INTO "request" VALUES(5,1,1,2,2,1,2,'[2, 3]',64,'reserved',0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'http://127.0.0.1/v1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.79597654754289126396e+09,NULL,NULL);
INSERT INTO "request" VALUES(6,1,1,3,3,1,2,'[2, 3]',64,'reserved',0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'http://127.0.0.1/v1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.79597654754290080069e+09,NULL,NULL);
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
  versions TEXT NOT NULL            -- JSON: manyfew, python, sqlite, SDKs, genai-prices
) STRICT;
INSERT INTO "run" VALUES(1,1,10000000000000,1.7959765474004795551e+09,NULL,'running',NULL,1,'host','{"python": "3.11.7", "sqlite": "3.40.1", "platform": "Linux-6.18.44-fc-v657-x86_64-with-glibc2.36", "manyfew": "0.1.0", "openai": "3.57.0", "anthropic": "2.14.0", "aiohttp": "3.14.5", "httpx2": "2.16.2", "genai-prices": "0.2.3", "aiosqlite": "0.22.1", "numpy": "2.4.6", "scipy": "1.17.1", "verifier": "numeric/1"}');
CREATE TABLE sample (
  id INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL CHECK (sample_index >= 0),
  request_id INTEGER REFERENCES request,        -- NULL: imported
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
  -- the current verdict; NULL: the verifier did not run or broke. `verdict` keeps what was said before
  passed INTEGER CHECK (passed IN (0, 1)),
  score REAL,
  answer TEXT,
  verifier TEXT,                    -- kind/version of the current verdict
  UNIQUE (model_id, problem_id, sample_index)
) STRICT;
INSERT INTO "sample" VALUES(1,1,1,0,1,NULL,'Let me think. #### 9',NULL,'stop',6,0,0,0,5,0,'reported',10261455,'gpu_time','http://127.0.0.1/v1','none',2.04999999999927240423e-01,1.79597654775281143188e+09,0,NULL,'9','numeric/1');
INSERT INTO "sample" VALUES(2,1,1,1,1,NULL,'Let me think. Let me think. Let me think. #### 4',NULL,'stop',5,0,0,0,12,0,'reported',24627491,'gpu_time','http://127.0.0.1/v1','none',2.04999999999927240423e-01,1.79597654775281143188e+09,0,NULL,'4','numeric/1');
INSERT INTO "sample" VALUES(3,1,1,2,4,NULL,'Let me think. #### 4',NULL,'stop',6,0,0,0,5,0,'reported',24560333,'gpu_time','http://127.0.0.1/v1','none',2.04000000001542503014e-01,1.79597654775358247757e+09,0,NULL,'4','numeric/1');
INSERT INTO "sample" VALUES(4,1,1,3,4,NULL,'#### 9',NULL,'stop',5,0,0,0,2,0,'reported',9824133,'gpu_time','http://127.0.0.1/v1','none',2.04000000001542503014e-01,1.79597654775358247757e+09,0,NULL,'9','numeric/1');
CREATE TABLE sweep (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  budget_pico INTEGER,              -- the last stated; NULL: imported, never run
  verifier TEXT                     -- JSON: kind and options, as the last run used them
) STRICT;
INSERT INTO "sweep" VALUES(1,'test',10000000000000,'{"kind": "numeric", "options": {}}');
CREATE TABLE sweep_file (           -- every sweep file as it was read, once
  id INTEGER PRIMARY KEY,
  sweep_id INTEGER NOT NULL REFERENCES sweep,
  sha256 TEXT NOT NULL,
  text TEXT NOT NULL,
  read_at REAL NOT NULL,
  UNIQUE (sweep_id, sha256)
) STRICT;
INSERT INTO "sweep_file" VALUES(1,1,'1fc9a6f7771e067b7dbc6b534bd3ab07cade80ad8984115d08af77cce5c4359b','"name" = "test"
"budget_usd" = 10

["problems"]
"source" = "jsonl"
"path" = "problems.jsonl"

["sampling"]
"samples" = 4
"max_tokens" = 64

["verifier"]


["models"]

["models"."m"]
"provider" = "vllm"
"model" = "m"
"servers" = ["http://127.0.0.1/v1"]
"gpu_usd_per_hour" = 3.6
"max_n" = 2',1.7959765474004795551e+09);
CREATE TABLE verdict (              -- each distinct text is verified once. A quick verifier's verdict
                                    -- is here only where it says more than its samples' rows
  verifier TEXT NOT NULL,
  problem_id INTEGER NOT NULL REFERENCES problem,
  text_sha BLOB NOT NULL,           -- first 16 bytes of SHA-256 of the text
  passed INTEGER, score REAL, answer TEXT, reason TEXT,
  evidence TEXT,                    -- what a person would look at: the test that failed, the prover's message
  PRIMARY KEY (verifier, problem_id, text_sha)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_job_open ON batch_job (model_id) WHERE ended_at IS NULL;
CREATE INDEX request_open ON request (model_id) WHERE state = 'reserved';
CREATE INDEX sample_unverified ON sample (model_id, problem_id) WHERE verifier IS NULL;
CREATE INDEX sample_outcome ON sample (model_id, problem_id, sample_index, passed, cost_pico, completion_tokens, prompt_tokens, latency_s, verifier);
CREATE INDEX merged_request_prompt ON merged_request (model_id, problem_id, prompt_id);
CREATE VIEW any_request AS          -- those made here, and those of merged ledgers
SELECT model_id, state, cost_basis, prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens,
  completion_tokens, reasoning_tokens, server, error, latency_s FROM request
UNION ALL
SELECT model_id, state, cost_basis, prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens,
  completion_tokens, reasoning_tokens, server, error, latency_s FROM merged_request;
CREATE VIEW sample_records AS
SELECT
  sweep.name AS sweep, model.alias AS model, model.provider AS provider, problem.key AS problem,
  s.sample_index, s.text, s.reasoning, s.finish_reason,
  s.prompt_tokens, s.cached_tokens, s.cache_write_tokens, s.cache_write_1h_tokens,
  s.completion_tokens, s.reasoning_tokens, s.token_basis,
  s.cost_pico / 1e12 AS cost_usd, s.cost_pico, s.cost_basis,
  s.passed, s.score, s.answer, s.server, coalesce(s.request_ref, s.request_id) AS request, s.stop_rule,
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
COMMIT;
