"""Printed results in the page and the pictures: points without a band, the table as printed, hostile names."""

import json

import pytest

from orchestrator.analysis.printed.results import with_printed
from orchestrator.ledger.importing.printed_results import import_aggregate, read_printed
from orchestrator.report.charts import printed, render
from orchestrator.report.page.page import page
from tests.orchestrator.analysis.report_fixture import HOSTILE, found, tame
from tests.orchestrator.ledger_fixture import make_ledger
from tests.orchestrator.report.page.browser import CHROMIUM, browser

TABLE = """model,k,coverage,usd_per_attempt,problems
DeepSeek-Coder-V2,5,29.62%,0.0072,300
GPT-4o,1,24.00%,0.13,300
Claude 3.5 Sonnet,1,26.70%,0.17,300
"""


def whole(path, axis="usd"):
    document, data = found(path, axis)
    return with_printed(document, read_printed([path])), data


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "swe-bench-lite.csv"
    file.write_text(TABLE)
    return file


@pytest.fixture
def alone(tmp_path, table):
    path = make_ledger(tmp_path / "alone.db", {}, sweep="none")
    import_aggregate(table, path)
    return path


@pytest.fixture
def beside(tmp_path, table):
    path = tame(tmp_path / "beside.db")
    import_aggregate(table, path)
    return path


def test_points_have_their_own_cost_and_no_band(beside):
    document, _ = whole(beside)
    points = printed.points(document)
    assert [(row["m"], row["k"], row["cost"]) for row in points] == [
        (2, 5, pytest.approx(0.036)),
        (3, 1, pytest.approx(0.13)),
        (4, 1, pytest.approx(0.17)),
    ]
    assert {(row["low"], row["high"], row["kind"]) for row in points} == {(None, None, "printed")}
    assert [row["said_coverage"] for row in points] == ["29.62%", "24.00%", "26.70%"]
    figure = render.figure_of(document)
    assert [row["name"] for row in figure["datasets"]["curves"] if row["kind"] == "printed"] == [
        "DeepSeek-Coder-V2",
        "GPT-4o",
        "Claude 3.5 Sonnet",
    ]
    assert any("Hollow" in line for line in figure["hconcat"][0]["title"]["subtitle"])


def test_other_axes_have_no_place_for_dollars(beside):
    assert {row["cost"] for row in printed.points(whole(beside, "tokens")[0])} == {None}


def test_what_to_buy_by_the_table_is_said_first(alone):
    advice = whole(alone)[0]["advice"]
    assert advice[0] == (
        "As printed, buy 5 × DeepSeek-Coder-V2: 29.62% for $0.036 a problem, where 1 × GPT-4o solves 24.00% for $0.13."
    )
    assert "no number of GPT-4o solves what 1 × Claude 3.5 Sonnet does" in advice[2]


def test_samples_keep_their_frontier_beside_what_is_printed(beside):
    document, _ = whole(beside)
    bought = {alias for point in document["frontier"] for alias in point["policy"]["order"]}
    assert bought == {"cheap", "expensive"}


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.xdist_group("browser")
async def test_the_page_draws_them_and_other_prices_move_them(tmp_path, alone, beside):
    pytest.importorskip("vl_convert", reason='needs the extra "charts"')
    hostile = tmp_path / "hostile.jsonl"
    rows = [
        {"model": name, "k": 1 + at, "coverage": 0.1 + at * 0.05, "usd_per_attempt": 0.01}
        for at, name in enumerate(HOSTILE)
    ]
    hostile.write_text("".join(json.dumps(row) + "\n" for row in rows))
    evil = make_ledger(tmp_path / "evil.db", {}, sweep="none")
    import_aggregate(hostile, evil)
    program = render.program()
    pages = {path.stem: tmp_path / f"{path.stem}.html" for path in (alone, beside, evil)}
    for path in (alone, beside, evil):
        pages[path.stem].write_text(page(*whole(path), program), "utf-8")
    names = "[...document.querySelectorAll('#chart-coverage text')].map(e => e.textContent)"
    costs = "[...document.querySelectorAll('[data-usd]')].map(e => e.textContent)"
    bought = "[...document.querySelectorAll('#frontier-made tbody tr')].map(e => e.cells[0].textContent)"
    async with browser(tmp_path / "profile") as shown:
        await shown.size(390, mobile=True)
        for made in pages.values():
            await shown.open(made.as_uri())
            assert await shown.js("document.documentElement.scrollWidth") <= 390
            assert shown.complaints == []
        assert await shown.js("document.querySelectorAll('img, iframe, object, link').length") == 0
        await shown.size(1280)
        await shown.open(pages["alone"].as_uri())
        assert {"DeepSeek-Coder-V2", "GPT-4o", "Claude 3.5 Sonnet"} <= set(await shown.js(names))
        assert await shown.js(costs) == ["$36.00", "$130.00", "$170.00"]
        assert "$51.00" in await shown.js("document.querySelector('#as-printed').parentElement.textContent")
        await shown.set("#price-0-0", "1", "input")  # ten times as expensive, so that nothing dominates
        assert await shown.js(costs) == ["$360.00", "$130.00", "$170.00"]
        assert await shown.js(bought) == ["1 × GPT-4o", "1 × Claude 3.5 Sonnet", "5 × DeepSeek-Coder-V2"]
        await shown.open(pages["beside"].as_uri())
        await shown.set('#models input[value="0"]', value=False)
        assert {name.split(" × ")[1] for name in await shown.js(bought)} == {"expensive"}  # not with samples
        await shown.set("#axis", "tokens")
        assert set(await shown.js(costs)) == {"?"}
        assert shown.complaints == []
