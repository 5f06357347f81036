"""Sources humaneval and codecontests: their formats, keys, prompts and examples, and what is wrong with a file."""

import gzip
import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import ProblemsSpec, PromptStyle

FUNCTIONS = Path(__file__).parents[3] / "verifiers/code/code_fixture/functions.jsonl"
CONTEST = Path(__file__).parent / "codecontests_fixture"


def prompt_of(spec: ProblemsSpec, api, index: int = 0) -> str:
    problem = registry.load(spec)[index]
    return registry.render(spec, PromptStyle(), api, problem).parts[-1]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_humaneval_from_its_own_format(tmp_path):
    packed = tmp_path / "HumanEval.jsonl.gz"
    packed.write_bytes(gzip.compress(FUNCTIONS.read_bytes()))
    for path in (FUNCTIONS, packed):
        problems = registry.load(ProblemsSpec(source="humaneval", path=path))
        assert [p.key for p in problems] == [f"Own/{n}" for n in range(6)]
        assert set(problems[0].data) == {"task_id", "prompt", "test", "entry_point"}
    assert registry.default_verifier("humaneval") == ("code", {})


def test_humaneval_prompts():
    spec = ProblemsSpec(source="humaneval", path=FUNCTIONS, limit=1)
    prompt = registry.load(spec)[0].data["prompt"]
    assert prompt_of(spec, "completions") == prompt
    chat = prompt_of(spec, "chat")
    assert f"```python\n{prompt}```" in chat


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"task_id": "a"}], r"functions\.jsonl:1: no prompt as text"),
        (
            [json.loads(FUNCTIONS.read_text("utf-8").splitlines()[0])] * 2,
            r":2: task_id 'Own/0' appears twice",
        ),
        ([], "holds no problem"),
    ],
)
def test_a_wrong_humaneval_file(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        registry.load(ProblemsSpec(source="humaneval", path=write(tmp_path / "functions.jsonl", *rows)))


def test_codecontests_from_its_own_columns():
    problems = registry.load(ProblemsSpec(source="codecontests", path=CONTEST / "test.jsonl"))
    assert [p.key for p in problems] == [
        "1_A. Sum",
        "1_B. Mean",
        "1_C. Shout",
    ]  # one with a picture is left out
    first = problems[0].data
    assert first["public_tests"] == {"input": ["1 2\n"], "output": ["3\n"]}
    assert len(first["private_tests"]["input"]) == 2
    assert first["time_limit"] == {"seconds": 1, "nanos": 500000000}
    assert "solutions" not in first
    assert registry.default_verifier("codecontests") == ("code", {})


def test_codecontests_from_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs the extra hub")
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = (CONTEST / "test.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "test.parquet")
    read = registry.load(ProblemsSpec(source="codecontests", path=tmp_path / "test.parquet"))
    assert read == registry.load(ProblemsSpec(source="codecontests", path=CONTEST / "test.jsonl"))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        registry.load(ProblemsSpec(source="codecontests", path=tmp_path / "broken.parquet"))


def spec(**more) -> ProblemsSpec:
    return ProblemsSpec(
        source="codecontests", path=CONTEST / "test.jsonl", few_shot_path=CONTEST / "train.jsonl", **more
    )


def test_codecontests_prompts():
    chat = prompt_of(spec(), "chat")
    assert chat.endswith("Print the sum of two integers.\nInput\n1 2\nOutput\n3")
    assert "```python" in chat
    base = prompt_of(spec(), "completions")
    assert base.startswith("Q: ")
    assert base.endswith("Output\n3\nA:")


def test_codecontests_shows_solved_problems():
    base = prompt_of(spec(few_shot=2), "completions")
    assert base.count("Q: ") == 3
    assert base.count("A: ```\n") == 2
    assert "# not ascii" not in base
    assert "#include" not in base
    assert "<image>" not in base
    assert base.endswith("A:")
    texts = {prompt_of(spec(few_shot=2), "completions", at).partition("Print the sum")[0] for at in range(3)}
    assert len(texts) == 3  # examples of its own for each
    assert prompt_of(spec(few_shot=2), "completions") == base
    assert prompt_of(spec(few_shot=2, few_shot_seed=1), "completions") != base
    with pytest.raises(InputError, match="9 examples requested of 5 problems with a Python 3 solution"):
        registry.load(spec(few_shot=9))


def test_a_problem_is_no_example_of_its_own():
    train = ProblemsSpec(
        source="codecontests", path=CONTEST / "train.jsonl", few_shot_path=CONTEST / "train.jsonl", few_shot=4
    )
    for problem in registry.load(train):
        assert problem.data["question"] not in problem.data["few_shot"]


ROW = {"name": "x", "description": "x", "public_tests": {"input": ["1"], "output": ["1"]}}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "name": ""}, r":1: no name as text"),
        ({**ROW, "description": 1}, r":1: no description as text"),
        ({**ROW, "public_tests": None}, "'x' has no test"),
        ({**ROW, "public_tests": {"input": ["1"], "output": []}}, r"public_tests: not as many texts"),
        ({**ROW, "private_tests": {"input": ["1"]}}, r"private_tests: no tests as CodeContests has them"),
        ({**ROW, "private_tests": [{"input": "1"}]}, r"private_tests: a test without input or output"),
    ],
)
def test_a_wrong_codecontests_file(tmp_path, row, message):
    with pytest.raises(InputError, match=message):
        registry.load(ProblemsSpec(source="codecontests", path=write(tmp_path / "x.jsonl", row)))


def test_names_are_unique_and_splits_known(tmp_path):
    with pytest.raises(InputError, match=r":2: name 'x' appears twice"):
        registry.load(ProblemsSpec(source="codecontests", path=write(tmp_path / "x.jsonl", ROW, ROW)))
    with pytest.raises(InputError, match="holds no problem"):
        registry.load(ProblemsSpec(source="codecontests", path=write(tmp_path / "y.jsonl")))
    with pytest.raises(InputError, match="codecontests has no split 'train'"):
        registry.load(ProblemsSpec(source="codecontests", split="train"))
    with pytest.raises(InputError, match="humaneval has no split 'train'"):
        registry.load(ProblemsSpec(source="humaneval", split="train"))


def test_tests_as_pairs_are_read_too(tmp_path):
    row = {**ROW, "public_tests": [{"input": "1", "output": "2"}]}
    (problem,) = registry.load(ProblemsSpec(source="codecontests", path=write(tmp_path / "x.jsonl", row)))
    assert problem.data["public_tests"] == {"input": ["1"], "output": ["2"]}
