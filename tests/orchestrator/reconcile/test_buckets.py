"""An export of buckets of time: what it bills in them, less what replies settled, is what the presumed ones cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.reconcile.buckets import Span, settle_buckets
from orchestrator.reconcile.proposal import Period, Proposal
from orchestrator.reconcile.usage_line import Line
from tests.orchestrator.reconcile.presumed_requests import AT, BOUND, DUE_S, SETTLED, Asked, books_of

HOUR = 3600.0
BEGIN = AT - HOUR
HOURS = [(BEGIN + at * HOUR, BEGIN + (at + 1) * HOUR) for at in range(6)]
END = HOURS[-1][1]


def hour(at: int, pico: int, *, requests: int | None = None) -> Line:
    begin, end = HOURS[at]
    return Line(start=begin, end=end, model="m", request=None, requests=requests, tokens=None, pico=pico)


def proposed(
    tmp_path: Path,
    requests: Sequence[Asked],
    lines: Sequence[Line],
    *,
    buckets: Sequence[Span] = HOURS,
    factor: Fraction = Fraction(1),
    period: Period | None = None,
) -> Proposal:
    proposal = Proposal(source="usage", period=period or Period())
    with books_of(tmp_path / "l.db", requests) as books:
        group = list(books.models.values())
        settle_buckets(
            books, group, lines, buckets, proposal, tmp_path / "e", factor=factor, written_at=END + DUE_S
        )
    return proposal


MIDDLE = AT + 1800.0
"""Far from the edges of its hour, the second."""


def test_what_is_billed_beyond_what_was_settled_is_the_presumed_ones_and_shared(tmp_path):
    known = Asked(at=MIDDLE, billed=SETTLED)
    proposal = proposed(tmp_path, [known, Asked(at=MIDDLE), Asked(at=MIDDLE)], [hour(1, SETTLED + 90)])
    assert [change.settled_pico for change in proposal.changes] == [45, 45]
    assert proposal.billed_pico == SETTLED + 90
    assert "2 presumed" in proposal.notes[-1]


def test_hours_without_a_request_of_the_ledger_are_other_traffic(tmp_path):
    lines = [hour(1, 50), hour(3, 10**9)]
    assert [change.settled_pico for change in proposed(tmp_path, [Asked(at=MIDDLE)], lines).changes] == [50]


def test_those_of_other_hours_have_their_own_bill(tmp_path):
    two = [Asked(at=MIDDLE), Asked(at=MIDDLE + 2 * HOUR)]
    proposal = proposed(
        tmp_path, two, [hour(1, 50), hour(3, 70)], buckets=[*HOURS, *((e, e + HOUR) for _, e in HOURS[-1:])]
    )
    assert {change.what.begun - MIDDLE: change.settled_pico for change in proposal.changes} == {
        0: 50,
        2 * HOUR: 70,
    }


def test_what_the_export_can_not_know_of_stays_presumed_and_is_counted(tmp_path):
    """Of three one is before the export and one too near its end."""
    asked = [Asked(at=BEGIN - 10), Asked(at=MIDDLE), Asked(at=END - DUE_S + 1)]
    proposal = proposed(tmp_path, asked, [hour(1, 50)])
    assert [change.what.begun for change in proposal.changes] == [MIDDLE]
    assert proposal.notes[0].startswith("m: 2 stay presumed, outside the export's time")


def test_an_export_that_knows_of_none_changes_nothing(tmp_path):
    proposal = proposed(tmp_path, [Asked(at=BEGIN - 10)], [hour(1, 50)])
    assert proposal.empty
    assert proposal.notes[0].startswith("m: 1 stays presumed")


def test_only_the_share_that_the_vendor_bills_of_the_settled_is_taken_off(tmp_path):
    known = Asked(at=MIDDLE, billed=SETTLED)
    proposal = proposed(tmp_path, [known, Asked(at=MIDDLE)], [hour(1, SETTLED)], factor=Fraction(9, 10))
    assert [change.settled_pico for change in proposal.changes] == [SETTLED // 10]


def test_less_than_was_settled_is_refused_as_not_whole_yet(tmp_path):
    with pytest.raises(InputError, match="n't complete yet"):
        proposed(tmp_path, [Asked(at=MIDDLE, billed=SETTLED), Asked(at=MIDDLE)], [hour(1, SETTLED - 1)])


def test_more_than_was_reserved_is_refused(tmp_path):
    with pytest.raises(InputError, match="above"):
        proposed(tmp_path, [Asked(at=MIDDLE)], [hour(1, BOUND + 1)])


@pytest.mark.parametrize(("requests", "is_refused"), [(2, False), (3, True)])
def test_more_requests_than_the_ledger_made_are_other_traffic(tmp_path, requests, is_refused):
    asked = [Asked(at=MIDDLE, billed=SETTLED), Asked(at=MIDDLE)]
    lines = [hour(1, SETTLED + 90, requests=requests)]
    if is_refused:
        with pytest.raises(InputError, match="3 requests, of which this ledger made at most 2"):
            proposed(tmp_path, asked, lines)
    else:
        assert [change.settled_pico for change in proposed(tmp_path, asked, lines).changes] == [90]
