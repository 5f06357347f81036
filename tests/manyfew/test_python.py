"""`import manyfew`: the page's example as it stands, and what notebooks lean on."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from typing import Any

import numpy as np
import pytest

import manyfew
from orchestrator.cli.main import main
from tests.orchestrator.conftest import ROOT
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ledger(here) -> manyfew.Ledger:
    made = {
        "cheap": Made({"p": counted(4, 1), "q": counted(4, 0)}, cost_pico=USD // 100),
        "expensive": Made({"p": counted(2, 2), "q": [1, None]}, cost_pico=USD // 10),
    }
    return manyfew.open(make_ledger(here / "a.db", made))


def sweep(**models) -> dict[str, Any]:
    found = tomllib.loads((ROOT / "runs" / "quickstart.toml").read_text("utf-8"))
    found["problems"]["limit"] = 2
    found["sampling"]["samples"] = 4
    found["models"] = {"gemma": {**found["models"]["gemma"], "speed": 100_000, **models}}
    return found


def test_the_page_is_what_its_code_prints(here, capsys):
    (here / "quickstart.toml").write_text((ROOT / "runs" / "quickstart.toml").read_text("utf-8"))
    names: dict[str, Any] = {}
    said = ""
    for kind, text in re.findall(r"```(python|text)\n(.*?)```", PAGE, re.DOTALL):
        if kind == "python":
            exec(compile(text, "python.md", "exec"), names)
            said = capsys.readouterr().out
        else:
            assert said == text
    lines = said.splitlines()
    assert lines[3] == "100 nan nan to nan"
    assert re.fullmatch(r"gemma \d+ smollm2 1 \d+\.\d\d", lines[4])
    assert (here / "frontier.svg").read_text().startswith("<svg")


def test_importing_is_light():
    heavy = "('numpy', 'orchestrator', 'typer')"
    code = f"import sys, manyfew; dir(manyfew); print(*(n for n in {heavy} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_samples_as_arrays_keep_what_is_missing(ledger):
    found = ledger.samples("expensive", form="arrays")
    assert found["passed"].tolist()[:3] == [1.0, 1.0, 1.0]
    assert np.isnan(found["passed"][3])
    assert found["sample_index"].dtype == np.int64
    assert found["problem"].tolist() == ["p", "p", "q", "q"]
    assert found["cost_usd"].tolist() == [0.1] * 4
    assert len(ledger.samples(form="arrays")["text"]) == 12


@pytest.mark.parametrize("form", ["pandas", "polars"])
def test_samples_as_a_frame(ledger, form):
    pytest.importorskip(form)
    frame = ledger.samples("cheap", columns=["problem", "passed"], form=form)
    assert list(frame.columns) == ["problem", "passed"]
    assert len(frame) == 8


def test_without_pandas_and_polars_it_is_arrays_and_says_what_to_install(ledger, monkeypatch):
    for name in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("manyfew.ledger.find_spec", lambda _: None)
    assert isinstance(ledger.samples(), dict)
    with pytest.raises(manyfew.InputError, match=r"install .*polars"):
        ledger.samples(form="polars")


def test_coverage_is_the_frontiers(ledger):
    points = ledger.frontier()["models"]["cheap"]["coverage"]
    curve = ledger.coverage("cheap")
    for name, values in (
        ("k", curve.k),
        ("coverage", curve.coverage),
        ("low", curve.low),
        ("high", curve.high),
    ):
        assert [point[name] for point in points] == pytest.approx(values.tolist())
    assert [point["usd_per_problem"] for point in points] == pytest.approx(curve.cost.tolist())
    assert ledger.models == ["cheap", "expensive"]
    assert set(ledger.compare()["models"]) == {"cheap", "expensive"}
    json.dumps(ledger.compare(), allow_nan=False)


def test_several_ledgers_are_read_as_one(ledger, here):
    other = make_ledger(here / "b.db", {"third": Made({"p": counted(3, 1)})}, sweep="other")
    both = manyfew.open("a.db", other)
    assert both.models == ["cheap", "expensive", "third"]
    assert len(both.samples(form="arrays")["text"]) == 15


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ledger: manyfew.open(),
        lambda ledger: manyfew.open("missing.db"),
        lambda ledger: ledger.samples(columns=["passed", "x; DROP"]),
        lambda ledger: ledger.coverage("nobody"),
        lambda ledger: ledger.coverage("cheap", [0, 1]),
        lambda ledger: ledger.chart().save("a.gif"),
        lambda ledger: manyfew.run({"name": "x"}, budget=1),
        lambda ledger: manyfew.run({"name": {1}}, budget=1),
        lambda ledger: manyfew.run("missing.toml", budget=1),
        lambda ledger: manyfew.run(sweep() | {"budget_usd": "much"}),
        lambda ledger: manyfew.run({k: v for k, v in sweep().items() if k != "budget_usd"}),
    ],
)
def test_what_is_wrong_is_an_input_error(ledger, here, wrong):
    with pytest.raises(manyfew.InputError):
        wrong(ledger)
    assert not (here / "runs").exists()


def test_a_chart_is_a_picture(ledger, here):
    chart = ledger.chart()
    assert chart._repr_svg_().startswith("<svg")
    assert chart.save(here / "a.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(chart.save("a.json").read_text()) == chart.spec


def test_frontier_and_chart_are_the_commands(ledger, here, capsys):
    (here / "table.csv").write_text("model,k,coverage,usd_per_attempt\nprinted,5,0.3,0.01\n")
    said = ""
    arguments = (["import", "table.csv", "--aggregate", "--db", "a.db"], ["frontier", "a.db", "--json"])
    for given in arguments:
        with pytest.raises(SystemExit, match="0"):
            main(given)
        said = capsys.readouterr().out
    assert ledger.frontier() == json.loads(said)
    kinds = {row["kind"] for row in ledger.chart().spec["datasets"]["curves"]}
    assert {"sampled", "printed"} <= kinds


def test_a_run_goes_on_and_names_its_ledger(here):
    told = []
    first = manyfew.run(sweep(), show=told.append)
    assert (first.status, first.reason, first.totals["samples"]["done"]) == ("complete", None, 8)
    assert told
    again = manyfew.run(sweep(samples=6))
    assert again.totals["samples"]["done"] == 12
    assert [str(path) for path in again.ledger.paths] == ["runs/quickstart.db"]


async def test_run_works_where_a_loop_runs_already(here):
    assert manyfew.run(sweep(), db="a.db").status == "complete"


async def test_run_async_lets_the_loop_go_on(here):
    beats = []

    async def beat() -> None:
        while True:
            beats.append(1)
            await asyncio.sleep(0.01)

    beating = asyncio.create_task(beat())
    done = await manyfew.run_async(sweep(), db="a.db")
    beating.cancel()
    assert done.status == "complete"
    assert len(beats) > 3


async def test_a_cancelled_run_stops_sending_and_leaves_a_good_ledger(here):
    slow = sweep(speed=0.5)
    running = asyncio.create_task(manyfew.run_async(slow, db="a.db", grace_s=0.2))
    await asyncio.sleep(1.0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    done = manyfew.run(sweep(), db="a.db")
    assert done.totals["samples"]["done"] == 8
