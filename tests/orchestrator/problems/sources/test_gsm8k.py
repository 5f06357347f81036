"""GSM8K from a file in its own format, and its few-shot examples."""

import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import Api, ProblemsSpec, PromptStyle
from verifiers.registry import get

DATA = Path(__file__).parents[4] / "../shared/data"


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def rows(name: str, count: int) -> list[dict[str, str]]:
    return [
        {"question": f"{name} question {n}?", "answer": f"1 + {n} = <<1+{n}={n + 1}>>{n + 1}\n#### {n + 1}"}
        for n in range(count)
    ]


@pytest.fixture
def files(tmp_path):
    return write(tmp_path / "test.jsonl", *rows("test", 6)), write(
        tmp_path / "train.jsonl", *rows("train", 40)
    )


def spec(files, **more) -> ProblemsSpec:
    few = {"few_shot_path": files[1]} if more.get("few_shot") else {}
    return ProblemsSpec(source="gsm8k", path=files[0], **few, **more)


def text_of(files, api: Api = "completions", **more) -> dict[str, str]:
    chosen = spec(files, **more)
    return {p.key: registry.render(chosen, PromptStyle(), api, p).parts[-1] for p in registry.load(chosen)}


def test_keys_are_line_numbers_whatever_shuffle_and_limit(files):
    assert [p.key for p in registry.load(spec(files))] == [f"gsm8k/{n}" for n in range(6)]
    for problem in registry.load(spec(files, shuffle=1, limit=3)):
        number = problem.key.removeprefix("gsm8k/")
        assert problem.data["question"] == f"test question {number}?"


def test_the_default_prompts(files):
    (problem,) = registry.load(spec(files, limit=1))
    chat = registry.render(spec(files), PromptStyle(), "chat", problem)
    assert [message.role for message in chat.messages] == ["user"]
    assert "test question 0?" in chat.messages[0].content
    assert "#### <number>" in chat.messages[0].content
    assert text_of(files)["gsm8k/0"] == "Question: test question 0?\nAnswer:"


def test_the_default_verifier_passes_its_own_solutions(files):
    kind, options = registry.default_verifier("gsm8k")
    verifier = get(kind, options)
    for problem in registry.load(spec(files)):
        assert verifier.verify(problem.data["answer"], problem.data).passed is True


def test_few_shot_examples_come_before_the_question(files):
    text = text_of(files, few_shot=2)["gsm8k/0"]
    blocks = text.split("\n\n")
    assert len(blocks) == 3
    for block in blocks[:2]:
        question, answer = block.split("\n", 1)
        number = int(question.removeprefix("Question: train question ").removesuffix("?"))
        assert answer == f"Answer: 1 + {number} = <<1+{number}={number + 1}>>{number + 1}\n#### {number + 1}"
    assert blocks[2] == "Question: test question 0?\nAnswer:"
    assert blocks[0] != blocks[1]


def test_every_problem_has_examples_of_its_own_that_depend_on_the_seed_alone(files):
    texts = text_of(files, few_shot=3)
    heads = {text.rpartition("\n\n")[0] for text in texts.values()}
    assert len(heads) == len(texts)
    assert text_of(files, few_shot=3, shuffle=9, limit=2).items() <= texts.items()
    assert text_of(files, few_shot=3, few_shot_seed=1)["gsm8k/0"] != texts["gsm8k/0"]


def test_more_examples_begin_with_the_fewer(files):
    few, more = text_of(files, few_shot=2)["gsm8k/0"], text_of(files, few_shot=5)["gsm8k/0"]
    assert more.startswith(few.rpartition("\n\n")[0])


def test_a_problem_is_never_its_own_example(tmp_path):
    train = write(tmp_path / "train.jsonl", *rows("train", 6))
    for key, text in text_of((train, train), few_shot=5).items():
        assert text.count(f"train question {key.removeprefix('gsm8k/')}?") == 1


def test_few_shot_chat_asks_for_the_last_question(files):
    text = text_of(files, api="chat", few_shot=2)["gsm8k/0"]
    assert text.endswith("Question: test question 0?\nAnswer:")
    assert "#### <number>" in text


def test_a_template_of_ones_own_places_the_examples(files):
    chosen = spec(files, few_shot=1, limit=1)
    (problem,) = registry.load(chosen)
    prompt = registry.render(chosen, PromptStyle(template="{few_shot}Now: {question}"), "chat", problem)
    assert prompt.messages[0].content.endswith("\n\nNow: test question 0?")
    with pytest.raises(InputError, match=r"no \{few_shot\}"):
        registry.render(chosen, PromptStyle(template="Now: {question}"), "chat", problem)


def test_few_shot_needs_enough_examples(files):
    with pytest.raises(InputError, match="40 examples requested of 40"):
        registry.load(spec(files, few_shot=40))


def test_few_shot_is_for_sources_with_a_training_set(files):
    with pytest.raises(InputError, match="no training set"):
        registry.load(ProblemsSpec(source="jsonl", path=files[0], few_shot=1))


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q"},
        {"answer": "#### 1"},
        {"question": 3, "answer": "#### 1"},
        {"question": "q", "answer": ""},
    ],
)
def test_a_line_in_another_format_is_named(tmp_path, row):
    path = write(tmp_path / "x.jsonl", *rows("test", 1), row)
    with pytest.raises(InputError) as caught:
        registry.load(ProblemsSpec(source="gsm8k", path=path))
    assert caught.value.where == f"{path}:2"


def test_an_empty_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no problem"):
        registry.load(ProblemsSpec(source="gsm8k", path=write(tmp_path / "x.jsonl")))


def test_an_unknown_split_of_the_hub_is_an_error():
    with pytest.raises(InputError, match=r"no split '\.\./x'"):
        registry.load(ProblemsSpec(source="gsm8k", split="../x"))


def test_the_real_file():
    path = DATA / "gsm8k_test.jsonl"
    if not path.exists():
        pytest.skip(f"needs {path}: GSM8K's own file, not kept in the repository")
    chosen = ProblemsSpec(source="gsm8k", path=path, few_shot=5, few_shot_path=DATA / "gsm8k_train.jsonl")
    problems = registry.load(chosen)
    assert len(problems) == 1319
    assert problems[-1].key == "gsm8k/1318"
    for api in ("chat", "completions"):
        for problem in problems:
            registry.render(chosen, PromptStyle(), api, problem)


def test_an_unknown_source_names_the_known():
    with pytest.raises(InputError, match=r"unknown source 'gsm9k'.*gsm8k.*jsonl"):
        registry.load(ProblemsSpec(source="gsm9k"))
