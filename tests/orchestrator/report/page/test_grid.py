"""The heat map of the page in a browser: what it opens, how it stays fast, and what it saves."""

import json
import math
import sqlite3
from contextlib import closing

import pytest

from orchestrator.cli.main import main
from tests.orchestrator.analysis.report_fixture import HOSTILE
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.report.page.browser import CHROMIUM, Page, browser

pytest.importorskip("vl_convert", reason='needs the extra "charts"')
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]

CELLS = "[...document.querySelectorAll('#grid-body button')]"
WATCH = (
    "window.slow = []; new PerformanceObserver((list) => window.slow.push(...list.getEntries().map((e) => e.duration)))"
    ".observe({ entryTypes: ['longtask'] })"
)
SAVED = """(async () => {
  let got; const old = URL.createObjectURL;
  URL.createObjectURL = (blob) => { got = blob; return old(blob); };
  document.querySelector('[data-save="coverage KIND"]').click();
  for (let i = 0; i < 200 && !got; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  URL.createObjectURL = old;
  return [...new Uint8Array(await got.arrayBuffer())];
})()"""


def written(path, *flags):
    with pytest.raises(SystemExit) as ended:
        main(["frontier", str(path), "--html", str(path.with_suffix(".html")), *flags])
    assert not ended.value.code
    return path.with_suffix(".html").as_uri()


def set_texts(path, text):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sample SET text = ?, reasoning = ?", (text, text))
        connection.execute("UPDATE problem SET data = ?", (json.dumps({"question": text, "answer": text}),))


async def test_a_cell_opens_its_samples_and_hostile_texts_stay_text(tmp_path):
    path = tmp_path / "h.db"
    problems = {name: counted(3, at % 3) for at, name in enumerate(HOSTILE)}
    make_ledger(path, {"<b>cheap</b>": Made(problems), HOSTILE[0]: Made(problems, 10**10)})
    evil = "</script><img src=x onerror=alert(1)><b>peaches</b>"
    set_texts(path, evil)
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(written(path))
        await page.js(f"{CELLS}[0].click()")
        await page.until("document.querySelectorAll('#sample-list article').length === 3")
        assert await page.js("document.querySelector('#sample-list article > pre').textContent") == evil
        assert await page.js("document.querySelector('#sample-list details:last-of-type').open") is not None
        assert await page.js("document.querySelectorAll('#sample-list img, #sample-list b').length") == 0
        await page.js("document.querySelector('#sample-which').value = 'right'")
        await page.js("document.querySelector('#sample-which').onchange()")
        assert "No such sample" in await page.js("document.querySelector('#sample-list').innerText")
        await page.js("document.querySelector('#grid-search').value = 'peach'")
        await page.js("document.querySelector('#grid-search').dispatchEvent(new Event('input'))")
        await page.until("document.querySelector('#grid-count').textContent === '10 of 10 problems'")
        await page.set('#models input[value="1"]', False)
        assert await page.js(f"{CELLS}.length") == 10
        assert not await page.js("document.querySelector('.some-off').hidden")
        for kind, begins in (("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b"name,kind,k,coverage")):
            saved = bytes(await page.js(SAVED.replace("KIND", kind)))
            assert saved.startswith(begins)
            assert b"var(--" not in saved
        assert page.complaints == []


async def test_texts_that_do_not_fit_are_named_by_their_command(tmp_path):
    path = make_ledger(tmp_path / "t.db", {"a": Made({"it's": counted(2, 1), "q": counted(2, 2)})})
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(written(path, "--texts", "0"))
        await page.js(f"{CELLS}[0].click()")
        await page.until("document.querySelector('#sample-list code') !== null")
        said = await page.js("document.querySelector('#sample-list code').textContent")
        assert said == f"manyfew show {path} 'it'\\''s'"


async def slow_tasks(page: Page) -> list[float]:
    """Those above 100 ms while the grid is scrolled, sorted and filtered."""
    assert await page.js(f"{CELLS}.length") < 150
    await page.js(WATCH)
    for step in range(20):
        await page.js(f"document.querySelector('#grid').scrollTop = {step * 1400}")
    for column in (0, 1, 2):
        await page.js(f"document.querySelectorAll('#grid-head button')[{column}].click()")
    for which in ("none", "some", "every", "lost", "all"):
        await page.js(
            f"{{ const of = document.querySelector('#grid-which'); of.value = '{which}';"
            " of.dispatchEvent(new Event('change')); }"
        )
    for query in ("p", "p1", "p12", "p123"):
        await page.js(
            f"{{ const of = document.querySelector('#grid-search'); of.value = '{query}';"
            " of.dispatchEvent(new Event('input')); }"
        )
    await page.until("document.querySelector('#grid-count').textContent === '1 of 1,000 problems'")
    await page.js("new Promise((resolve) => setTimeout(resolve, 300))")
    return [took for took in await page.js("window.slow") if took > 100]


async def test_a_thousand_problems_scroll_sort_and_filter_without_a_long_task(tmp_path):
    path = tmp_path / "k.db"
    models = {
        f"m{m}": Made({f"p{i}": counted(20, (i * (m + 3)) % 21) for i in range(1000)}, 10**8 * (m + 1))
        for m in range(2)
    }
    make_ledger(path, models)
    report, slow = written(path, "--texts", "0.2"), [math.inf]
    async with browser(tmp_path / "profile") as page:
        await page.size(1400)
        for _ in range(4):  # what others take of the machine lengthens a task, but not each time
            await page.open(report)
            slow = await slow_tasks(page)
            if not slow:
                break
        assert slow == []
        assert page.complaints == []
