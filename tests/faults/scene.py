"""A small sweep at a loopback vendor, a fault in its run, and what must hold after it whatever the fault was."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.disk import Fault, Platter, count, files_of, put_back, read_log
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Vendor
from tests.loopback.work import Bill, Seen
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, Finished, SweepFile, model

PROBLEMS, SAMPLES = 6, 4
BUDGET = 10 * USD
SIGKILLED = -9
KEY = "SCENE_API_KEY"
Texts = dict[tuple[str, str, int], str]


@dataclass
class Scene:
    """`began`: the ledger that each run finds, with what the vendor had seen and billed by then."""

    launch: Callable[[list[str], dict[str, str], Path], Finished]
    folder: Path
    path: Path
    vendor: Vendor
    loop: asyncio.AbstractEventLoop
    began: dict[str, bytes] = field(default_factory=dict[str, bytes])
    seen: list[Seen] = field(default_factory=list[Seen])
    billed: list[Bill] = field(default_factory=list[Bill])
    numbers: Iterator[int] = field(default_factory=itertools.count)
    late: int = 0
    """Requests of an earlier run that came while another one ran."""

    @property
    def db(self) -> Path:
        return self.folder / "test.db"

    @property
    def log(self) -> Path:
        return self.folder / "calls.log"

    def perform(self, fault: Fault, at: int, *, watched: bool = False) -> tuple[Finished, Texts]:
        """The run, from the beginning again, with this fault in it. Returns when the vendor is at rest; with what
        another program saw recorded meanwhile, if it is `watched`: from the beginning, or from the reader's turn on."""
        put_back(self.db, self.began)
        self.vendor.seen[:], self.vendor.billed[:] = self.seen, self.billed
        self.log.unlink(missing_ok=True)
        with reading(self.db, whether=watched, turn=self.log if fault.turn else None) as recorded:
            ended = self._run(fault, at)
        return ended, recorded

    def _run(self, fault: Fault, at: int) -> Finished:
        """Each run has a key of its own: what a killed one had sent, and the system delivers late, is refused."""
        self.log.unlink(missing_ok=True)
        self.vendor.key = f"sk-{next(self.numbers)}"
        before = list(self.vendor.seen)
        arguments = ["run", str(self.path), "--db", str(self.db), "--no-progress"]
        environment = {KEY: self.vendor.key, **fault.environment(self.db, self.log, at)}
        ended = self.launch(arguments, environment, self.folder)
        self._rest()
        mine = f"Bearer {self.vendor.key}"
        seen = self.vendor.seen[len(before) :]
        ours = [s for s in seen if s.headers["Authorization"] == mine]
        self.late += len(seen) - len(ours)
        self.vendor.seen[:] = before + ours
        return ended

    def calls(self, kinds: str) -> int:
        """How many calls an undisturbed run makes."""
        ended, _ = self.perform(Fault(), 0)
        assert ended.status == 0, ended.err
        self.check_whole()
        return count(self.log, kinds)

    def cut_power(self, fault: Fault, random: Random) -> None:
        """What was not synced may be gone."""
        assert fault.cut is not None
        put_back(self.db, Platter(self.began, read_log(self.log), random).after_power_cut(fault.cut))

    def hit(self) -> bool:
        return any(call.op == "X" for call in read_log(self.log))

    def check_books(self, recorded: Texts) -> None:
        """Right after the fault: what is on the disk adds up, covers the bill, and has what was recorded."""
        if not self._has_tables():
            assert not self.vendor.seen
            assert not recorded
            return
        check_books(self.db, ended=False)
        held, billed = money(self.db), self.vendor.billed_pico
        assert billed <= BUDGET
        assert held.settled <= billed <= held.held <= BUDGET, f"{held}, billed {billed}"
        asked = Counter(json.dumps(seen.body["messages"]) for seen in self.vendor.seen)
        there = rows(
            self.db,
            "SELECT prompt.body, count(*) FROM request JOIN prompt ON prompt.id = prompt_id GROUP BY prompt_id",
        )
        reserved = {_messages(row[0]): row[1] for row in there}
        for prompt, n in asked.items():
            assert reserved.get(prompt, 0) >= n, "sent without a durable reservation"
        assert recorded.items() <= texts(self.db).items(), "a recorded sample is lost"

    def check_goes_on(self, recorded: Texts) -> None:
        """A run without faults completes it and buys nothing again."""
        recorded = {**recorded, **(texts(self.db) if self._has_tables() else {})}
        seen, open_samples = len(self.vendor.seen), PROBLEMS * SAMPLES - len(recorded)
        ended = self._run(Fault(), 0)
        assert ended.status == 0, ended.err
        self.check_whole()
        assert recorded.items() <= texts(self.db).items()
        asked = sum(s.body.get("n", 1) for s in self.vendor.seen[seen:])
        assert asked == open_samples, "a recorded sample was bought again"

    def check_whole(self) -> None:
        check_books(self.db)
        check_complete(self.db, {"m": (PROBLEMS, SAMPLES)})
        check_bill(self.db, {"m": self.vendor}, BUDGET)
        assert one(self.db, "PRAGMA integrity_check") == "ok"

    def _has_tables(self) -> bool:
        """A run that ended while it made the file may leave none, or an empty one."""
        return self.db.exists() and one(self.db, "SELECT count(*) FROM sqlite_schema") > 0

    def _rest(self) -> None:
        """What a killed process had sent may still be on its way through the vendor's loop."""
        quiet = 0
        while quiet < 6:
            before = len(self.vendor.seen), len(self.vendor.billed)
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.001), self.loop).result(5)
            at_rest = (len(self.vendor.seen), len(self.vendor.billed)) == before and not self.vendor.in_flight
            quiet = quiet + 1 if at_rest else 0


