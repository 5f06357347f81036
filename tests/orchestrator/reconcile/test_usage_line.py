"""Rows of exports, read: the shapes that vendors and gateways write, in literals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from orchestrator.reconcile.usage_line import Line, read_line
from pricing.types import Tokens

DAY = 1_795_478_400  # 2026-11-24 00:00 UTC


NOTHING = Line(start=None, end=None, model=None, request=None, requests=None, tokens=None, pico=None)


def line(**keys):
    return replace(NOTHING, **keys)


ROWS = {
    "OpenAI costs": (
        {
            "start_time": DAY,
            "end_time": DAY + 86400,
            "object": "organization.costs.result",
            "amount": {"value": Decimal("0.06"), "currency": "usd"},
            "line_item": "gpt-4o-2024-08-06, cached input",
        },
        line(start=DAY, end=DAY + 86400, model="gpt-4o-2024-08-06", pico=6 * 10**10, slack_pico=5 * 10**9),
    ),
    "OpenAI usage": (
        {
            "start_time": str(DAY),
            "end_time": str(DAY + 60),
            "start_time_iso": "2026-11-24T00:00:00+00:00",
            "model": "m",
            "num_model_requests": "5",
            "input_tokens": "1000",
            "input_cached_tokens": "800",
            "output_tokens": "500",
            "project_id": "proj",
            "batch": "False",
        },
        line(
            start=DAY, end=DAY + 60, model="m", requests=5, tokens=Tokens(input=1000, output=500, cached=800)
        ),
    ),
    "OpenAI batch": (
        {
            "start_time": DAY,
            "end_time": DAY + 60,
            "model": "m",
            "input_tokens": 1,
            "output_tokens": 2,
            "batch": True,
        },
        line(start=DAY, end=DAY + 60, model="m", tokens=Tokens(input=1, output=2), batch=True),
    ),
    "Anthropic usage": (
        {
            "starting_at": "2026-11-24T00:00:00Z",
            "ending_at": "2026-11-25T00:00:00Z",
            "model": "claude-x",
            "uncached_input_tokens": 10,
            "cache_read_input_tokens": 5,
            "output_tokens": 7,
            "cache_creation": {"ephemeral_1h_input_tokens": 2, "ephemeral_5m_input_tokens": 3},
        },
        line(
            start=DAY,
            end=DAY + 86400,
            model="claude-x",
            tokens=Tokens(input=20, output=7, cached=5, cache_write=5, cache_write_1h=2),
        ),
    ),
    "Anthropic cost, in cents": (
        {
            "starting_at": "2026-11-24T00:00:00Z",
            "ending_at": "2026-11-25T00:00:00Z",
            "currency": "USD",
            "amount": "123.45",
            "model": "claude-x",
            "cost_type": "tokens",
        },
        line(start=DAY, end=DAY + 86400, model="claude-x", pico=1_234_500_000_000, slack_pico=5 * 10**7),
    ),
    "Anthropic console": (
        {
            "usage_date_utc": "2026-11-24",
            "model_version": "claude-x",
            "usage_output_tokens": "5000",
            "usage_input_tokens_no_cache": "100",
            "usage_input_tokens_cache_write_5m": "3",
            "usage_input_tokens_cache_write_1h": "2",
            "usage_input_tokens_cache_read": "40",
        },
        line(
            start=DAY,
            end=DAY + 86400,
            model="claude-x",
            tokens=Tokens(input=145, output=5000, cached=40, cache_write=5, cache_write_1h=2),
        ),
    ),
    "LiteLLM": (
        {
            "request_id": "chatcmpl-1",
            "model": "m",
            "spend": Decimal("1e-7"),
            "prompt_tokens": 3,
            "completion_tokens": 4,
            "startTime": "2026-11-24T00:00:01Z",
            "endTime": "2026-11-24T00:00:02Z",
        },
        line(
            start=DAY + 1,
            end=DAY + 2,
            model="m",
            request="chatcmpl-1",
            tokens=Tokens(input=3, output=4),
            pico=10**5,
            slack_pico=5 * 10**4,
        ),
    ),
    "OpenRouter": (
        {
            "generation_id": "gen-1",
            "created_at": "2026-11-24 00:00:01.500",
            "cost_total": "0.0123",
            "tokens_prompt": "9",
            "tokens_completion": "1",
            "model_permaslug": "a/m",
        },
        line(
            start=DAY + 1.5,
            model="a/m",
            request="gen-1",
            tokens=Tokens(input=9, output=1),
            pico=12_300_000_000,
            slack_pico=5 * 10**7,
        ),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_each_shape(name):
    row, expected = ROWS[name]
    assert read_line(row) == expected


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"date": "tomorrow", "cost": "1"}, "'tomorrow' isn't a time"),
        ({"start_time": DAY, "end_time": DAY - 1, "cost": "1"}, "ends before it begins"),
        ({"date": "2026-11-24", "cost": "-0.01"}, "negative amount"),
        ({"date": "2026-11-24", "cost": "1", "currency": "EUR"}, "is in EUR"),
        ({"date": "2026-11-24", "input_tokens": "1.5", "output_tokens": 1}, "'1.5' isn't a count"),
        ({"date": "2026-11-24", "input_tokens": "-1", "output_tokens": 1}, "'-1' isn't a count"),
        ({"start_time": 10**30}, "isn't a time"),
    ],
)
def test_a_row_that_can_not_be_right(row, said):
    with pytest.raises(ValueError, match=said):
        read_line(row)


@pytest.mark.parametrize("value", [None, "", "n/a", "NaN", "Infinity", [], {}, True])
def test_what_is_no_number_is_none(value):
    assert read_line({"date": "2026-11-24", "cost": value}).pico is None
