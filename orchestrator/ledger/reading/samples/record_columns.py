"""The columns of the view sample_records, for queries that need more of a sample than the view has."""

from orchestrator.ledger.file.sample_text import text_sql

COLUMNS = f"""sweep.name AS sweep, model.alias AS model, model.provider AS provider, problem.key AS problem,
  s.sample_index, {text_sql("s")} AS text, s.reasoning, s.finish_reason,
  s.prompt_tokens, s.cached_tokens, s.cache_write_tokens, s.cache_write_1h_tokens,
  s.completion_tokens, s.reasoning_tokens, s.token_basis,
  s.cost_pico / 1e12 AS cost_usd, s.cost_pico, s.cost_basis,
  s.passed, s.score, s.answer, s.server,
  coalesce(s.request_ref, s.request_id, 'agent:' || s.agent_attempt_id) AS request, s.stop_rule,
  s.latency_s, s.created_at"""
JOINED = """sample AS s
JOIN model ON model.id = s.model_id
JOIN sweep ON sweep.id = model.sweep_id
JOIN problem ON problem.id = s.problem_id"""
