"""Many lost requests slow a model down."""

from __future__ import annotations

from orchestrator.scheduler.admission import SLOWED_DOWN
from orchestrator.scheduler.losses import OVER, TOO_MANY, Losses
from orchestrator.scheduler.retry import Then
from orchestrator.text.failure_words import in_words
from providers.errors import Lost, RateLimited
from tests.orchestrator.scheduler.lanes import admitted, all_admitted, lane, scheduler


def after(losses: Losses, lost: int, *, in_flight: int = 32) -> int | None:
    for number in range(OVER):
        losses.ended(in_flight, lost=number < lost)
    return losses.most


def test_a_fifth_is_borne_and_more_halves_what_is_in_flight():
    losses = Losses()
    assert after(losses, TOO_MANY) is None
    assert after(losses, TOO_MANY + 1) == 16
    assert losses.lost == TOO_MANY + 1


def test_it_recovers_step_by_step():
    losses = Losses()
    after(losses, TOO_MANY + 1)
    after(losses, TOO_MANY + 1, in_flight=16)
    assert losses.most == 8
    assert [after(losses, 0, in_flight=8), after(losses, 0, in_flight=16)] == [16, None]


def test_a_slowed_model_says_so():
    made = scheduler(lane(problems=40, samples=4, max_n=1, max_lost=100, max_attempts=100))
    tickets = all_admitted(made)[: TOO_MANY + 1]
    for ticket in tickets:
        made.failed(ticket, 1.0, Lost("reset"), presumed=10)
    assert made.next(1.0) is None
    assert (made.lanes["m"].waiting or "").startswith(SLOWED_DOWN)


def test_a_sample_is_lost_as_often_as_the_model_allows():
    for most in (1, 2):
        made = scheduler(lane(problems=1, samples=1, max_n=1, max_lost=most))
        decisions = [made.failed(admitted(made, 100.0 * i), 100.0 * i, Lost("reset"))[0] for i in range(most)]
        assert [d.then for d in decisions] == [Then.AGAIN] * (most - 1) + [Then.GIVE_UP]


def test_replies_without_a_sample_are_lost_too_where_they_may_have_been_billed():
    made = scheduler(lane(problems=1, samples=1, max_n=1, max_lost=2))
    assert made.replied(admitted(made), 1.0, settled=0, presumed=10, arrived=0, missing=(0,)) == []
    assert made.next(1.1) is None  # it waits
    again = admitted(made, 100.0)
    assert made.replied(again, 100.0, settled=0, presumed=10, arrived=0, missing=(0,)) == [(0, 1)]


def test_a_refusal_that_may_have_been_billed_is_not_called_free():
    made = scheduler(lane(problems=2, samples=1, max_n=1))
    made.failed(admitted(made), 1.0, RateLimited("an error in a 200 reply", status=200), presumed=10)
    made.failed(admitted(made), 1.0, RateLimited("slow down", status=429))
    assert in_words(made.lanes["m"].errors) == {
        ("rate limited", "counted at worst case"): 1,
        ("rate limited", "free"): 1,
    }
