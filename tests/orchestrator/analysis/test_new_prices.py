"""New prices as stated for a ledger's models."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from orchestrator.analysis.money.new_prices import new_prices, repriced_document
from orchestrator.errors import InputError
from orchestrator.ledger.reprice import Repriced
from tests.orchestrator.ledger_fixture import Made, make_ledger


@pytest.fixture
def db(tmp_path):
    return make_ledger(tmp_path / "l.db", {"small": Made({"p": [1, 0]}), "large": Made({"p": [1]})})


def rate(price, name: str) -> Fraction | Decimal:
    return getattr(price.bands[0].rates, name)


def test_two_numbers_are_input_and_output(db):
    found = new_prices(db, ["small=0.5/1.5"], None)
    assert list(found) == ["small"]
    assert (rate(found["small"], "input"), rate(found["small"], "output")) == (Decimal("0.5"), Decimal("1.5"))


def test_of_three_numbers_the_middle_one_is_cached_input(db):
    found = new_prices(db, ["small=2/1/6", "large=1/1"], None)
    assert rate(found["small"], "cached_input") == 1
    assert set(found) == {"small", "large"}


def test_a_name_is_looked_up_on_the_day(db):
    found = new_prices(db, ["small=paper-2024/gpt-4o"], None)
    assert (rate(found["small"], "input"), rate(found["small"], "output")) == (5, 15)


@pytest.mark.parametrize(
    ("stated", "on", "where"),
    [
        (["tiny=1/2"], None, "--price"),
        (["small"], None, "--price"),
        (["small=1/-2"], None, "--price"),
        (["small=no-such-model-anywhere"], None, "--price"),
        ([], None, "manyfew reprice"),
        ([], "next week", "--on"),
        ([], "2026-01-01", "--on"),  # the ledger's models have no list price
    ],
)
def test_what_cannot_be_priced_is_named(db, stated, on, where):
    with pytest.raises(InputError) as error:
        new_prices(db, stated, on)
    assert error.value.where.startswith(where)
    assert error.value.remedy


def test_the_document_is_in_dollars(db, tmp_path):
    prices = new_prices(db, ["small=1/2"], None)
    found = Repriced(alias="small", before=10**12, after=5 * 10**11, unpriceable=0, presumed=0)
    document = repriced_document(db, tmp_path / "new.db", [found], prices)
    assert document["models"]["small"]["settled_usd"] == 1
    assert document["models"]["small"]["repriced_usd"] == 0.5
    assert repriced_document(db, None, [found], prices)["file"] is None
