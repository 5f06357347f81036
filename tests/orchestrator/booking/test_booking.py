"""A reply becomes whole pico-dollars that sum up: what it cost, each sample's share, and what nobody may call free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.booking.booking import OVER_OUTPUT, book, book_broken, clean
from orchestrator.booking.cost import ABSURD_PICO
from orchestrator.booking.server_share import Share
from providers.errors import Lost
from providers.types import Usage
from tests.orchestrator.booking.figures import IN, OUT, WORST, attempt, choice, reply


def test_a_whole_reply_is_settled_at_what_its_usage_costs():
    booked = book(
        reply(choice(0, tokens=10), choice(1, tokens=30), usage=Usage(input=20, output=40)), attempt(), 9.0
    )
    outcome = booked.outcome
    assert (outcome.state, outcome.settled_pico) == ("settled", 20 * IN + 40 * OUT)
    assert (outcome.presumed_pico, outcome.unused_pico, outcome.reserved_pico) == (0, 0, WORST)
    assert (outcome.prompt_tokens, outcome.completion_tokens) == (20, 40)
    assert (outcome.request_id, outcome.model_id, outcome.ended_at) == (11, 12, 9.0)
    assert (booked.arrived, booked.missing, booked.unbounded, booked.extra_input_tokens) == (
        2,
        (),
        None,
        0,
    )
    assert booked.warning is None
    assert outcome.error is None


def test_input_is_shared_equally_and_output_by_each_sample_s_own_tokens():
    usage = Usage(input=21, output=40, cached=4, cache_write=6, cache_write_1h=2)
    outcome = book(reply(choice(0, tokens=10), choice(1, tokens=30), usage=usage), attempt(), 9.0).outcome
    first, second = outcome.samples
    assert (first.sample_index, second.sample_index) == (4, 7)
    assert (first.prompt_tokens, second.prompt_tokens) == (11, 10)
    assert (first.cached_tokens, first.cache_write_tokens, first.cache_write_1h_tokens) == (2, 3, 1)
    assert (first.completion_tokens, second.completion_tokens) == (10, 30)
    assert second.cost_pico - first.cost_pico == 20 * OUT
    assert first.cost_pico + second.cost_pico == outcome.settled_pico
    assert {s.token_basis for s in outcome.samples} == {"reported"}
    assert {s.cost_basis for s in outcome.samples} == {"usage"}


@pytest.mark.parametrize(
    "told",
    [
        pytest.param((None, None), id="no sample tells its own"),
        pytest.param((10, None), id="one of two does not"),
        pytest.param((30, 30), id="they tell more than was billed"),
    ],
)
def test_output_is_split_equally_where_the_samples_own_tokens_are_not_known(told):
    choices = [choice(i, tokens=tokens) for i, tokens in enumerate(told)]
    outcome = book(reply(*choices, usage=Usage(input=2, output=41)), attempt(), 9.0).outcome
    assert [s.completion_tokens for s in outcome.samples] == [21, 20]
    assert [s.cost_pico for s in outcome.samples] == [IN + 21 * OUT, IN + 20 * OUT]
    assert {s.token_basis for s in outcome.samples} == {"split"}


def test_output_that_no_sample_holds_is_paid_and_belongs_to_none():
    outcome = book(
        reply(choice(0, tokens=10), choice(1, tokens=20), usage=Usage(input=2, output=40)), attempt(), 9.0
    ).outcome
    assert outcome.settled_pico == 2 * IN + 40 * OUT
    assert outcome.unused_pico == 10 * OUT
    assert [s.cost_pico for s in outcome.samples] == [IN + 10 * OUT, IN + 20 * OUT]


def test_reasoning_is_split_by_output_unless_every_sample_tells_its_own():
    usage = Usage(input=2, output=40, reasoning=20)
    split = book(reply(choice(0, tokens=10), choice(1, tokens=30), usage=usage), attempt(), 9.0).outcome
    assert [s.reasoning_tokens for s in split.samples] == [5, 15]
    told = [choice(0, tokens=10, reasoning_tokens=9), choice(1, tokens=30, reasoning_tokens=11)]
    assert [s.reasoning_tokens for s in book(reply(*told, usage=usage), attempt(), 9.0).outcome.samples] == [
        9,
        11,
    ]


def test_a_reply_without_a_sample_is_paid_for_nothing():
    booked = book(reply(usage=Usage(input=10, output=5, reasoning=5)), attempt(), 9.0)
    assert booked.outcome.settled_pico == booked.outcome.unused_pico == 10 * IN + 5 * OUT
    assert (booked.outcome.samples, booked.arrived, booked.missing) == ((), 0, (4, 7))


def test_a_sample_that_did_not_come_is_missing_by_its_own_index():
    booked = book(reply(choice(1, tokens=5), usage=Usage(input=1, output=5)), attempt(), 9.0)
    assert (booked.arrived, booked.missing) == (1, (4,))
    assert [s.sample_index for s in booked.outcome.samples] == [7]


@pytest.mark.parametrize("index", [-1, 2])
def test_a_sample_that_was_not_asked_for_is_not_kept(index):
    booked = book(reply(choice(0, tokens=5), choice(index), usage=Usage(input=1, output=5)), attempt(), 9.0)
    assert [s.sample_index for s in booked.outcome.samples] == [4]
    assert booked.missing == (7,)


def test_a_reply_without_usage_is_charged_at_its_bound_and_its_samples_are_kept():
    booked = book(reply(choice(0, tokens=5), choice(1), usage=None), attempt(), 9.0)
    outcome = booked.outcome
    assert (outcome.state, outcome.presumed_pico, outcome.settled_pico) == ("presumed", WORST, 0)
    assert (outcome.error, outcome.cost_basis) == ("NoUsage", "none")
    assert (outcome.prompt_tokens, outcome.completion_tokens) == (None, None)
    assert [s.completion_tokens for s in outcome.samples] == [5, None]
    assert [s.token_basis for s in outcome.samples] == ["reported", None]
    assert [s.prompt_tokens for s in outcome.samples] == [None, None]
    assert [s.cost_pico for s in outcome.samples] == [0, 0]
    assert "without usage" in (booked.warning or "")
    assert outcome.error_message == booked.warning


def test_a_tier_without_a_price_is_charged_at_its_bound():
    booked = book(
        reply(choice(0), choice(1), usage=Usage(input=20, output=40), service_tier="scale"), attempt(), 9.0
    )
    assert (booked.outcome.state, booked.outcome.presumed_pico) == ("presumed", WORST)
    assert (booked.outcome.error, booked.outcome.service_tier) == ("Unpriced", "scale")
    assert (booked.outcome.prompt_tokens, booked.outcome.completion_tokens) == (20, 40)
    assert "scale" in (booked.warning or "")
    assert booked.unbounded == booked.warning, "no bound holds for its next replies either"


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param(Usage(input=10, output=1, cached=11), id="more cached than there is input"),
        pytest.param(Usage(input=10, output=1, cache_write=2, cache_write_1h=3), id="a part above its whole"),
        pytest.param(Usage(input=2, output=ABSURD_PICO // OUT), id="more than ten thousand dollars"),
    ],
)
def test_usage_that_makes_no_sense_is_charged_at_its_bound(usage):
    booked = book(reply(choice(0), usage=usage), attempt(), 9.0)
    assert (booked.outcome.state, booked.outcome.presumed_pico) == ("presumed", WORST)
    assert "makes no sense" in (booked.warning or "")


def test_a_great_sum_within_its_bound_is_settled():
    usage = Usage(input=2, output=ABSURD_PICO // OUT)
    outcome = book(reply(choice(0), usage=usage), attempt(worst_pico=2 * ABSURD_PICO), 9.0).outcome
    assert (outcome.state, outcome.settled_pico) == ("settled", ABSURD_PICO + 2 * IN)
    exactly = Usage(input=2, output=ABSURD_PICO // OUT - 1)
    assert book(reply(choice(0), usage=exactly), attempt(), 9.0).outcome.settled_pico == ABSURD_PICO


@pytest.mark.parametrize(("output", "over"), [(100, False), (101, True)])
def test_more_output_than_all_samples_may_have_is_told(output, over):
    booked = book(reply(choice(0), choice(1), usage=Usage(input=2, output=output)), attempt(), 9.0)
    assert booked.unbounded == (OVER_OUTPUT if over else None)
    assert (booked.warning is not None) is over
    assert booked.outcome.settled_pico == 2 * IN + output * OUT


@pytest.mark.parametrize(("tokens", "extra"), [(99, 0), (100, 0), (103, 3)])
def test_input_above_its_bound_is_told_and_booked_in_full(tokens, extra):
    booked = book(reply(choice(0), usage=Usage(input=tokens, output=1)), attempt(), 9.0)
    assert booked.extra_input_tokens == extra
    assert booked.outcome.settled_pico == tokens * IN + OUT


def test_a_share_of_a_server_s_time_is_what_is_paid_whatever_the_tokens():
    share = Share(pico=1000, leased=900)
    told = reply(choice(0, tokens=10), choice(1, tokens=30), usage=Usage(input=500, output=40))
    booked = book(told, attempt(lease_id=3, cost_basis="gpu_time"), 9.0, share=share)
    outcome = booked.outcome
    assert (outcome.settled_pico, outcome.lease_id, outcome.leased_pico) == (1000, 3, 900)
    assert [s.cost_pico for s in outcome.samples] == [250, 750]
    assert booked.extra_input_tokens == 0, "a bound on input is about money by the token"


def test_a_server_that_tells_no_usage_is_settled_by_its_time():
    share = Share(pico=1000, leased=1000)
    booked = book(reply(choice(0, tokens=3), choice(1), usage=None), attempt(), 9.0, share=share)
    assert (booked.outcome.state, booked.outcome.settled_pico) == ("settled", 1000)
    assert (booked.outcome.prompt_tokens, booked.outcome.completion_tokens) == (0, 3)
    assert sum(s.cost_pico for s in booked.outcome.samples) == 1000


def test_each_sample_has_its_own_latency_where_it_is_known_and_the_reply_s_else():
    usage = Usage(input=1, output=2)
    told = reply(choice(0, latency_s=1.5), choice(1), usage=usage)
    outcome = book(told, attempt(), 9.0).outcome
    assert ([s.latency_s for s in outcome.samples], outcome.latency_s) == ([1.5, 3.0], 3.0)
    batched = book(told, attempt(batch=True, provider="vllm"), 9.0).outcome
    assert ([s.latency_s for s in batched.samples], batched.latency_s) == ([None, None], None)


def test_what_the_vendor_says_of_the_reply_is_written_down():
    told = reply(
        choice(0, reasoning="hm\ud800", finish_reason="stop"),
        usage=Usage(input=1, output=1),
        model="m-1",
        service_tier="default",
        server_version="v2",
    )
    outcome = book(told, attempt(), 9.0).outcome
    assert (outcome.vendor_model, outcome.vendor_request, outcome.service_tier) == ("m-1", "req_1", "default")
    assert (outcome.server_version, outcome.http_status) == ("v2", 200)
    sample = outcome.samples[0]
    assert (sample.reasoning, sample.finish_reason, sample.text) == ("hm\ufffd", "stop", "answer 0")
    assert (sample.problem_id, sample.server, sample.stop_rule) == (13, "http://s", "fixed")


def test_a_broken_reply_keeps_its_whole_samples_and_is_charged_at_its_bound():
    error = Lost(
        "reset", status=502, request_id="r9", choices=(choice(1, tokens=8),), usage=Usage(input=3, output=8)
    )
    outcome = book_broken(error, attempt(), 9.0)
    assert (outcome.state, outcome.presumed_pico, outcome.settled_pico) == ("presumed", WORST, 0)
    assert [(s.sample_index, s.completion_tokens) for s in outcome.samples] == [(7, 8)]
    assert (outcome.prompt_tokens, outcome.completion_tokens) == (3, 8)
    assert (outcome.http_status, outcome.error, outcome.error_message) == (502, "Lost", "reset")
    assert outcome.vendor_request == "r9"


def test_a_broken_reply_of_a_paid_server_is_settled_by_its_time():
    error = Lost("reset", choices=(choice(0, tokens=8), choice(5)), usage=None)
    outcome = book_broken(error, attempt(lease_id=3), 9.0, share=Share(pico=500, leased=400))
    assert (outcome.state, outcome.settled_pico, outcome.leased_pico) == ("settled", 500, 400)
    assert (outcome.error, outcome.error_message) == ("Lost", "reset")
    assert [s.cost_pico for s in outcome.samples] == [500]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("plain", "plain"), ("é 😀", "é 😀"), ("a\ud83d b", "a\ufffd b"), ("\udc00", "\ufffd")],
)
def test_lone_surrogates_are_replaced_and_nothing_else_is(text, cleaned):
    assert clean(text) == cleaned
    clean(text).encode()


@given(
    st.integers(1, 500),
    st.integers(6, 300),
    st.lists(st.none() | st.integers(0, 200), max_size=6),
)
def test_the_samples_shares_and_what_brought_none_sum_to_the_bill(given_in, given_out, own):
    choices = [choice(i, tokens=tokens) for i, tokens in enumerate(own)]
    asked = attempt(indices=tuple(range(6)))
    outcome = book(reply(*choices, usage=Usage(input=given_in, output=given_out)), asked, 9.0).outcome
    assert outcome.settled_pico == given_in * IN + given_out * OUT
    assert sum(s.cost_pico for s in outcome.samples) + outcome.unused_pico == outcome.settled_pico
    assert min((s.cost_pico for s in outcome.samples), default=0) >= 0
    if own:
        assert sum(s.prompt_tokens or 0 for s in outcome.samples) == given_in
