"""SWE-bench Lite from a file in its own format."""

import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import ProblemsSpec, PromptStyle

CASES = Path(__file__).parents[3] / "verifiers/swebench/cases.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text().splitlines()]


def write(tmp_path: Path, *rows: dict[str, object]) -> ProblemsSpec:
    path = tmp_path / "lite.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return ProblemsSpec(source="swebench-lite", path=path)


def prompt(spec: ProblemsSpec, template: str | None = None) -> str:
    (problem,) = registry.load(spec)
    return registry.render(spec, PromptStyle(template=template), "chat", problem).parts[-1]


def test_keys_are_instance_ids():
    problems = registry.load(ProblemsSpec(source="swebench-lite", path=CASES))
    assert [problem.key for problem in problems] == [row["instance_id"] for row in ROWS]
    assert registry.default_verifier("swebench-lite") == ("swebench", {})


def test_neither_solution_nor_tests_can_reach_a_prompt(tmp_path):
    (problem, *_) = registry.load(ProblemsSpec(source="swebench-lite", path=CASES))
    assert "return w * h" not in json.dumps(dict(problem.data))
    assert "test_area" not in json.dumps(dict(problem.data))
    with pytest.raises(InputError, match="no field 'patch'"):
        prompt(write(tmp_path, ROWS[0]), "{patch}")


def test_the_default_prompt_holds_the_issue_as_it_is(tmp_path):
    text = prompt(write(tmp_path, ROWS[0]))
    assert ROWS[0]["problem_statement"] in text
    assert f"repository {ROWS[0]['repo']} (commit {ROWS[0]['base_commit']})" in text
    assert ROWS[0]["hints_text"] not in text
    assert "```diff" in text


def test_rows_with_a_text_of_their_own_are_sent_as_they_are(tmp_path):
    text = "Files: {x}\n<code>…</code>\nAnswer with a patch."
    assert prompt(write(tmp_path, ROWS[0] | {"text": text})) == text


def test_a_template_may_name_the_columns(tmp_path):
    template = "{repo}: {problem_statement}\nHint: {hints_text}"
    assert prompt(write(tmp_path, ROWS[0]), template).endswith("Hint: It is in widgets/size.py.")


@pytest.mark.parametrize("missing", ["instance_id", "repo", "base_commit", "problem_statement"])
def test_another_format_is_refused_by_line(tmp_path, missing):
    with pytest.raises(InputError, match=f"no {missing} as text"):
        registry.load(write(tmp_path, {key: value for key, value in ROWS[0].items() if key != missing}))


def test_an_id_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="is taken by"):
        registry.load(write(tmp_path, ROWS[0], ROWS[0]))


def test_an_empty_file_and_an_unknown_split_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no problem"):
        registry.load(write(tmp_path))
    with pytest.raises(InputError, match="no split 'train'"):
        registry.load(ProblemsSpec(source="swebench-lite", split="train"))
