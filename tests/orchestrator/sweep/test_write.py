"""A sweep file that is written says what its tables say."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.sweep.write import to_toml
from tests.orchestrator.conftest import ROOT

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.decimals(-(10**9), 10**9, places=6)
    | st.lists(TEXTS | st.integers(0, 9), max_size=4)
    | st.dictionaries(TEXTS, st.integers(0, 99), max_size=12)
)
HOSTILE = {"a\n\nb": "\n\nx\r\n", "'": "\x7f'''\n\n", "": "a\n\n'", "c": "\n\n"}
TABLES = st.dictionaries(TEXTS, VALUES, max_size=6)


@settings(max_examples=40, deadline=None)
@example(HOSTILE, {"m.n": {"p": {f"k.{at}": at for at in range(12)}}})
@given(st.dictionaries(TEXTS, VALUES | TABLES, max_size=5), st.dictionaries(TEXTS, TABLES, max_size=3))
def test_whatever_is_written_is_read_back(plain, models):
    data = {**plain, "models": models}
    assert tomllib.loads(to_toml(data, "a\nhead"), parse_float=Decimal) == data


@pytest.mark.parametrize("file", sorted((ROOT / "runs").glob("*.toml")))
def test_the_sweeps_that_ship_stay_what_they_are(file):
    data = tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    assert tomllib.loads(to_toml(data), parse_float=Decimal) == data
