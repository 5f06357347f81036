"""MATH from a folder, a file and the hub's formats: its prompts, its examples, its golds judged by its verifier."""

import io
import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.sources import math_rows
from orchestrator.problems.types import Api, ProblemsSpec, PromptStyle
from orchestrator.sweep.load import load
from verifiers.registry import get

FIXTURE = Path(__file__).parent / "math_fixture"
KEYS = ["test/algebra/2.json", "test/algebra/10.json", "test/geometry/1.json"]


def problems(path: Path, **more):
    return registry.load(ProblemsSpec(source="math", path=path, **more))


def text_of(api: Api = "completions", path: Path = FIXTURE / "test", **more) -> dict[str, str]:
    spec = ProblemsSpec(source="math", path=path, few_shot_path=FIXTURE / "train.jsonl", **more)
    return {p.key: registry.render(spec, PromptStyle(), api, p).parts[-1] for p in registry.load(spec)}


@pytest.mark.parametrize("name", ["test", ".", "math_500.jsonl"])
def test_every_format_gives_the_same_keys_and_golds(name):
    path = FIXTURE / name
    found = [p for p in problems(path) if p.key in KEYS] if name == "." else problems(path)
    assert [p.key for p in found] == KEYS
    assert [p.data["answer"] for p in found] == ["3", "7, -2", "2\\sqrt{5}"]
    assert all(p.data["question"] == p.data["problem"] for p in found)


def test_one_file_is_one_problem():
    (problem,) = problems(FIXTURE / "test/geometry/1.json")
    assert problem.key == "test/geometry/1.json"


def test_lines_without_an_id_are_numbered():
    assert [p.key for p in problems(FIXTURE / "train.jsonl", limit=2)] == ["math/0", "math/1"]
    assert {p.key for p in problems(FIXTURE / "train.jsonl", shuffle=3)} == {f"math/{n}" for n in range(6)}


def test_a_folder_elsewhere_has_keys_from_itself(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.json").write_text((FIXTURE / "test/geometry/1.json").read_text())
    assert [p.key for p in problems(tmp_path)] == ["mine/a.json"]


def test_every_solution_passes_and_a_neighbours_does_not():
    pytest.importorskip("math_verify", reason="needs the extra math")
    kind, options = registry.default_verifier("math")
    verifier = get(kind, options)
    found = problems(FIXTURE / "test")
    for at, problem in enumerate(found):
        assert verifier.verify(problem.data["solution"], problem.data).passed is True
        assert verifier.verify(found[at - 1].data["solution"], problem.data).passed is False


def test_the_default_prompts():
    chat = text_of("chat")[KEYS[0]]
    assert chat.startswith("A line passes through $(1,4)$")
    assert chat.endswith("within \\boxed{}.")
    assert text_of()[KEYS[0]].startswith("Problem:\nA line passes")
    assert text_of()[KEYS[0]].endswith("\n\nSolution:")


def test_few_shot_examples_are_the_same_for_every_problem():
    texts = list(text_of(few_shot=4).values())
    heads = {text.rpartition("Problem:\n")[0] for text in texts}
    assert len(heads) == 1
    (head,) = heads
    assert head.count("\n\nSolution:\n") == 4
    assert head.count("$. I hope it is correct.\n\n") == 4
    assert next(iter(text_of(few_shot=4, few_shot_seed=1).values())).rpartition("Problem:\n")[0] != head


def test_a_file_of_exactly_as_many_is_taken_in_its_order():
    head = next(iter(text_of(few_shot=6).values())).rpartition("Problem:\n")[0]
    places = [head.index(f"What is ${n}$") for n in range(2, 8)]
    assert places == sorted(places)
    assert "Final Answer: The final answer is $49$." in head


def test_a_problem_is_never_its_own_example():
    texts = text_of(path=FIXTURE / "train.jsonl", few_shot=3)
    for at, text in enumerate(texts.values()):
        assert text.count(f"What is ${at + 2}$") == 1
        assert text.count("I hope it is correct") == 3


def test_few_shot_in_chat_and_too_many():
    assert "like theirs" in next(iter(text_of("chat", few_shot=2).values()))
    with pytest.raises(InputError, match="7 examples requested of 6"):
        text_of(few_shot=7)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"problem": "q"}, "neither an answer nor a box"),
        ({"problem": "q", "solution": "it is 5"}, "neither an answer nor a box"),
        ({"problem": "q", "solution": "\\boxed{}"}, "neither an answer nor a box"),
        ({"question": "q", "answer": "1"}, "not MATH's own format"),
        ({"problem": " ", "answer": "1"}, "not MATH's own format"),
    ],
)
def test_a_row_in_another_format_is_named(tmp_path, row, message):
    file = tmp_path / "x.jsonl"
    file.write_text('{"problem": "p", "answer": 1}\n' + json.dumps(row))
    with pytest.raises(InputError, match=message) as caught:
        problems(file)
    assert caught.value.where == f"{file}:2"


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"problem": NaN}'])
def test_a_file_of_a_folder_that_is_no_object_is_named(tmp_path, text):
    (tmp_path / "1.json").write_text(text)
    with pytest.raises(InputError) as caught:
        problems(tmp_path)
    assert caught.value.where.startswith(str(tmp_path / "1.json"))


