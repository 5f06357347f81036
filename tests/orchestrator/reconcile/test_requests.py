"""An export with one row a request: which of its rows are what the presumed requests cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.reconcile.proposal import Period, Proposal
from orchestrator.reconcile.requests import SLACK_S, settle_requests
from orchestrator.reconcile.usage_line import Line
from tests.orchestrator.reconcile.presumed_requests import (
    AT,
    BOUND,
    DUE_S,
    SETTLED,
    TIMEOUT_S,
    Asked,
    books_of,
)

KNOWN = Asked(billed=SETTLED, vendor_request="known")
LATER = AT + 10 * DUE_S


def line(
    request: str | None, *, at: float | None = AT, pico: int = SETTLED, end: float | None = None
) -> Line:
    return Line(start=at, end=end, model="m", request=request, requests=1, tokens=None, pico=pico)


EDGE = line("much later", at=LATER, pico=7)
"""Of nobody here: it shows that the export goes on long enough to hold all."""


def proposed(
    tmp_path: Path, requests: Sequence[Asked], lines: Sequence[Line], period: Period | None = None
) -> Proposal:
    proposal = Proposal(source="usage", period=period or Period(since=AT - DUE_S, until=LATER))
    with books_of(tmp_path / "l.db", requests) as books:
        group = list(books.models.values())
        settle_requests(
            books, group, lines, lines, proposal, tmp_path / "e", factor=Fraction(1), written_at=LATER
        )
    return proposal


def test_a_request_with_an_id_is_settled_at_its_own_row(tmp_path):
    proposal = proposed(
        tmp_path, [KNOWN, Asked(vendor_request="mine")], [line("known"), line("mine", pico=77)]
    )
    assert [change.settled_pico for change in proposal.changes] == [77]
    assert "matched by the vendor's request id: 1" in proposal.notes[0]


def test_two_without_an_id_share_the_rows_that_nobody_explains(tmp_path):
    proposal = proposed(
        tmp_path, [KNOWN, Asked(), Asked()], [line("known"), line("a", pico=30), line("b", pico=10)]
    )
    assert [change.settled_pico for change in proposal.changes] == [20, 20]


@pytest.mark.parametrize(
    ("seconds", "is_its_own"),
    [
        (0.0, True),
        (-SLACK_S, True),
        (-SLACK_S - 1, False),
        (TIMEOUT_S + SLACK_S, True),
        (TIMEOUT_S + SLACK_S + 1, False),
    ],
)
def test_a_row_without_a_request_counts_only_near_its_time(tmp_path, seconds, is_its_own):
    proposal = proposed(tmp_path, [KNOWN, Asked()], [line("known"), line("a", at=AT + seconds, pico=30)])
    assert [change.settled_pico for change in proposal.changes] == [30 if is_its_own else 0]


@pytest.mark.parametrize(("reach_s", "is_its_own"), [(SLACK_S, True), (SLACK_S + 1, False)])
def test_a_row_that_ends_near_its_time_counts_whenever_it_began(tmp_path, reach_s, is_its_own):
    row = line("a", at=AT - 2000, end=AT - reach_s, pico=30)
    proposal = proposed(tmp_path, [KNOWN, Asked()], [line("known"), row])
    assert [change.settled_pico for change in proposal.changes] == [30 if is_its_own else 0]


def test_a_row_that_says_no_time_is_taken_for_its_own(tmp_path):
    proposal = proposed(tmp_path, [KNOWN, Asked()], [line("known"), line("a", at=None, pico=30)])
    assert [change.settled_pico for change in proposal.changes] == [30]


def test_an_export_that_lacks_a_settled_request_settles_nothing_without_an_id(tmp_path):
    lacking = Asked(billed=SETTLED, vendor_request="lacking")
    proposal = proposed(tmp_path, [KNOWN, lacking, Asked()], [line("known"), line("a", pico=30)])
    assert proposal.changes == []
    assert "it lacks 1 of the 2 settled requests" in proposal.notes[0]
    assert "1 without a match stays presumed" in proposal.notes[0]


def test_an_export_without_any_settled_request_settles_nothing_without_an_id(tmp_path):
    proposal = proposed(tmp_path, [Asked(), Asked()], [line("a", pico=30)])
    assert proposal.changes == []
    assert "2 without a match" in proposal.notes[0]
    assert "none of the settled requests" in proposal.notes[0]


def test_what_the_export_is_too_early_for_stays_presumed_and_is_counted(tmp_path):
    late = Asked(at=LATER - DUE_S + 1)
    just = Asked(at=LATER - DUE_S)
    proposal = proposed(tmp_path, [KNOWN, Asked(), late, just], [line("known"), line("a", pico=30)])
    assert [change.what.begun for change in proposal.changes] == [AT, just.at]
    assert "1 stays presumed, outside the export's time" in proposal.notes[0]


def test_without_a_stated_time_the_export_reaches_from_its_first_row_to_its_last(tmp_path):
    early = Asked(at=AT - 5000)
    proposal = proposed(
        tmp_path, [KNOWN, Asked(), early], [line("known"), line("a", pico=30), EDGE], Period()
    )
    assert [(change.what.begun, change.settled_pico) for change in proposal.changes] == [(AT, 30)]


def test_more_rows_than_requests_are_other_traffic(tmp_path):
    rows = [line("known"), line("a"), line("b")]
    with pytest.raises(InputError, match="2 of its rows match no request of this ledger, more than the 1"):
        proposed(tmp_path, [KNOWN, Asked()], rows)


def test_rows_of_one_request_are_one_request(tmp_path):
    rows = [line("known"), line("a", pico=30), line("a", pico=12)]
    assert [change.settled_pico for change in proposed(tmp_path, [KNOWN, Asked()], rows).changes] == [42]


def test_more_than_was_reserved_is_refused(tmp_path):
    with pytest.raises(InputError, match="above"):
        proposed(tmp_path, [KNOWN, Asked()], [line("known"), line("a", pico=BOUND + 1)])
    rows = [line("known"), line("a", pico=BOUND)]
    (tmp_path / "l.db").unlink()
    assert [change.settled_pico for change in proposed(tmp_path, [KNOWN, Asked()], rows).changes] == [BOUND]
