"""A reply with more input than its bound raises the bound for all that follow: also where the power goes right after
it was booked."""

from __future__ import annotations

import random

from tests.faults.disk import Fault, Platter, put_back, read_log
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model

ABOVE = (
    "SELECT max(prompt_tokens - (reserved_pico - n * max_tokens * 15000000) / 5000000) FROM request "
    "WHERE state = 'settled'"
)
"""By how many tokens a reply's input was above what was reserved for it."""


def test_the_bound_is_raised_with_the_reply_that_shows_it(tmp_path, launch):
    vendor = openai_vendor()
    vendor._prompt_tokens = lambda asked: 5000
    db, log = tmp_path / "test.db", tmp_path / "calls.log"
    with serving(vendor):
        keys = {"max_n": 1, "limits": {"concurrency": 1}}
        path = SweepFile({"m": model(vendor, **keys)}, problems=4, samples=1).write(tmp_path)
        arguments = ["run", str(path), "--db", str(db), "--no-progress"]
        ended = launch(arguments, Fault().environment(db, log, 0), tmp_path)
        assert ended.status == 0, ended.err
    calls = list(read_log(log))
    place = tmp_path / "cut" / "test.db"
    place.parent.mkdir()
    seen = 0
    for until in range(1, len(calls) + 1):
        if calls[until - 1].op != "S":
            continue
        put_back(place, Platter({}, calls[:until], random.Random(0)).after_power_cut("none"))
        if not place.exists() or not rows(place, "SELECT 1 FROM model"):
            continue
        (above,), (overhead,) = rows(place, ABOVE)[0], rows(place, "SELECT overhead_tokens FROM model")[0]
        if above is not None and above > 0:
            seen += 1
            assert overhead > 4900, (
                f"call {until}: a reply above its bound is booked, the bound is not raised"
            )
    assert seen
