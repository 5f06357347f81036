"""Answers that are the same to the byte if sampling should make them differ: the sign of a cache or a fixed seed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from orchestrator.grammar import part_of
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.writing.run_state import RunState
from orchestrator.sending.warning_lines import Warned
from orchestrator.sweep.types import Sweep

LOOKED_AT = 32
"""Samples of a problem, from index 0."""
FEWEST = 4

MOST_COMMON = f"""
SELECT coalesce(sum(same), 0), coalesce(max(same), 0) FROM (
  SELECT count(*) AS same FROM sample WHERE model_id = ? AND problem_id = ? AND sample_index < ?
  GROUP BY {text_sql("sample")})"""


def identical_answers(path: Path, sweep: Sweep, state: RunState) -> list[str]:
    """One line for each model of which one text is more than half of the answers to a problem, if temperature is
    above 0 or not stated, saying for how many of its problems."""
    lines: list[str] = []
    with closing(open_reader(path)) as connection:
        for alias, model in sweep.models.items():
            temperature = model.params.get("temperature")
            if temperature == 0:
                continue
            looked_at = found = 0
            for problem_id in state.problem_ids:
                values = (state.models[alias].model_id, problem_id, LOOKED_AT)
                samples, same = connection.execute(MOST_COMMON, values).fetchone()
                looked_at += samples >= FEWEST
                found += samples >= FEWEST and 2 * same > samples
            if found:
                at = "no temperature stated" if temperature is None else f"temperature {temperature:g}"
                what = (
                    f"more than half of the answers to {part_of(found, looked_at, 'problem')} are the same to the "
                    f"byte, at {at}: look for a cache, a fixed seed or greedy defaults of the server"
                )
                lines.append(Warned(alias, what))
    return lines
