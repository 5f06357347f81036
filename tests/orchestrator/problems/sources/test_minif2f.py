"""MiniF2F from files in the formats it is published in; statements of our own."""

import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import Api, ProblemsSpec, PromptStyle
from verifiers.proofs.lean.commands import is_whole, own_part
from verifiers.proofs.statement import of_lean

HEADER = "import Mathlib.Data.Real.Basic\nimport Mathlib.Data.Nat.Digits\n\nopen BigOperators\nopen Real"
BY_ID = [
    {
        "id": "mathd_algebra_9001",
        "split": "test",
        "formal_statement": "theorem mathd_algebra_9001\n  (x : ℝ)\n  (h₀ : 3 * x + 1 = 10) :\n  x = 3 := sorry",
        "header": HEADER,
        "informal_stmt": "Solve $3x+1=10$. Show that it is 3.",
        "informal_proof": "Subtract one, divide by three.",
    },
    {
        "id": "imo_9002_p1",
        "split": "test",
        "formal_statement": "theorem imo_9002_p1 :\n  (2:ℕ)^10 % 11 = 1 := sorry",
        "header": HEADER,
        "informal_stmt": "Fermat's little theorem at 2 and 11.",
        "informal_proof": "",
    },
]
BY_NAME = [
    {
        "name": "mathd_numbertheory_9003",
        "split": split,
        "informal_prefix": "/-- What is 5 times 7? -/\n",
        "formal_statement": "theorem mathd_numbertheory_9003 (n : ℕ) (h : n = 5 * 7) : n = 35 := by\n",
        "goal": "n : ℕ\nh : n = 5 * 7\n⊢ n = 35",
        "header": f"{HEADER}\n\n",
    }
    for split in ("valid", "test")
]
EXAMPLES = [
    {"name": f"worked_{n}", "formal_statement": f"theorem worked_{n} : {n} + 1 = {n + 1} := sorry", "header": HEADER,
     "proof": f"  norm_num -- {n}"}
    for n in range(8)
]  # fmt: skip


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def prompt(spec: ProblemsSpec, api: Api = "completions") -> str:
    return str(registry.render(spec, PromptStyle(), api, registry.load(spec)[0]).parts[-1])


@pytest.mark.parametrize(
    ("split", "keys"),
    [
        ("test", ["mathd_algebra_9001", "imo_9002_p1", "mathd_numbertheory_9003"]),
        ("test-math", ["mathd_algebra_9001", "mathd_numbertheory_9003"]),
        ("valid", ["mathd_numbertheory_9003"]),
    ],
)
def test_splits_and_keys(tmp_path, split, keys):
    spec = ProblemsSpec(source="minif2f", path=write(tmp_path / "all.jsonl", BY_ID + BY_NAME), split=split)
    assert [problem.key for problem in registry.load(spec)] == keys


def test_one_name_of_several_theorems_makes_a_key_for_each(tmp_path):
    exercise = {"id": "exercise_1_1", "header": HEADER}
    rows = [exercise | {"formal_statement": f"theorem exercise_1_1 : {n} = {n} := sorry"} for n in (1, 2, 3)]
    spec = ProblemsSpec(source="minif2f", path=write(tmp_path / "all.jsonl", rows))
    problems = registry.load(spec)
    assert [problem.key for problem in problems] == ["exercise_1_1", "exercise_1_1 (2)", "exercise_1_1 (3)"]
    assert [of_lean(problem.data).proposition for problem in problems] == ["1 = 1", "2 = 2", "3 = 3"]


def test_both_formats_make_statements_for_the_verifier(tmp_path):
    spec = ProblemsSpec(source="minif2f", path=write(tmp_path / "all.jsonl", BY_ID + BY_NAME))
    first, _, last = registry.load(spec)
    assert registry.default_verifier("minif2f") == ("lean", {})
    assert of_lean(first.data).proposition == "∀ (x : ℝ)\n  (h₀ : 3 * x + 1 = 10), x = 3"
    assert of_lean(last.data).proposition == "∀ (n : ℕ) (h : n = 5 * 7), n = 35"
    assert first.data["opening"].endswith("x = 3 := by")
    assert last.data["informal"].startswith("/-- What is")
    assert not {"goal", "informal_proof", "proof"} & first.data.keys()


