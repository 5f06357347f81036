"""Server time: shares that sum to the busy time, and the lease that it is bought under."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.lease import Lease
from pricing.server_time import ServerMeter, server_pico

S = 10**9
H100 = Decimal("3.6")  # a tenth of a cent a second, 1e9 pico-dollars


def meter(usd=H100, gpus=1):
    return ServerMeter(usd_per_hour=usd, gpus=gpus)


def test_one_request_pays_its_time():
    m = meter()
    m.start("a", 4, 5 * S)
    assert m.finish("a", 7 * S) == 2 * 10**9
    assert (m.busy_ns, m.busy_pico, m.owed_pico) == (2 * S, 2 * 10**9, 0)


def test_gpus_multiply():
    m = meter(gpus=8)
    m.start("a", 1, 0)
    assert m.finish("a", S) == 8 * 10**9


def test_two_share_by_samples_while_both_run():
    m = meter()
    m.start("a", 1, 0)
    m.start("b", 3, 10 * S)  # a alone for 10 s
    assert m.finish("a", 14 * S) == 10 * 10**9 + 1 * 10**9  # then a quarter of 4 s
    assert m.owed_pico == 3 * 10**9
    assert m.finish("b", 15 * S) == 3 * 10**9 + 1 * 10**9
    assert m.paid_pico == m.busy_pico == 15 * 10**9


def test_idle_time_costs_nothing():
    m = meter()
    m.start("a", 1, 0)
    m.finish("a", S)
    m.tell(100 * S)
    m.start("b", 1, 100 * S)
    m.finish("b", 101 * S)
    assert m.busy_ns == 2 * S


def test_a_clock_that_goes_back_gives_nothing_back():
    m = meter()
    m.start("a", 1, 10 * S)
    m.tell(12 * S)
    m.tell(3 * S)
    assert m.finish("a", 11 * S) == 2 * 10**9


def test_mistakes_raise_and_change_nothing():
    m = meter()
    m.start("a", 1, 0)
    with pytest.raises(ValueError, match="runs already"):
        m.start("a", 1, S)
    with pytest.raises(ValueError, match="at least 1"):
        m.start("b", 0, S)
    with pytest.raises(KeyError):
        m.finish("b", S)
    assert (m.weight(), m.busy_ns) == (1, 0)
    with pytest.raises(ValueError, match="isn't a rate"):
        ServerMeter(usd_per_hour=Decimal("NaN"))


def test_a_free_server_is_free():
    m = meter(Decimal(0))
    m.start("a", 1, 0)
    assert m.finish("a", S) == 0


@st.composite
def histories(draw):
    """(usd an hour, gpus, moves in time order that leave nothing running)."""
    usd = draw(st.decimals(min_value=0, max_value=100, places=6))
    now, running, moves = 0, [], []
    for key in range(draw(st.integers(1, 25))):
        now += draw(st.integers(0, 10**10))
        moves.append(("start", key, draw(st.integers(1, 300)), now))
        running.append(key)
        while running and draw(st.booleans()):
            now += draw(st.integers(0, 10**10))
            ended = running.pop(draw(st.integers(0, len(running) - 1)))
            moves.append(("finish", ended, 0, now))
    for key in draw(st.permutations(running)):
        now += draw(st.integers(0, 10**10))
        moves.append(("finish", key, 0, now))
    return usd, draw(st.integers(1, 8)), moves


@settings(deadline=None)
@given(histories())
def test_shares_sum_to_the_busy_time_rounded_once(history):
    usd, gpus, moves = history
    m = ServerMeter(usd_per_hour=usd, gpus=gpus)
    rate = Fraction(usd) * gpus * 10**12 / (3600 * S)
    weights, exact, busy, last, paid = {}, {}, 0, 0, 0
    for move, key, weight, now in moves:
        if weights:
            busy += now - last
            for other, w in weights.items():
                exact[other] += Fraction(now - last) * w / sum(weights.values())
        last = now
        if move == "start":
            m.start(key, weight, now)
            weights[key], exact[key] = weight, Fraction(0)
        else:
            del weights[key]
            share = m.finish(key, now)
            paid += share
            # a pico-dollar of rounding, and the crumbs of V, far below one
            assert abs(share - exact[key] * rate) < 1 + Fraction(1, 1000)
        assert m.paid_pico == paid
        assert m.owed_pico >= 0
    assert m.busy_ns == busy
    assert paid == m.busy_pico == -(-(rate * busy).numerator // (rate * busy).denominator)
    assert m.owed_pico == 0


def test_server_pico_rounds_up():
    assert server_pico(usd_per_hour=H100, gpus=1, ns=S) == 10**9
    assert server_pico(usd_per_hour=Decimal("0.0000001"), gpus=1, ns=1) == 1


def test_a_lease_reserves_the_next_term_and_what_is_owed():
    m = meter()
    lease = Lease(m)
    assert lease.due(0)
    assert not lease.open(0)
    assert lease.wanted_pico(0) == 30 * 10**9
    lease.renewed(0, 30 * 10**9)
    m.start("a", 1, 0)
    assert lease.open(29 * S)
    assert not lease.due(19 * S)
    assert lease.due(20 * S)
    assert lease.wanted_pico(20 * S) == (20 + 30) * 10**9
    lease.renewed(20 * S, 50 * 10**9)
    assert lease.until_ns == 50 * S
    lease.settled(m.finish("a", 40 * S))
    assert lease.held_pico == 10 * 10**9  # the 10 s that are still leased
    assert lease.release() == 10 * 10**9
    assert lease.held_pico == 0
    assert not lease.open(41 * S)


def test_near_the_end_of_the_money_a_lease_is_as_long_as_the_money():
    m = meter()
    lease = Lease(m)
    assert lease.least_pico(0) == 2 * 10**9
    lease.renewed(0, 12 * 10**9)
    assert lease.until_ns == 12 * S
    m.start("a", 1, 0)
    assert not lease.due(8 * S - 1)
    assert lease.due(8 * S)


def test_without_renewal_nothing_new_goes_out_and_what_runs_is_cancelled_at_the_end():
    m = meter()
    lease = Lease(m)
    lease.renewed(0, lease.wanted_pico(0))
    m.start("a", 1, S)
    assert not lease.over(30 * S - 1)
    assert lease.over(30 * S)
    assert not lease.open(30 * S)
    with pytest.raises(ValueError, match="still works"):
        lease.release()
    lease.settled(m.finish("a", 30 * S))
    assert lease.release() == 10**9


@settings(deadline=None)
@given(st.data())
def test_what_is_held_always_covers_what_is_owed_and_the_rest_of_the_term(data):
    m = ServerMeter(usd_per_hour=data.draw(st.decimals(min_value=0, max_value=50, places=5)), gpus=2)
    lease = Lease(m)
    now, running = 0, []
    for step in range(data.draw(st.integers(1, 30))):
        now += data.draw(st.integers(0, 9 * S))
        if lease.due(now):
            least, wanted = lease.least_pico(now), lease.wanted_pico(now)
            lease.renewed(now, data.draw(st.integers(least, wanted)))
        if running and data.draw(st.booleans()):
            lease.settled(m.finish(running.pop(0), now))
        else:
            m.start(step, data.draw(st.integers(1, 64)), now)
            running.append(step)
        m.tell(now)
        assert lease.until_ns is not None
        end = m.busy_ns + lease.until_ns - now  # the busy time if it works until the lease ends
        assert lease.held_pico >= m.pico_for(end) - m.paid_pico
