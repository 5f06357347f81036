"""Problems of the user's own, one JSON object a line: what is read, and which line an error names."""

import gzip
import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import ProblemsSpec


def spec(path: Path, **more) -> ProblemsSpec:
    return ProblemsSpec(source="jsonl", path=path, **more)


def write(tmp_path: Path, *lines: object, name: str = "problems.jsonl") -> Path:
    path = tmp_path / name
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def failure(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        registry.load(spec(path))
    assert "\n" not in str(caught.value)
    return caught.value


GOOD = {"id": "a", "question": "How many?", "answer": 3}


def test_everything_a_line_carries_is_kept(tmp_path):
    line = {**GOOD, "grade": 2, "tags": ["x", {"y": None}], "big": 10**30}
    (problem,) = registry.load(spec(write(tmp_path, line)))
    assert problem.key == "a"
    assert problem.data == line


def test_ids_may_be_any_text_or_whole_number(tmp_path):
    ids = ["a b", "ä/é:1", "-", "7", 8, -1]
    path = write(tmp_path, *({**GOOD, "id": name} for name in ids))
    assert [problem.key for problem in registry.load(spec(path))] == [str(name) for name in ids]


def test_bom_crlf_blank_lines_and_a_missing_last_newline(tmp_path):
    path = tmp_path / "p.jsonl"
    lines = [json.dumps({**GOOD, "id": name}).encode() for name in "ab"]
    path.write_bytes(b"\xef\xbb\xbf" + lines[0] + b"\r\n\r\n  \r\n" + lines[1])
    assert [problem.key for problem in registry.load(spec(path))] == ["a", "b"]


def test_a_gzip_file_is_read(tmp_path):
    path = tmp_path / "p.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert len(registry.load(spec(path))) == 1
    path.write_bytes(path.read_bytes()[:-9])
    assert "damaged" in failure(path).message
    path.write_bytes(b"{}")
    assert failure(path).where == str(path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ('{"id": "b", "question": "q", "answer": 1} x', "not JSON"),
        ('{"id": "b", "question": "q", "answer": NaN}', "NaN is not a JSON number"),
        ('{"id": "b", "question": "q", "answer": ' + "9" * 5000 + "}", "not usable JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[1]", "is an array"),
        ('"text"', "is a string"),
        ("3", "is a number"),
        ("true", "is a boolean"),
        ("null", "is null"),
        ({**GOOD, "id": ""}, "id is neither text nor a whole number"),
        ({**GOOD, "id": None}, "id is neither"),
        ({**GOOD, "id": True}, "id is neither"),
        ({**GOOD, "id": 1.5}, "id is neither"),
        (GOOD, "id 'a' is taken by line 1"),
        ({"id": "b", "answer": 1}, "neither question nor prompt nor messages"),
        ({"id": "b", "question": None}, "neither question nor prompt nor messages"),
        ({"id": "b", "question": ["q"]}, "question is not text"),
        ({"id": "b", "prompt": 3}, "prompt is not text"),
        ({"id": "b", "question": " \n"}, "question is empty"),
        ({"id": "b", "messages": []}, "messages is not a list"),
        ({"id": "b", "messages": "hi"}, "messages is not a list"),
        ({"id": "b", "messages": ["hi"]}, "messages[0] is not an object"),
        ({"id": "b", "messages": [{"role": "tool", "content": "x"}]}, "messages[0] has no role of"),
        ({"id": "b", "messages": [{"role": "user"}]}, "messages[0] has no content"),
        (
            {"id": "b", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0] has no content",
        ),
        (
            {"id": "b", "messages": [{"role": "user", "content": "x", "name": "n"}]},
            "a field 'name' that is not sent",
        ),
        ('{"id": "b", "question": "half \\ud83d", "answer": 1}', "half a surrogate pair"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_bad_line_is_named(tmp_path, line, says):
    path = write(tmp_path, GOOD, "", line)
    error = failure(path)
    assert error.where == f"{path}:3"
    assert says in error.message
    assert error.remedy


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"id": "\xff"}\n')
    assert failure(path).where == f"{path}:2"


def test_an_emoji_written_as_a_pair_of_escapes_is_fine(tmp_path):
    path = write(tmp_path, '{"id": "a", "question": "\\ud83d\\ude00", "answer": 1}')
    assert registry.load(spec(path))[0].data["question"] == "\U0001f600"


def test_a_file_without_problems_is_an_error(tmp_path):
    assert failure(write(tmp_path)).message == "holds no problem"
    assert failure(write(tmp_path, "", " ")).message == "holds no problem"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    assert "no such file" in failure(tmp_path / "none.jsonl").message
    assert "cannot be read" in failure(tmp_path).message


def test_a_path_must_be_stated():
    with pytest.raises(InputError, match="needs a file"):
        registry.load(ProblemsSpec(source="jsonl"))


def test_limit_and_shuffle_leave_the_ids_alone(tmp_path):
    path = write(tmp_path, *({**GOOD, "id": number} for number in range(50)))
    plain = [problem.key for problem in registry.load(spec(path))]
    shuffled = [problem.key for problem in registry.load(spec(path, shuffle=3))]
    assert shuffled != plain
    assert sorted(shuffled) == sorted(plain)
    assert [problem.key for problem in registry.load(spec(path, shuffle=3, limit=7))] == shuffled[:7]
    assert [problem.key for problem in registry.load(spec(path, limit=7))] == plain[:7]
    assert [problem.key for problem in registry.load(spec(path, limit=500))] == plain
    assert shuffled != [problem.key for problem in registry.load(spec(path, shuffle=4))]


def test_the_shuffle_of_a_seed_never_changes(tmp_path):
    """A changed order would ask other problems of a sweep that has a limit: its ledger would not go on."""
    path = write(tmp_path, *({**GOOD, "id": number} for number in range(8)))
    assert [problem.key for problem in registry.load(spec(path, shuffle=0))] == list("17430625")


@pytest.mark.slow
def test_a_hundred_thousand_problems_are_read_quickly_and_a_limit_reads_no_further(tmp_path):
    path = tmp_path / "large.jsonl"
    with path.open("w") as file:
        for number in range(100_000):
            file.write(json.dumps({"id": number, "question": "How many? " * 5, "answer": number}) + "\n")
        file.write("{ broken\n")
    assert len(registry.load(spec(path, limit=100_000))) == 100_000
    assert len(registry.load(spec(path, limit=3))) == 3
    assert failure(path).where == f"{path}:100001"


def test_an_array_is_read_as_lines_are(tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps([GOOD, {**GOOD, "id": "b"}], indent=1))
    assert [problem.key for problem in registry.load(spec(path))] == ["a", "b"]
    path.write_text(json.dumps([GOOD, 7]))
    assert failure(path).where == f"{path}:2"
    path.write_text(json.dumps([GOOD])[:-1])
    assert "not usable JSON" in failure(path).message


def test_rows_without_an_id_are_numbered_and_keys_may_be_in_any_case(tmp_path):
    path = write(tmp_path, {"Question": "How many?", "ANSWER": 3}, {"Problem": "And now?", "Answer": "4"})
    first, second = registry.load(spec(path))
    assert (first.key, first.data["question"], first.data["answer"]) == ("0", "How many?", 3)
    assert (second.key, second.data["question"], second.data["answer"]) == ("1", "And now?", "4")


def test_fields_are_renamed(tmp_path):
    path = write(tmp_path, {"id": "a", "task": "How many?", "Solution": "3", "question": "old"})
    (problem,) = registry.load(
        ProblemsSpec(source="jsonl", path=path, rename={"question": "task", "answer": "solution"})
    )
    assert (problem.data["question"], problem.data["answer"]) == ("How many?", "3")
    with pytest.raises(InputError, match="no field 'missing'") as caught:
        registry.load(ProblemsSpec(source="jsonl", path=path, rename={"answer": "missing"}))
    assert "task" in caught.value.remedy
