import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.reading.samples.provenance import read_provenance
from tests.orchestrator.analysis.report_fixture import HOSTILE, hostile, tame
from tests.orchestrator.ledger_fixture import Made, make_ledger


def test_what_made_the_samples_and_at_which_price(tmp_path):
    (found,) = read_provenance([hostile(tmp_path / "h.db")])
    assert found.sweeps == (HOSTILE[0],)
    assert found.versions[HOSTILE[0]] == HOSTILE[-1]
    assert (found.runs, found.sweep_file_sha256) == (1, HOSTILE[0])
    assert [model.alias for model in found.models] == HOSTILE
    price = found.models[0].price
    assert price is not None
    assert price["bands"][0]["output"] == "2"


def test_money_by_kind_is_the_ledgers(tmp_path):
    made = Made({"a": [1, 0]}, unused_pico=3, presumed_pico=5)
    (found,) = read_provenance([make_ledger(tmp_path / "l.db", {"m": made})])
    (model,) = found.models
    assert (model.settled, model.unused, model.presumed, model.reserved) == (2 * 10**9 + 3, 3, 5, 0)
    assert (found.runs, found.versions, model.served, model.price) == (0, {}, (), None)


def test_a_file_named_twice_is_one(tmp_path):
    path = tame(tmp_path / "t.db")
    assert len(read_provenance([path, tmp_path / "." / "t.db"])) == 1


def test_what_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "t.db").write_text("text")
    with pytest.raises(InputError):
        read_provenance([tmp_path / "t.db"])