def test_an_id_that_comes_twice_is_named(tmp_path):
    row = json.dumps({"problem": "p", "answer": "1", "unique_id": "a"})
    (tmp_path / "x.jsonl").write_text(f"{row}\n{row}\n")
    with pytest.raises(InputError, match=r"'a' is taken by .*x.jsonl:1"):
        problems(tmp_path / "x.jsonl")


def test_a_folder_without_problems_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no problem"):
        problems(tmp_path)


def cached(home: Path, dataset: str, files: dict[str, bytes]) -> None:
    """Files as the hub's library keeps them once they are fetched."""
    place = home / f"datasets--{dataset.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs/main").write_text("0" * 40)
    for name, content in files.items():
        file = place / "snapshots" / ("0" * 40) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def parquet(name: str) -> bytes:
    pa = pytest.importorskip("pyarrow", reason="needs the extra hub")
    pq = pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    row = {"problem": f"{name}?", "level": "Level 1", "type": "Algebra", "solution": "$\\boxed{1}$"}
    pq.write_table(pa.Table.from_pylist([row, row | {"problem": f"{name} 2?"}]), buffer)
    return buffer.getvalue()


def test_the_hubs_three_splits(monkeypatch, tmp_path):
    """From the cache of the hub's library, offline; the wire itself is tested in test_hub.py."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra hub")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    cached(tmp_path, math_rows.MATH_500, {"test.jsonl": (FIXTURE / "math_500.jsonl").read_bytes()})
    names = [f"{subject}/{split}" for subject in math_rows.SUBJECTS for split in ("test", "train")]
    cached(tmp_path, math_rows.WHOLE, {f"{name}-00000-of-00001.parquet": parquet(name) for name in names})

    assert [p.key for p in registry.load(ProblemsSpec(source="math"))] == KEYS
    found = registry.load(ProblemsSpec(source="math", split="test-5000"))
    assert [p.key for p in found] == [f"math/test/{s}/{n}" for s in math_rows.SUBJECTS for n in (0, 1)]
    assert [p.data["question"] for p in found[:2]] == ["algebra/test?", "algebra/test 2?"]
    first, *_ = registry.load(ProblemsSpec(source="math", split="train", few_shot=3))
    assert first.key == "math/train/algebra/0"
    assert first.data["few_shot"].count("/train") == 3
    with pytest.raises(InputError, match="no split 'dev'"):
        registry.load(ProblemsSpec(source="math", split="dev"))


def test_a_sweep_file_may_name_a_folder(tmp_path):
    (tmp_path / "sweep.toml").write_text(
        'name = "m"\nbudget_usd = 1\n[problems]\nsource = "math"\n'
        f"path = {str(FIXTURE / 'test')!r}\nfew_shot = 2\nfew_shot_path = {str(FIXTURE / 'train.jsonl')!r}\n"
        '[sampling]\nsamples = 1\nmax_tokens = 10\n[models.a]\nprovider = "replay"\nmodel = "m"\n'
        f"tape = {str(FIXTURE / 'train.jsonl')!r}\n"
    )
    sweep = load(tmp_path / "sweep.toml")
    assert sweep.problems.path == (FIXTURE / "test").resolve()
    assert len(registry.load(sweep.problems)) == 3
