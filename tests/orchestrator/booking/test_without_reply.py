"""A request that brought no whole reply: free where nothing can have been billed, else charged at its bound."""

from __future__ import annotations

import time

import pytest

from orchestrator.booking.server_share import Share
from orchestrator.booking.without_reply import ended_badly, free, lease_over
from providers.errors import Lost, NotSent, RateLimited
from providers.types import Usage
from tests.orchestrator.booking.figures import WORST, attempt, choice

SHARE = Share(pico=1000, leased=900)


def test_what_may_have_been_billed_is_charged_at_its_bound():
    outcome = ended_badly(attempt(), Lost("time-out", request_id="r1"), None, unknown=True)
    assert (outcome.state, outcome.presumed_pico, outcome.settled_pico) == ("presumed", WORST, 0)
    assert (outcome.error, outcome.error_message, outcome.vendor_request) == ("Lost", "time-out", "r1")
    assert (outcome.cost_basis, outcome.reserved_pico) == ("none", WORST)


@pytest.mark.parametrize("error", [NotSent("refused"), RateLimited("slow down", status=429)])
def test_what_cannot_have_been_billed_is_free(error):
    outcome = ended_badly(attempt(), error, None, unknown=False)
    assert (outcome.state, outcome.presumed_pico, outcome.settled_pico) == ("free", 0, 0)
    assert (outcome.error, outcome.http_status) == (type(error).__name__, error.status)
    assert outcome.cost_basis == "none"
    assert outcome.leased_pico == 0


def test_a_paid_server_s_time_is_settled_though_it_brought_nothing():
    outcome = ended_badly(
        attempt(lease_id=3, cost_basis="gpu_time"), NotSent("refused"), SHARE, unknown=False
    )
    assert (outcome.state, outcome.settled_pico, outcome.unused_pico) == ("settled", 1000, 1000)
    assert (outcome.presumed_pico, outcome.cost_basis) == (0, "gpu_time")
    assert (outcome.lease_id, outcome.leased_pico) == (3, 900)


@pytest.mark.parametrize(
    ("error", "kept", "output"),
    [
        (Lost("reset", choices=(choice(1, tokens=8),)), [7], None),
        (Lost("reset", usage=Usage(input=3, output=8)), [], 8),
    ],
)
def test_what_a_broken_reply_brought_is_kept_with_it(error, kept, output):
    outcome = ended_badly(attempt(), error, None, unknown=True)
    assert [s.sample_index for s in outcome.samples] == kept
    assert outcome.completion_tokens == output
    assert outcome.presumed_pico == WORST


def test_a_lease_that_ended_is_paid_and_brought_nothing():
    outcome = lease_over(attempt(lease_id=3, cost_basis="gpu_time"), SHARE)
    assert (outcome.state, outcome.settled_pico, outcome.unused_pico) == ("settled", 1000, 1000)
    assert (outcome.lease_id, outcome.leased_pico, outcome.presumed_pico) == (3, 900, 0)
    assert (outcome.error, outcome.samples, outcome.cost_basis) == ("LeaseOver", (), "gpu_time")


def test_what_never_left_is_free_and_says_why():
    before = time.time()
    outcome = free(attempt(), error="NotSent", message="the run was ending")
    assert (outcome.state, outcome.settled_pico, outcome.presumed_pico) == ("free", 0, 0)
    assert (outcome.error, outcome.error_message) == ("NotSent", "the run was ending")
    assert (outcome.request_id, outcome.model_id, outcome.reserved_pico) == (11, 12, WORST)
    assert before <= outcome.ended_at <= time.time()
