"""Money is held before anything is sent, comes back when it is known what it cost, and is shared where it is short."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.budget import UNBOUNDED, Budget, Funds


def budget(total: int = 1000, *, others_held: int = 0, shared: bool = False, **funds: Funds) -> Budget:
    return Budget(total, funds, others_held=others_held, shared=shared)


def test_a_reservation_holds_until_it_ends_and_only_its_cost_stays():
    made = budget(a=Funds(weight=1))
    assert made.reserve("a", 600)
    assert (made.held, made.reserved, made.room("a"), made.room_later("a")) == (600, 600, 400, 1000)
    assert not made.reserve("a", 401)
    assert made.held == 600, "a refusal changes nothing"
    assert made.funds["a"].in_flight == 1
    made.end("a", 600, settled=150, presumed=50)
    assert (made.held, made.reserved, made.room("a")) == (200, 0, 800)
    assert (made.funds["a"].settled, made.funds["a"].presumed) == (150, 50)


def test_the_last_of_the_money_may_be_reserved():
    made = budget(a=Funds(weight=1))
    assert made.reserve("a", 1000)
    assert made.reserve("a", 0), "what its server's lease pays for holds nothing"
    assert not made.reserve("a", 1)
    assert not made.exceeded


def test_a_bill_above_its_bound_is_booked_in_full_and_seen():
    made = budget(a=Funds(weight=1))
    made.reserve("a", 1000)
    made.end("a", 1000, settled=1001)
    assert made.exceeded
    assert made.room("a") == -1


@pytest.mark.parametrize("reserved", [101, 0])
def test_what_was_never_reserved_can_not_end(reserved):
    made = budget(a=Funds(weight=1))
    if reserved:
        made.reserve("a", 100)
    with pytest.raises(ValueError, match="in flight"):
        made.end("a", reserved)
    assert made.funds["a"].reserved == (100 if reserved else 0)


def test_what_others_hold_of_the_ledger_s_budget_leaves_less():
    made = budget(others_held=300, a=Funds(weight=1, settled=100), b=Funds(weight=1, presumed=50))
    assert (made.held, made.room("a"), made.room("b")) == (450, 550, 550)


def test_a_model_s_own_cap_holds_beside_the_budget():
    made = budget(a=Funds(weight=1, cap=250, settled=200), b=Funds(weight=1))
    assert (made.room("a"), made.room("b")) == (50, 800)


def test_a_recording_s_dollars_count_against_its_own_cap_alone():
    made = budget(a=Funds(weight=1, counted=False, settled=5000), b=Funds(weight=1))
    assert (made.held, made.room("b")) == (0, 1000)
    assert made.room("a") == UNBOUNDED
    assert made.room_later("a") == UNBOUNDED
    made.funds["a"].cap = 5100
    assert made.room("a") == 100


def test_what_a_batch_leaves_behind_stays_held_and_does_not_come_back():
    made = budget(a=Funds(weight=1))
    made.reserve("a", 400)
    made.leave("a", 400)
    assert (made.held, made.reserved, made.funds["a"].left, made.funds["a"].in_flight) == (400, 0, 400, 0)
    assert (made.room("a"), made.room_later("a")) == (600, 600)


def test_money_is_shared_by_weight_where_it_is_short():
    made = budget(shared=True, a=Funds(weight=3), b=Funds(weight=1))
    assert (made.share("a"), made.share("b")) == (750, 250)
    assert (made.room("a"), made.room("b")) == (750, 250)
    assert not made.reserve("b", 251)
    made.reserve("b", 250)
    assert (made.room("b"), made.room_later("b")) == (0, 250)
    assert made.room("a") == 750


@pytest.mark.parametrize("state", ["finished", "stuck"])
def test_what_a_finished_or_stuck_model_does_not_hold_passes_on(state):
    made = budget(shared=True, a=Funds(weight=1), b=Funds(weight=1, settled=200))
    assert made.share("a") == 500
    setattr(made.funds["b"], state, True)
    assert made.share("a") == 800
    assert made.share("b") == 500, "and for its own share it is a taker still"


def test_what_a_cap_leaves_over_is_dealt_again():
    made = budget(shared=True, a=Funds(weight=1, cap=100), b=Funds(weight=1), c=Funds(weight=2))
    assert (made.share("a"), made.share("b"), made.share("c")) == (100, 300, 600)


def test_a_cap_that_binds_only_after_another_was_dealt_again_binds_too():
    made = budget(shared=True, a=Funds(weight=1, cap=100), b=Funds(weight=1, cap=400), c=Funds(weight=1))
    assert (made.share("a"), made.share("b"), made.share("c")) == (100, 400, 500)


def test_models_without_any_weight_share_what_there_is():
    assert budget(shared=True, a=Funds(weight=0)).share("a") == 1000


def test_a_stuck_model_tries_again_once_any_reservation_ends():
    made = budget(shared=True, a=Funds(weight=1), b=Funds(weight=1, stuck=True))
    made.reserve("a", 10)
    assert made.funds["b"].stuck
    made.end("a", 10)
    assert not made.funds["b"].stuck


def test_a_stuck_model_that_reserves_is_stuck_no_longer():
    made = budget(shared=True, a=Funds(weight=1, stuck=True))
    made.reserve("a", 10)
    assert not made.funds["a"].stuck


def test_a_lease_may_reach_over_the_share_while_what_is_spent_is_within_it():
    made = budget(shared=True, a=Funds(weight=1, settled=400), b=Funds(weight=1))
    assert made.lease_room("a") == 600
    assert made.lease("a", 600)
    assert not made.lease("a", 1)
    made.funds["a"].settled = 500
    assert made.lease_room("a") == 0
    assert made.lease("a", -100), "what is given back always goes"
    assert made.funds["a"].reserved == 500


def test_a_lease_does_not_reach_over_the_model_s_own_cap():
    made = budget(a=Funds(weight=1, cap=250, settled=200))
    assert made.lease_room("a") == 50


def test_the_lease_of_a_replayed_model_holds_nothing_of_the_budget():
    made = budget(100, shared=True, a=Funds(weight=1, counted=False), b=Funds(weight=1, settled=100))
    assert made.lease_room("a") == UNBOUNDED


def test_a_server_s_time_is_paid_out_of_its_lease_as_far_as_that_goes():
    made = budget(a=Funds(weight=1))
    made.lease("a", 300)
    made.pay("a", 250, leased=200)
    assert (made.funds["a"].reserved, made.funds["a"].settled, made.held) == (100, 250, 350)
