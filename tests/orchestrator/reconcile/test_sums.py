"""A server's presumed time, and what doctor recomputes of a reconciliation."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator import usage_exports as exports
from tests.orchestrator.presumed_fixture import document, make_presumed, settle
from tests.orchestrator.run.books import check_books, money
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, run

pytestmark = pytest.mark.xdist_group("reconcile_sums")  # one ledger for all of its tests


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_presumed(tmp_path_factory.mktemp("presumed") / "made")


@pytest.fixture
def db(made, tmp_path):
    return shutil.copy(made.db, tmp_path / "l.db")


def test_a_servers_presumed_time_is_settled_by_a_typed_bill(tmp_path, command):
    """A lease of a run that was killed: no request bears it, so it is settled beside them."""
    vendor = openai_vendor(flavour="vllm")
    path = tmp_path / "test.db"
    gpu = {"provider": "vllm", "model": "m", "servers": [], "gpu_usd_per_hour": 2.5}
    with serving(vendor):
        sweep = SweepFile({"m": {**gpu, "servers": [vendor.base_url]}}, problems=3)
        assert run(sweep.write(tmp_path), path).status == 0
    lease = USD // 50
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE lease SET reserved_pico = ?, ended_at = NULL", (lease,))
        connection.execute("UPDATE model SET reserved_pico = ?", (lease,))
    settled = money(path).settled
    listed = document(command("reconcile", str(path), "--json"))
    assert listed["models"]["m"]["kinds"]["server time"]["usd"] == pytest.approx(0.02)
    bill = f"{exports.usd(settled + lease // 2):.12f}"
    assert settle(command, path, "--billed", bill)["applied"] is True
    check_books(path)
    assert (money(path).settled, money(path).presumed, money(path).unused) == (
        settled + lease // 2,
        0,
        lease // 2,
    )
    assert [f for f in sums(command, path) if f["state"] != "ok"] == []


def sums(command, path):
    found = json.loads(command("doctor", str(path), "--json").stdout)["findings"]
    return [f for f in found if f["topic"] == "sums"]


WRONG = {
    "UPDATE reconciled SET settled_pico = settled_pico + 1 WHERE id = 1": "the history of reconciliations",
    "DELETE FROM reconciled WHERE id = 1": "disagrees with the requests in it 1 time",
    "UPDATE request SET settled_pico = settled_pico + 1 WHERE cost_basis = 'reconciled'": "settled_pico says",
}


@pytest.mark.parametrize("sql", WRONG)
def test_doctor_recomputes_what_was_reconciled(db, command, sql):
    settle(command, db, "--free")
    (sound,) = sums(command, db)
    assert sound["state"] == "ok"
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(sql)
    text = " ".join(f["text"] for f in sums(command, db) if f["state"] == "missing")
    assert WRONG[sql] in text


def test_doctor_compares_leases_with_what_was_paid_out_of_them(tmp_path, command):
    vendor = openai_vendor(flavour="vllm")
    with serving(vendor):
        gpu = {"provider": "vllm", "model": "m", "servers": [vendor.base_url], "gpu_usd_per_hour": 2.5}
        assert run(SweepFile({"m": gpu}, problems=3).write(tmp_path), tmp_path / "test.db").status == 0
    assert sums(command, tmp_path / "test.db")[0]["state"] == "ok"
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection, connection:
        connection.execute("UPDATE lease SET settled_pico = settled_pico + 1")
    (found,) = sums(command, tmp_path / "test.db")
    assert "its servers' leases say" in found["text"]
