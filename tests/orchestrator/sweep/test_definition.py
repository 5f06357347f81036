"""What makes two samples of one kind."""

from __future__ import annotations

import json

import pytest

from orchestrator.sweep.definition import definition, differences
from orchestrator.sweep.load import load


def _definition(text, write, alias="expensive"):
    sweep = load(write(text))
    return definition(sweep.models[alias], sweep)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("samples = 5\n", "samples = 50\n"),
        ("samples = 5\n", 'base_url = "http://127.0.0.1:9/v1"\n'),
        ("samples = 5\n", "max_n = 4\n"),
        ("samples = 5\n", "timeout_s = 4\n"),
        ("samples = 5\n", 'service_tier = "flex"\n'),
        ("output = 15.0", "output = 16.0"),
        ("budget_usd = 10.0", "budget_usd = 11.0"),
        ("requests_per_minute = 500", "requests_per_minute = 5"),
        ("limit = 100", "limit = 10"),
    ],
)
def test_price_pace_and_place_do_not_matter(good, write, old, new):
    assert differences(_definition(good, write), _definition(good.replace(old, new, 1), write)) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("temperature = 0.6", "temperature = 0.7", "params.temperature: 0.6 became 0.7"),
        ("temperature = 0.6", "top_p = 0.5", "params.temperature: 0.6 became not stated"),
        ("max_tokens = 512", "max_tokens = 513", "max_tokens: 512 became 513"),
        ('mode = "uniform"', 'mode = "until_solved"', 'mode: "uniform" became "until_solved"'),
        ("extra = {}", "extra = { thinking = { b = 1 } }", "extra.thinking.b: not stated became 1"),
        ("gpt-4o-2024-05-13", "gpt-4o", 'model: "gpt-4o-2024-05-13" became "gpt-4o"'),
        ("Think.", "Guess.", 'system: "Think." became "Guess."'),
        ("samples = 5\n", 'api = "responses"\n', 'api: "chat" became "responses"'),
    ],
)
def test_each_difference_is_a_line(good, write, old, new, line):
    assert line in differences(_definition(good, write), _definition(good.replace(old, new, 1), write))


def test_the_template_that_takes_effect_counts(good, write):
    with_default = good.replace('template = "Q: {question}"\n', "")
    assert "{question}" in _definition(with_default, write)["template"]


def test_few_shot_and_server_defaults(good, write):
    text = good.replace('template = "Q: {question}"\n', "").replace("limit = 100", "few_shot = 2")
    found = _definition(text.replace("sequences = 256", "server_defaults = true"), write, "cheap")
    assert found["few_shot"] == {"examples": 2, "seed": 0}
    assert found["server_defaults"] is True


def test_it_survives_the_ledger(good, write):
    found = _definition(good, write)
    assert differences(json.loads(json.dumps(found)), found) == []


def test_long_texts_are_cut_and_stay_on_one_line():
    [line] = differences({"template": "a\n\x1b" * 500}, {"template": "b"})
    assert len(line) < 200
    assert line.isprintable()