@contextmanager
def scene(launch, folder: Path, *, continued: bool) -> Generator[Scene]:
    """`continued`: the ledger has half of the samples, and a request that a killed run left open."""
    vendor = openai_vendor()
    with serving(vendor) as loop:
        keys = {"api_key_env": KEY, "max_n": 2, "limits": {"concurrency": 3}}
        sweep = SweepFile({"m": model(vendor, **keys)}, problems=PROBLEMS, samples=SAMPLES, budget_usd=10)
        made = Scene(launch, folder, sweep.write(folder), vendor, loop)
        if continued:
            sweep.samples = SAMPLES // 2
            sweep.write(folder)
            half, _ = made.perform(Fault(), 0)
            assert half.status == 0, half.err
            sweep.samples = SAMPLES
            sweep.write(folder)
            made.began = files_of(made.db)
            made.seen, made.billed = list(vendor.seen), list(vendor.billed)
            for at in range(1, made.calls("s")):
                killed, _ = made.perform(Fault("after", "s"), at)
                assert killed.status == SIGKILLED
                if money(made.db).reserved:
                    break
            assert money(made.db).reserved, "nothing was left open"
            made.began = files_of(made.db)
            made.seen, made.billed = list(vendor.seen), list(vendor.billed)
        yield made


def _messages(body: str) -> str:
    """A prompt as the ledger keeps it, as it went over the wire."""
    return json.dumps([{"role": role, "content": text} for role, text in json.loads(body)["messages"]])


def texts(db: Path) -> Texts:
    return {
        (r[0], r[1], r[2]): r[3]
        for r in rows(db, "SELECT model, problem, sample_index, text FROM sample_records")
    }


@contextmanager
def reading(db: Path, *, whether: bool, turn: Path | None = None) -> Generator[Texts]:
    """Reads the ledger all the while, as another program would; or from the moment on at which the calls written down
    at `turn` say that it is a reader's turn. Gives every sample that it ever saw."""
    found: Texts = {}
    over = threading.Event()
    held: list[int] = []

    def read() -> None:
        connection: sqlite3.Connection | None = None
        while (
            turn is not None
            and not over.is_set()
            and not any(call.op == "P" for call in read_log(turn, growing=True))
        ):
            time.sleep(0.001)
        while not over.is_set():
            try:
                if connection is None:
                    connection = sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True, timeout=1)
                for row in connection.execute(
                    "SELECT model, problem, sample_index, text FROM sample_records"
                ):
                    found[row[0], row[1], row[2]] = row[3]
                (sums,) = connection.execute("SELECT settled_pico + presumed_pico + reserved_pico FROM model")
                held.append(sums[0])
            except (sqlite3.DatabaseError, ValueError):  # not there yet, or being recovered
                pass
            time.sleep(0.004)
        if connection is not None:
            connection.close()

    thread = threading.Thread(target=read, daemon=True)
    if whether:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        if whether:
            thread.join(10)
    assert max(held, default=0) <= BUDGET
