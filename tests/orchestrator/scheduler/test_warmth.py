"""Prompts that go through a vendor's cache: one ahead, the others of its block after it, other problems meanwhile."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.warmth import BLOCK, Warmth
from orchestrator.scheduler.work import Item, Work


def work(problems: int, samples: int, *, worth: bytes | None = None, rounds: bool = False) -> Work:
    return Work(
        [ProblemState() for _ in range(problems)],
        samples=samples,
        max_n=1,
        rounds=rounds,
        until_solved=False,
        warmth=Warmth(bytes([1] * problems) if worth is None else worth),
    )


def take_all(made: Work) -> list[Item]:
    taken: list[Item] = []
    while (item := made.peek(0.0)) is not None:
        taken.append(made.take(item, 1))
    return taken


def test_one_of_each_problem_goes_ahead_and_the_rest_of_its_block_follows():
    made = work(3, 40)
    first = take_all(made)
    assert [(i.problem, i.indices, i.cached) for i in first] == [(p, (0,), True) for p in range(3)]
    made.arrived(1, 1)
    second = take_all(made)
    assert [(i.problem, i.indices[0]) for i in second[: BLOCK - 1]] == [(1, k) for k in range(1, BLOCK)]
    assert all(i.cached for i in second)
    # then the next block of problem 1 begins, with one ahead
    assert [(i.problem, i.indices[0]) for i in second[BLOCK - 1 :]] == [(1, BLOCK)]


def test_all_samples_are_asked_once():
    made = work(5, 37)
    asked: Counter[tuple[int, int]] = Counter()
    flying = take_all(made)
    while flying:
        item = flying.pop(0)
        asked[item.problem, item.indices[0]] += 1
        made.arrived(item.problem, 1)
        flying += take_all(made)
    assert asked == {(p, k): 1 for p in range(5) for k in range(37)}
    assert made.unasked == 0
    assert made.lacking() == 0


def test_rounds_of_one_ask_for_no_cache_and_larger_ones_do():
    made = work(1, 8, rounds=True)
    seen: list[bool] = []
    while (item := made.peek(0.0)) is not None:
        seen.append(made.take(item, 1).cached)
        made.arrived(0, 1)
    # 1, 1, 2, 4
    assert seen == [False, False, True, True, True, True, True, True]


def test_a_problem_that_is_not_worth_it_waits_for_nothing():
    made = work(2, 3, worth=b"\x00\x01")
    taken = take_all(made)
    assert Counter(i.problem for i in taken) == {0: 3, 1: 1}
    assert {i.problem for i in taken if i.cached} == {1}


@pytest.mark.parametrize("how", ["gave_up", "again"])
def test_a_first_one_that_fails_holds_nothing_for_ever(how):
    made = work(1, 3)
    (first,) = take_all(made)
    if how == "gave_up":
        made.gave_up(0, 1)
    else:
        made.again(first, 0.0)
        (again,) = take_all(made)
        assert again.indices == (0,)
        assert again.cached
        made.arrived(0, 1)
    assert [i.indices for i in take_all(made)] == [(1,), (2,)]


def test_breadth_first_over_blocks():
    made = work(2, 2 * BLOCK)
    order: list[int] = []
    flying = take_all(made)
    while flying:
        item = flying.pop(0)
        order.append(item.problem)
        made.arrived(item.problem, 1)
        flying += take_all(made)
    counts = Counter(order[: 2 * BLOCK])
    assert abs(counts[0] - counts[1]) <= 2, "a block of each, and the first of the next"
