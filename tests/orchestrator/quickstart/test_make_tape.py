"""A run's ledger becomes a tape, whose replay gives the same samples."""

from __future__ import annotations

import sys

import pytest

from orchestrator.errors import InputError
from orchestrator.quickstart.make_tape import main, make_tape
from providers.tape import read_tape
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


def test_a_tape_holds_each_sample_of_the_ledger(tmp_path, monkeypatch, capsys):
    vendor = openai_vendor(latency=0.0)
    db, out = tmp_path / "l.db", tmp_path / "small.tape.gz"
    with serving(vendor):
        sweep = SweepFile(
            {"chat": model(vendor), "text": model(vendor, api="completions")}, problems=3, samples=2
        )
        assert run(sweep.write(tmp_path), db).status == 0
    monkeypatch.setattr(sys, "argv", ["make_tape", str(db), str(out), "server=a loopback server"])
    main()
    assert capsys.readouterr().out == f"12 samples in {out}\n"
    tape = read_tape(out)
    assert tape.header.name == "small"
    assert tape.header.recorded_with["server"] == "a loopback server"
    assert "platform" not in tape.header.recorded_with
    found = rows(db, "SELECT model, problem, sample_index, text FROM sample_records")
    assert len(found) == 12
    for row in found:
        assert tape.samples[row["model"]][row["problem"]][row["sample_index"]].text == row["text"]
    assert set(tape.header.prompts) == {"chat", "text"}


def test_what_is_no_ledger_makes_no_tape(tmp_path):
    (tmp_path / "l.db").write_text("no database")
    with pytest.raises(InputError, match="not a ledger"):
        make_tape(tmp_path / "l.db", tmp_path / "out", name="x", recorded_with={})
    assert not (tmp_path / "out").exists()
