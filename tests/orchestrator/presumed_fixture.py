"""A ledger with every kind of unknown outcome, and the bills of its vendors: for what reconciles."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Vendor
from tests.loopback.work import Bill
from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, SweepFile, model, run
from tests.orchestrator.usage_exports import AGO_S

FAULTS = [
    faults.NO_USAGE,
    faults.RESET_BILLED,
    faults.ERROR_502,
    faults.SILENCE,
    faults.RESET,
    faults.HALF_JSON,
]


@dataclass
class Made:
    """A ledger with every kind of unknown outcome, and the bills of its vendors, by the vendor's name of the model."""

    db: Path
    vendors: dict[str, Vendor]
    bills: dict[str, list[Bill]] = field(default_factory=dict)
    at: float = 0.0
    """A moment of the run, as the ledger has it."""

    def billed(self, alias: str) -> int:
        return self.vendors[alias].billed_pico


def make_presumed(folder: Path) -> Made:
    folder.mkdir()
    vendors = {
        "cheap": openai_vendor(prices=CHEAP_PRICES, seed=1, latency=0.01),
        "expensive": openai_vendor(seed=2, latency=0.01),
    }
    for vendor in vendors.values():
        vendor.faults = deque([None, *FAULTS, None, faults.NO_USAGE])
    db = folder / "test.db"
    with serving(*vendors.values()):
        keys = {"timeout_s": 1, "max_n": 2}
        models = {
            "cheap": model(vendors["cheap"], model="small", **keys),
            "expensive": model(vendors["expensive"], model="large-2026-01-01", samples=2, **keys),
        }
        assert run(SweepFile(models, problems=8, budget_usd=1).write(folder), db).status == 0
    check_books(db)
    assert money(db, "cheap").presumed > 0 < money(db, "expensive").presumed
    names = {"cheap": "small", "expensive": "large-2026-01-01"}
    age(db)
    bills = {names[alias]: list(vendor.billed) for alias, vendor in vendors.items()}
    return Made(db, vendors, bills, one(db, "SELECT avg(reserved_at) FROM request"))


def age(db: Path, seconds: float = AGO_S) -> None:
    """Puts the ledger's requests into the past."""
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(
            "UPDATE request SET reserved_at = reserved_at - :s, ended_at = ended_at - :s", {"s": seconds}
        )
        connection.execute(
            "UPDATE lease SET opened_at = opened_at - :s, ended_at = ended_at - :s", {"s": seconds}
        )


def document(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settle(command, db, *arguments):
    return document(command("reconcile", str(db), *arguments, "--yes", "--json"))
