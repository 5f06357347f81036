"""The table of `frontier --problems N`."""

import io
import itertools

import pytest
from rich.console import Console

from orchestrator.report.terminal.budget import print_budget


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_the_next_problem_costs_what_lies_between_the_rows_shown(rows):
    """Of a frontier of more rows than are shown, too."""
    found = [
        {
            "usd": at**2 + 100.0,
            "solved": 1000.0 + 10 * at,
            "low": 900.0,
            "high": 2000.0,
            "next_usd_per_solve": None if at == rows - 1 else (2 * at + 1) / 10,
            "policy": {"kind": "fixed", "stop": "none", "order": ["m"], "samples": {"m": at + 1}},
        }
        for at in range(rows)
    ]
    out = io.StringIO()
    print_budget(Console(file=out, width=100), {"axis": "usd", "budget": found}, 5000)
    told = [
        line.replace("$", "").replace(",", "").split() for line in out.getvalue().splitlines()[2:] if line
    ]
    assert len(told) == min(rows, 10 if rows == 40 else rows)
    for (usd, solved, _, each, *_), (usd_after, solved_after, *_) in itertools.pairwise(told):
        assert float(each) == pytest.approx(
            (float(usd_after) - float(usd)) / (int(solved_after) - int(solved)), rel=0.01
        )
    assert told[-1][3:] == [str(rows), "×", "m"]
