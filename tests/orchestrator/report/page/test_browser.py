"""The report in a real browser whose network is off: it draws, answers, and does nothing that a name tells it to."""

import struct
import zlib

import pytest

from orchestrator.report.charts import render
from orchestrator.report.page.page import page as made
from tests.orchestrator.analysis.report_fixture import HOSTILE, found, hostile, odd, tame
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger, steer
from tests.orchestrator.report.page.browser import CHROMIUM, browser

pytest.importorskip("vl_convert", reason='needs the extra "charts"')
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]

COSTS = "[...document.querySelectorAll('tbody[data-m=\"0\"] [data-k]')].map(e => e.textContent)"
TICKS = "[...document.querySelectorAll('#chart-{} text')].map(e => e.textContent)"


@pytest.fixture(scope="module")
def program():
    return render.program()


@pytest.fixture
def good(tmp_path, program):
    file = tmp_path / "tame.html"
    file.write_text(made(*found(tame(tmp_path / "t.db")), program), "utf-8")
    return file.as_uri()


@pytest.fixture
def evil(tmp_path, program):
    file = tmp_path / "hostile.html"
    file.write_text(made(*found(hostile(tmp_path / "h.db")), program), "utf-8")
    return file.as_uri()


async def test_hostile_names_are_shown_and_do_nothing(tmp_path, evil):
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(evil)
        assert await page.js("document.querySelectorAll('img, iframe, object, link').length") == 0
        assert await page.js("document.querySelectorAll('script').length") == 3
        boxes = await page.js("[...document.querySelectorAll('#models label')].map(e => e.textContent)")
        assert [boxes[0][:7], boxes[4], boxes[5]] == ["</scrip", "__proto__", "constructor"]
        names = await page.js(TICKS.format("coverage"))
        assert {"__proto__", "constructor"} <= set(names)
        for m in range(len(HOSTILE)):  # each of them off and on again, and pointed at
            await page.set(f'#models input[value="{m}"]', m % 2 == 0)
        await page.set("#axis", "tokens")
        await point_at_everything(page)
        assert page.complaints == []
        assert set(page.requests) == {evil}


async def point_at_everything(page):
    box = await page.js(
        "(() => { scrollTo(0, document.querySelector('#chart-coverage').offsetTop - 200);"
        " const of = document.querySelector('#chart-coverage svg').getBoundingClientRect();"
        " return [of.left, of.top, of.width, of.height]; })()"
    )
    for share in (0.2, 0.4, 0.5):
        at = {"x": box[0] + box[2] * share, "y": box[1] + box[3] * (1 - share)}
        await page.ask("Input.dispatchMouseEvent", type="mouseMoved", **at)


async def test_a_page_of_solve_draws_what_was_solved_and_no_empty_chart(tmp_path, command):
    path = make_ledger(tmp_path / "s.db", {"m": Made({f"p{i}": counted(1 + i, i % 2) for i in range(6)})})
    steer(path, "UPDATE sample SET stop_rule = 'solve'")
    assert command("frontier", "s.db", "--html", "s.html").returncode == 0
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open((tmp_path / "s.html").as_uri())
        drawn = await page.js("[...document.querySelectorAll('.chart')].map(e => e.id)")
        assert drawn == ["chart-solved", "chart-spending"]
        assert "problems solved by any model" in await page.js(TICKS.format("solved"))
        assert "m: the policy solve chose" in await page.js(
            "document.querySelector('main, body').textContent"
        )
        await page.set("#scale", "linear")
        assert page.complaints == []


async def test_pointing_at_a_curve_tells_its_figures(tmp_path, good):
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(good)
        assert await page.js("document.querySelector('#tip').hidden")
        await point_at_everything(page)
        await page.until("!document.querySelector('#tip').hidden")
        said = await page.js("document.querySelector('#tip').innerText")
        for part in ("model", "samples", "coverage", "95% band", "per 1,000 problems", "$"):
            assert part in said


async def test_axis_scale_models_and_extrapolation_are_the_readers(tmp_path, good):
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(good)
        assert (await page.js(COSTS))[:3] == ["$0.05", "$0.10", "$0.25"]
        assert "dollars per 1,000 problems" in await page.js(TICKS.format("coverage"))
        await page.set("#axis", "tokens")
        assert (await page.js(COSTS))[:3] == ["30", "60", "150"]
        assert "tokens per problem" in await page.js(TICKS.format("coverage"))
        assert await page.js("document.querySelector('.cost-name').textContent") == "tokens per problem"

        dashed = "document.querySelectorAll('#chart-coverage path[stroke-dasharray]').length"
        assert await page.js(dashed) > 0
        await page.set("#beyond", False)
        assert await page.js(dashed) == 0
        ticks = await page.js(TICKS.format("coverage"))
        await page.set("#scale", "linear")
        linear = await page.js(TICKS.format("coverage"))
        assert linear != ticks
        assert "0" in linear

        assert "expensive" in linear
        await page.set('#models input[value="1"]', False)
        assert "expensive" not in await page.js(TICKS.format("coverage"))
        assert await page.js("document.querySelector('tbody[data-m=\"1\"]').hidden")
        assert "expensive" not in await page.js("document.querySelector('#frontier-tables').innerText")
        assert page.complaints == []


