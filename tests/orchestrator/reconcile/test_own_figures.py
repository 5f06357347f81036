"""A presumed request whose own rows an export has: booked as its reply would have been, over the samples it brought."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.reconcile.own_figures import own_change, sum_tokens
from orchestrator.reconcile.proposal import Change, Proposal
from orchestrator.reconcile.usage_line import Line
from pricing.types import Tokens
from tests.orchestrator.reconcile.presumed_requests import AT, Asked, books_of


def line(*, pico: int | None = None, tokens: Tokens | None = None) -> Line:
    return Line(start=AT, end=None, model="m", request="mine", requests=1, tokens=tokens, pico=pico)


def changed(
    tmp_path: Path, brought: tuple[int | None, ...], lines: Sequence[Line], *, above_bound: bool = False
) -> tuple[Change | None, Proposal]:
    proposal = Proposal(source="usage", above_bound=above_bound)
    with books_of(tmp_path / "l.db", [Asked(vendor_request="mine", brought=brought)]) as books:
        (one,) = books.presumed
        return own_change(books, one, lines, books.models[1], proposal, tmp_path / "e"), proposal


@pytest.mark.parametrize(
    ("brought", "shares"),
    [
        pytest.param((10, 30), [20, 60], id="by the samples' own tokens"),
        pytest.param((1, None), [40, 40], id="equally, where one of them tells none"),
        pytest.param((None,), [80], id="one sample has all of it"),
    ],
)
def test_dollars_alone_are_shared_among_what_came(tmp_path, brought, shares):
    change, _ = changed(tmp_path, brought, [line(pico=50), line(pico=30)])
    assert change is not None
    assert (change.settled_pico, change.tokens, change.unused_pico) == (80, False, 0)
    assert change.outcome is not None
    assert [sample.cost_pico for sample in change.outcome.samples] == shares


def test_what_brought_no_sample_was_paid_for_nothing(tmp_path):
    change, _ = changed(tmp_path, (), [line(pico=80)])
    assert change is not None
    assert change.settled_pico == change.unused_pico == 80


def test_tokens_are_priced_as_the_ledger_s_own_and_shared_by_what_the_samples_told(tmp_path):
    rows = [line(tokens=Tokens(input=10, output=30)), line(tokens=Tokens(input=4, output=10))]
    change, _ = changed(tmp_path, (10, 30), rows, above_bound=True)
    assert change is not None
    assert (change.settled_pico, change.tokens) == (14 * 10**6 + 40 * 2 * 10**6, True)
    assert change.outcome is not None
    assert [sample.completion_tokens for sample in change.outcome.samples] == [10, 30]


def test_a_row_with_neither_leaves_it_presumed_and_says_so(tmp_path):
    change, proposal = changed(tmp_path, (10, 30), [line(pico=50), line()])
    assert change is None
    assert proposal.notes[0].startswith("m: request mine stays presumed: ")


def test_tokens_are_summed_kind_by_kind_unless_a_row_names_none():
    every = Tokens(input=32, output=16, cached=8, cache_write=4, cache_write_1h=2)
    assert sum_tokens([line(tokens=every), line(tokens=every)]) == tuple(2 * count for count in every)
    assert sum_tokens([line(tokens=every), line()]) is None
