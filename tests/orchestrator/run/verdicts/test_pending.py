"""Which cases are verified next: problem after problem, and never all calls for one."""

from orchestrator.run.verdicts.pending import Pending


def filled(at_once: int, *cases: tuple[int, bytes]) -> Pending:
    pending = Pending(at_once)
    for case in cases:
        pending.add(case)
    return pending


def cases(problem: int, n: int) -> list[tuple[int, bytes]]:
    return [(problem, bytes([i])) for i in range(n)]


def test_problems_take_turns_and_each_is_first_come_first_served():
    pending = filled(2, *cases(1, 3), *cases(2, 2))
    assert pending.take(9) == [(1, b"\0"), (2, b"\0"), (1, b"\1"), (2, b"\1"), (1, b"\2")]
    assert pending.take(9) == []


def test_one_problem_never_has_all_calls():
    pending = filled(3, *cases(1, 9), *cases(2, 1))
    taken = [pending.take(1) for _ in range(4)]
    assert taken == [[(1, b"\0")], [(2, b"\0")], [(1, b"\1")], []], "two of three calls, and no more"
    pending.add((3, b"\0"))
    assert pending.take(1) == [(3, b"\0")]
    pending.ended(taken[0])
    assert pending.take(1) == [(1, b"\2")]


def test_the_only_problem_has_all_calls():
    pending = filled(3, *cases(1, 9))
    assert [len(pending.take(1)) for _ in range(4)] == [1, 1, 1, 0]


def test_a_call_of_several_texts_counts_once():
    pending = filled(2, *cases(1, 3), *cases(2, 3))
    first = pending.take(3)
    assert first == [(1, b"\0"), (2, b"\0"), (1, b"\1")]
    assert pending.take(3) == [], "both problems have the one call that they may have of two"
    pending.ended(first)
    assert pending.take(9) == [(2, b"\1"), (1, b"\2"), (2, b"\2")]


def test_one_call_at_a_time_is_enough_for_all():
    pending = filled(1, *cases(1, 1), *cases(2, 1))
    assert [pending.take(1), pending.take(1)] == [[(1, b"\0")], [(2, b"\0")]]


def test_what_was_slow_goes_alone_until_it_is_quick():
    pending = filled(2, *cases(1, 4), *cases(2, 3))
    together = pending.take(2)
    assert together == [(1, b"\0"), (2, b"\0")]
    pending.ended(together, 9.0)
    first = pending.take(9)
    assert first == [(1, b"\1")]
    pending.ended(first, 9.0)
    second = pending.take(9)
    assert second == [(2, b"\1")]
    pending.ended(second, 0.01)
    assert pending.take(9) == [(1, b"\2")]
    assert pending.take(9) == [(2, b"\2")]
