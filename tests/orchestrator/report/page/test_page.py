"""The report as text: what stands in the file, before any browser reads it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from orchestrator.report.charts import rows
from orchestrator.report.page.page import page
from orchestrator.report.page.text import for_script, text
from tests.orchestrator.analysis.report_fixture import HOSTILE, found, hostile, odd, tame
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger

pytestmark = pytest.mark.slow

PROGRAM = "window.vegaEmbed = null;"


class Read(HTMLParser):
    """Elements as (tag, attributes), texts, and what stands in scripts and styles."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.texts, self.raw, self._inside = [], [], {"script": [], "style": []}, None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else self._inside

    def handle_endtag(self, tag):
        self._inside = None if tag == self._inside else self._inside

    def handle_data(self, data):
        (self.raw[self._inside] if self._inside else self.texts).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    return page(*found(hostile(tmp_path_factory.mktemp("evil") / "h.db")), PROGRAM)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return page(*found(tame(tmp_path_factory.mktemp("tame") / "t.db")), PROGRAM)


def test_hostile_texts_make_no_elements_and_no_attributes(evil, good):
    read, plain = Read(evil), Read(good)
    assert {tag for tag, _ in read.elements} == {tag for tag, _ in plain.elements}
    assert len(read.all("script")) == len(plain.all("script")) == 3
    assert not any(
        key.startswith("on") or key in ("src", "href", "style") for _, of in read.elements for key in of
    )
    assert not any(sign in evil for sign in ("\u202e", "\u200f", "\u2028", "\u2029", "\x00", "\x1b"))
    shown = " ".join(read.texts)
    assert re.search("l{5,}…l{10,}… never solved 2 of 12 problems", shown)
    for part in ("</script><img src=x onerror=alert(1)>", "__proto__", "constructor", "\\u202e", "שלום"):
        assert part in shown


def test_data_for_the_script_can_not_end_it(evil):
    data = next(part for part in Read(evil).raw["script"] if part.startswith("{"))
    assert not re.search("[<>&\u2028\u2029]", data)
    assert data.isascii()
    assert [model["name"] for model in json.loads(data)["models"]][4:6] == ["__proto__", "constructor"]


def test_nothing_is_asked_of_any_address(evil, good):
    for source in (evil, good):
        own = source.replace("http://www.w3.org/", "")
        for word in HOSTILE:  # a name may look like one; as text alone
            own = own.replace(text(word, 28), "").replace(text(word), "")
        markup = re.sub(r"<script.*?</script>|<style>.*?</style>", "", own, flags=re.DOTALL)
        assert not re.search(r"<(link|img|iframe|object|embed|base|form|a|source|video|audio)\b", markup)
        style = Read(source).raw["style"][0]
        assert "url(" not in style
        assert "@import" not in style
    assert "//" not in re.sub(r"<script.*?</script>", "", good, flags=re.DOTALL)


def test_the_policy_lets_nothing_run_but_its_own_scripts(evil):
    read = Read(evil)
    policy = next(
        of["content"] for of in read.all("meta") if of.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    scripts = [part for part in read.raw["script"] if not part.startswith("{")]
    for content in (*scripts, *read.raw["style"]):
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy


def test_everything_has_a_label(good):
    read = Read(good)
    labelled = {of["for"] for of in read.all("label") if "for" in of}
    assert {of["id"] for of in read.all("select")} <= labelled
    assert {of["id"] for of in read.all("input") if of["type"] == "range"} <= labelled
    charts = [of for of in read.all("div") if "chart" in of.get("class", "").split()]
    assert [of["id"] for of in charts] == [
        "chart-coverage",
        "chart-frontier",
        "chart-spread",
        "chart-spending",
    ]
    assert all(of["role"] == "img" and len(of["aria-label"]) > 20 for of in charts)
    assert len(read.all("caption")) == len(read.all("table"))
    assert all(of.get("scope") for of in read.all("th"))
    assert read.all("html") == [{"lang": "en"}]
    ids = [of["id"] for _, of in read.elements if "id" in of]
    assert len(ids) == len(set(ids))


def test_the_tables_hold_the_figures_without_any_script(good):
    shown = re.sub("<[^>]+>", "|", good.split("<script", 1)[0])
    for part in (
        "$0.05",
        "$1.00",
        "14.3%",
        "input 1, cached 1, output 2",
        "2026-01-02",
        "sha256",
    ):
        assert part in shown
    assert re.search(r"\|20\|+85\.0%\|", shown)
    assert re.search(r"\|open \(0\.\d\d\)\|", shown)


def test_axes_that_are_not_known_are_not_offered(good):
    offered = [of["value"] for of in Read(good).all("option")]
    assert offered[:3] == ["usd", "samples", "tokens"]
    assert "flops" not in offered


def test_it_stays_small(evil, good):
    assert len(good) < 150_000
    assert len(evil) < 600_000


@pytest.mark.parametrize("word", HOSTILE)
def test_words_in_scripts_and_markup(word):
    assert json.loads(for_script({word: [word]})) == {word: [word]}
    assert not re.search(r"[<>\"']", text(word))


@pytest.mark.parametrize("axis", ["usd", "tokens", "flops"])
def test_what_is_missing_is_left_out(tmp_path, axis):
    for path in odd(tmp_path):
        source = page(*found(path, axis), PROGRAM)
        assert "NaN" not in source.split(PROGRAM)[0]
        assert len(Read(source).all("table")) >= 4


def test_what_to_buy_is_said_once(tmp_path):
    document, data = found(tame(tmp_path / "t.db"))
    content, told = page(document, data, PROGRAM), document["advice"]
    assert told
    for said in told:
        assert content.count(text(said)) == 1, said
    heading = content[: content.index("</header>")]
    assert heading.index(text(told[0])) < heading.index("<ul")


def test_a_note_names_the_model_that_it_is_about(tmp_path):
    aliases = [f"vendor/a-long-name-of-a-model-2026-11-30-preview-{at}" for at in range(1, 13)]
    passed = {f"p{at}": counted(2, at % 2) for at in range(6)}
    made = make_ledger(tmp_path / "m.db", {alias: Made(passed) for alias in aliases})
    document, data = found(made)
    document["warnings"] = [f"{alias}: says {at}" for at, alias in enumerate(aliases)]
    content = page(document, data, PROGRAM)
    for at, alias in enumerate(rows.names(aliases)):
        assert f"{text(alias)}: says {at}<" in content
