"""Calls in the order given, each asked in parts, retried in parts, and let go when all of its parts have ended."""

from __future__ import annotations

from orchestrator.scheduler.call_queue import CallQueue


def queue(*sizes: int, max_n: int = 2) -> CallQueue[list[int]]:
    return CallQueue(iter([[0] * size for size in sizes]), parts=sum(sizes), max_n=max_n)


def taken(calls: CallQueue[list[int]], now: float = 0.0) -> tuple[int, tuple[int, ...]]:
    item = calls.peek(now)
    assert item is not None
    item = calls.take(item, len(item.indices))
    return item.problem, item.indices


def test_a_call_is_asked_in_parts_and_calls_in_their_order():
    calls = queue(3, 1)
    assert [taken(calls) for _ in range(3)] == [(1, (0, 1)), (1, (2,)), (2, (0,))]
    assert (calls.unasked, calls.empty, calls.peek(0.0), calls.lacking()) == (0, True, None, 4)


def test_a_call_is_read_only_when_its_turn_comes():
    read = []

    def calls():
        for size in (1, 1, 1):
            read.append(size)
            yield [0] * size

    waiting = CallQueue(calls(), parts=3, max_n=1)
    assert read == []
    taken(waiting)
    assert len(read) == 1


def test_less_may_be_taken_than_is_shown():
    calls = queue(2)
    item = calls.peek(0.0)
    assert item is not None
    assert calls.take(item, 1).indices == (0,)
    assert taken(calls) == (1, (1,))


def test_what_comes_again_waits_for_its_moment_and_goes_first_then():
    calls = queue(2, 2)
    item = calls.peek(0.0)
    assert item is not None
    first = calls.take(item, 2)
    calls.again(first, 5.0)
    assert (calls.unasked, calls.next_at()) == (4, 5.0)
    assert taken(calls, 1.0)[1] == (0, 1)
    assert calls.peek(4.9) is None
    shown = calls.peek(5.0)
    assert shown is not None
    assert calls.take(shown, 1).indices == (0,)
    assert taken(calls, 5.0) == (1, (1,))
    assert calls.next_at() is None


def test_of_two_that_come_again_the_earlier_goes_first():
    calls = queue(1, 1)
    items = []
    for _ in range(2):
        item = calls.peek(0.0)
        assert item is not None
        items.append(calls.take(item, 1))
    calls.again(items[0], 9.0)
    calls.again(items[1], 3.0)
    assert [taken(calls, 10.0)[0], taken(calls, 10.0)[0]] == [2, 1]


def test_a_call_is_kept_until_all_its_parts_have_ended():
    calls = queue(3)
    taken(calls)
    taken(calls)
    assert len(calls.call(1)) == 3
    calls.arrived(1, 2)
    assert calls.lacking() == 1
    assert len(calls.call(1)) == 3
    calls.gave_up(1, 1)
    assert calls.lacking() == 0
    assert calls.close(1) == []