def test_the_base_models_prompt_opens_the_proof_and_its_continuation_is_read_as_one(tmp_path):
    spec = ProblemsSpec(source="minif2f", path=write(tmp_path / "all.jsonl", BY_ID))
    text = prompt(spec)
    assert text.endswith("x = 3 := by\n")
    assert text.count("```") == 1
    statement = of_lean(registry.load(spec)[0].data)
    assert own_part(statement, "  linarith\n\ntheorem next : True := by") == "  linarith\n\n"


def test_the_chats_prompt_asks_for_the_whole_theorem(tmp_path):
    spec = ProblemsSpec(source="minif2f", path=write(tmp_path / "all.jsonl", BY_ID))
    text = registry.render(spec, PromptStyle(), "chat", registry.load(spec)[0]).messages[0].content
    assert "```lean4\nimport Mathlib" in text
    assert is_whole(of_lean(BY_ID[0]), text.split("```lean4\n")[1])


def test_few_shot(tmp_path):
    examples = write(tmp_path / "worked.jsonl", EXAMPLES)
    path = write(tmp_path / "all.jsonl", [*BY_ID, {**EXAMPLES[3], "split": "test"}])
    spec = ProblemsSpec(source="minif2f", path=path, few_shot=5, few_shot_path=examples)
    texts = {
        p.key: registry.render(spec, PromptStyle(), "completions", p).parts[-1] for p in registry.load(spec)
    }
    assert all(text.count("  norm_num -- ") == 5 for text in texts.values())
    assert texts["worked_3"].count("theorem worked_3") == 1
    heads = {key: text.rpartition("Prove")[0] for key, text in texts.items()}
    assert heads["mathd_algebra_9001"] == heads["imo_9002_p1"]
    other = ProblemsSpec(source="minif2f", path=path, few_shot=5, few_shot_path=examples, few_shot_seed=1)
    assert prompt(other) != prompt(spec)


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        ([], {}, "holds no problem of test"),
        (BY_ID[1:], {"split": "test-math"}, "holds no problem of test-math"),
        ([BY_ID[0], BY_ID[0]], {}, ":2: theorem 'mathd_algebra_9001' appears twice"),
        ([{"formal_statement": "theorem a : b := by", "header": ""}], {}, ":1: no name or id as text"),
        ([{"id": "a", "header": ""}], {}, "no formal_statement as text"),
        ([{"id": "a", "formal_statement": "theorem a : b := by"}], {}, "no header as text"),
        ([{"id": "a", "formal_statement": "theorem a : b", "header": ""}], {}, "does not end in := sorry"),
        (BY_ID, {"split": "train"}, "minif2f has no split 'train'"),
        (BY_ID, {"few_shot": 2}, "the hub's MiniF2F has no proofs to show"),
    ],
)
def test_what_is_no_minif2f(tmp_path, rows, more, says):
    with pytest.raises(InputError) as caught:
        registry.load(ProblemsSpec(source="minif2f", path=write(tmp_path / "all.jsonl", rows), **more))
    assert says in str(caught.value)


def test_too_few_examples_and_examples_without_proof(tmp_path):
    path = write(tmp_path / "all.jsonl", BY_ID)
    for rows, says in (
        (EXAMPLES[:2], "5 examples requested of 2"),
        ([*EXAMPLES, BY_ID[1]], "worked.jsonl:9: no proof"),
    ):
        examples = write(tmp_path / "worked.jsonl", rows)
        with pytest.raises(InputError) as caught:
            registry.load(ProblemsSpec(source="minif2f", path=path, few_shot=5, few_shot_path=examples))
        assert says in str(caught.value)