async def test_other_prices_are_tokens_times_them(tmp_path, good):
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(good)
        ratio = "document.querySelector('tr[data-cheap] .ratio').textContent"
        before = float(await page.js(ratio))
        paid = await page.js("document.querySelector('#frontier-tables').innerText")
        assert await page.js("document.querySelector('#said-price-0-1').textContent") == "$2"
        await page.set("#price-0-1", "1", "input")  # a decade: $10 a million tokens of output
        assert await page.js("document.querySelector('#said-price-0-1').textContent") == "$10"
        assert (await page.js(COSTS))[0] == "$0.21"  # 10 tokens at $1 and 20 at $10 a million
        assert float(await page.js(ratio)) == pytest.approx(before * 50 / 210, rel=0.01)
        assert await page.js("document.querySelector('tr[data-cheap] .likely').textContent") == "–"
        assert not await page.js("document.querySelector('#what-if-on').hidden")
        assert "of the prices paid" in await page.js("document.querySelector('header').innerText")
        assert "+" not in await page.js("document.querySelector('#frontier-tables').innerText")
        await page.js("document.querySelector('#reset').click()")
        await page.drawn()
        assert (await page.js(COSTS))[0] == "$0.05"
        assert await page.js("document.querySelector('#frontier-tables').innerText") == paid
        assert await page.js("document.querySelector('tr[data-cheap] .likely').textContent") != "–"
        await page.set("#price-0-0", "-4", "input")  # all the way to the left: free
        await page.set("#price-0-1", "-4", "input")
        assert (await page.js(COSTS))[0] == "$0"
        assert page.complaints == []


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_it_fits_a_phone(tmp_path, evil, width):
    async with browser(tmp_path / "profile") as page:
        await page.size(width, mobile=width < 1000)
        await page.open(evil)
        assert await page.js("document.documentElement.scrollWidth <= innerWidth")
        wide = "[...document.querySelectorAll('.chart svg')].map(e => e.getBoundingClientRect().width)"
        assert max(await page.js(wide)) <= width


async def test_light_dark_and_print(tmp_path, good):
    ground = "getComputedStyle(document.body).backgroundColor"
    line = "getComputedStyle(document.querySelector('#chart-coverage path[stroke^=var]')).stroke"
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        await page.open(good)
        light = await page.js(ground), await page.js(line)
        await page.media(scheme="dark")
        dark = await page.js(ground), await page.js(line)
        assert light[0] != dark[0]
        assert light[1] != dark[1]
        await page.set("#theme", "light")
        assert (await page.js(ground), await page.js(line)) == light
        await page.set("#theme", "dark")
        await page.media("print", "dark")
        assert (await page.js(ground), await page.js(line)) == light  # ink on paper, whatever the screen
        assert await page.js("getComputedStyle(document.querySelector('#what-if')).display") == "none"
        await page.media()
        assert (await page.pdf()).startswith(b"%PDF")
        picture = await page.picture()
        assert colours_in(picture) > 20


def colours_in(picture):
    """Distinct colours of some rows of a PNG, roughly: enough to see that something is drawn."""
    at, packed = 8, b""
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        packed += picture[at + 8 : at + 8 + length] if picture[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    return len(set(zlib.decompress(packed)))


async def test_without_scripts_the_tables_are_there(tmp_path, good):
    async with browser(tmp_path / "profile") as page:
        await page.ask("Emulation.setScriptExecutionDisabled", value=True)
        await page.ask("Page.navigate", url=good)
        await page.until("document.readyState === 'complete'")
        shown = await page.js("document.body.innerText")
        assert "need JavaScript" in shown
        assert "$0.05" in shown
        assert "What if" not in shown


async def test_what_is_missing_is_drawn_without_complaint(tmp_path, program):
    async with browser(tmp_path / "profile") as page:
        await page.size(1280)
        for ledger in odd(tmp_path):
            file = ledger.with_suffix(".html")
            file.write_text(made(*found(ledger), program), "utf-8")
            await page.open(file.as_uri())
            await page.set("#scale", "linear")
            assert page.complaints == [], ledger.name
            assert "NaN" not in await page.js("document.body.innerText")
