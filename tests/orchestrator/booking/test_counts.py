"""Counts that contradict their texts are no counts: a zero is not free."""

from __future__ import annotations

import pytest

from orchestrator.booking.counts import contradiction, written
from orchestrator.booking.server_share import Share
from providers.types import Choice, Usage
from tests.orchestrator.booking.attempts import attempt, booked, reply

TEXT = "The answer is 5"


@pytest.mark.parametrize(
    ("input_tokens", "output_tokens", "texts", "text_bytes", "word"),
    [
        (0, 10, 1, 15, "input"),
        (0, 0, 0, 0, "input"),
        (20, 0, 1, 15, "fewer output tokens than texts"),
        (20, 1, 2, 30, "fewer output tokens than texts"),
        (20, 3, 2, 1000, "this length"),
        (20, 1, 1, 257, "this length"),
        (20, 1, 1, 256, None),
        (20, 2, 2, 30, None),
        (20, 0, 0, 0, None),  # nothing was made: a refusal, or a stop at once
        (1, 1, 1, 1, None),
    ],
)
def test_which_counts_can_be(input_tokens, output_tokens, texts, text_bytes, word):
    why = contradiction(
        input_tokens=input_tokens, output_tokens=output_tokens, texts=texts, text_bytes=text_bytes
    )
    assert (why is None) if word is None else (word in (why or ""))


def test_reasoning_is_output_too_and_bytes_are_those_of_utf_8():
    choices = [Choice(index=0, text="", reasoning="hm"), Choice(index=1, text="ü€"), Choice(index=2, text="")]
    assert written(choices) == (2, 2 + 5)


@pytest.mark.parametrize(
    "given",
    [
        reply(TEXT, TEXT, input_tokens=0, output_tokens=0),
        reply(TEXT, TEXT, input_tokens=0),
        reply(TEXT, TEXT, output_tokens=1),
        reply(TEXT, "x" * 5121),
        reply("", "", input_tokens=0),
        reply(TEXT, choices=(Choice(index=0, text="", reasoning="x" * 2561),)),
    ],
)
def test_contradicting_counts_are_presumed_and_the_samples_kept(given):
    asked = attempt()
    found = booked(given, asked)
    outcome = found.outcome
    assert (outcome.state, outcome.settled_pico, outcome.presumed_pico) == ("presumed", 0, asked.worst_pico)
    assert len(outcome.samples) == len(given.choices)
    assert all(row.completion_tokens is None and row.token_basis is None for row in outcome.samples)
    assert outcome.error == "BadCounts"
    assert "contradict" in (found.warning or "")
    assert found.shows_bound(asked) is None
    assert given.usage is not None
    assert outcome.completion_tokens == given.usage.output  # as the vendor said


def test_own_tokens_that_are_false_are_not_a_samples():
    """Of one sample the usage is its own count: a zero that can't be is none."""
    choice = Choice(index=0, text=TEXT, output_tokens=0, reasoning_tokens=0)
    (row,) = booked(reply(choices=(choice,), usage=Usage(input=20, output=0)), attempt(1)).outcome.samples
    assert (row.completion_tokens, row.reasoning_tokens, row.token_basis) == (None, None, None)


def test_they_change_no_money_where_time_is_paid_nothing_is_or_no_text_is_made():
    zeros = reply(TEXT, TEXT, input_tokens=0, output_tokens=0)
    assert booked(zeros, attempt(lease_id=1), share=Share(500, 400)).outcome.settled_pico == 500
    assert booked(zeros, attempt(worst_pico=0)).outcome.state == "settled"
    assert (
        booked(zeros, attempt(cost_basis="replayed", max_tokens=0, worst_pico=0)).outcome.state == "settled"
    )
    # a reward model generates nothing: its texts are scores
    assert booked(reply("0.5", "0.25", output_tokens=0), attempt(max_tokens=0)).outcome.state == "settled"
