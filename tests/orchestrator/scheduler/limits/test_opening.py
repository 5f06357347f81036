"""How many requests may be unanswered while no rate is known."""

from __future__ import annotations

from orchestrator.scheduler.limits.opening import Opening


def most(opening: Opening, taken: int, passed_s: float = 5.0, *, paced: bool = False) -> float:
    return opening.most(taken, passed_s, rough=False, tries=False, paced=paced)


def taken(opening: Opening, numbers: range) -> None:
    for number in numbers:
        opening.takes(number)


def test_it_opens_with_what_is_taken_and_not_beyond_what_an_empty_bucket_may_refuse():
    opening = Opening(ramps=True)
    assert most(opening, 0) == 4
    taken(opening, range(600))
    assert most(opening, 600) == 12
    assert most(opening, 6_000) == 24
    assert most(opening, 6_000, 11.0) > 64


def test_after_several_refused_in_a_row_few_go_out_until_later_ones_are_taken():
    opening = Opening(ramps=False)
    assert most(opening, 500) == float("inf")
    opening.reopen(last=500)
    taken(opening, range(450, 501))
    assert most(opening, 500) == 4
    taken(opening, range(501, 581))
    assert most(opening, 580) == 14
    assert most(opening, 580, paced=True) == float("inf")
    opening.forget()
    assert most(opening, 580) == float("inf")
