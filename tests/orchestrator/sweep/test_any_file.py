"""Whatever stands in a sweep file: it loads, or one InputError says what is wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.sweep.load import load
from orchestrator.sweep.schema import ModelTable, SamplingTable
from orchestrator.sweep.types import Sweep

GOOD = """\
name = "n"
budget_usd = 1
[problems]
source = "quickstart"
limit = 3
[prompt]
template = "{question}"
[sampling]
samples = 2
max_tokens = 10
temperature = 0.5
[models.a]
provider = "vllm"
model = "m"
servers = ["http://h/v1"]
limits = { group = "g", concurrency = 2 }
[models.b]
provider = "openai"
model = "gpt-4o"
unset = ["temperature"]
price = { input = 1.5, output = 2 }
"""

VALUES = st.sampled_from(
    ["0", "1", "-1", "1.5", "1e30", "1e31", "nan", "inf", "true", '""', '"x"', "'gsm8k'", "[]", "[1]", '["a"]', "{}",
     "{ a = 1 }", "{ input = 1 }", "{ group = 'g', concurrency = 3 }", "1979-05-27", "9223372036854775808", '"chat"',
     '"responses"', '"replay"', '"anthropic"', '"openai-compatible"', '"http://h/v1"', '"quickstart"', '"\\u0000"']
)  # fmt: skip
KEYS = st.sampled_from(
    [*ModelTable.model_fields, *SamplingTable.model_fields, "nonsense", "'a b'", '"\\u001b[31m"']
)


def _check(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.toml"
        path.write_bytes(content)
        outcome: Sweep | InputError
        try:
            outcome = load(path)
        except InputError as error:
            outcome = error
    if isinstance(outcome, InputError):
        assert str(outcome).isprintable()
        assert outcome.where
        assert outcome.message
        assert outcome.remedy


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD.splitlines())), KEYS, VALUES)
def test_any_key_anywhere(line, key, value):
    lines = GOOD.splitlines()
    _check("\n".join([*lines[:line], f"{key} = {value}", *lines[line:]]).encode())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_of_a_key_that_is_there(data):
    lines = GOOD.splitlines()
    at = data.draw(st.sampled_from([index for index, line in enumerate(lines) if " = " in line]))
    lines[at] = lines[at].split(" = ")[0] + " = " + data.draw(VALUES)
    _check("\n".join(lines).encode())


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 30), st.binary(max_size=6))
def test_any_damage(start, length, put):
    raw = GOOD.encode()
    _check(raw[:start] + put + raw[start + length :])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content):
    _check(content)


def test_the_file_that_is_spoilt_is_good(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(GOOD)
    assert list(load(path).models) == ["a", "b"]
