"""`manyfew frontier --html` and `manyfew figure` as people run them."""

import importlib.util
import json
import subprocess
import sys
from html import escape
from pathlib import Path

import pytest

from orchestrator.installer import install_extra
from tests.orchestrator.analysis.report_fixture import HOSTILE, hostile, tame

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
needs_charts = pytest.mark.skipif(
    importlib.util.find_spec("vl_convert") is None, reason='needs the extra "charts"'
)


@pytest.fixture
def ledger(tmp_path):
    return tame(tmp_path / "l.db")


@needs_charts
def test_a_report_is_written_and_the_document_stays_alone(manyfew, ledger, tmp_path):
    done = manyfew("frontier", "l.db", "--html", "out/r.html", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["axis"] == "usd"
    assert done.stderr == "Report written to out/r.html\n"
    page = (tmp_path / "out" / "r.html").read_text("utf-8")
    assert 800_000 < len(page) < 1_100_000
    assert page.rstrip().endswith("</html>")


@needs_charts
@pytest.mark.parametrize(
    ("name", "begins"), [("f.png", b"\x89PNG"), ("f.SVG", b"<svg"), ("new/f.svg", b"<svg")]
)
def test_a_figure_is_written_by_its_file_s_ending(command, ledger, tmp_path, name, begins):
    done = command("figure", "l.db", "-o", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"Figure written to {name}\n")
    assert (tmp_path / name).read_bytes().startswith(begins)


@needs_charts
def test_a_figure_is_drawn_on_the_axis_that_is_named(command, ledger, tmp_path):
    assert command("figure", "l.db", "-o", "f.svg", "--axis", "tokens").returncode == 0
    assert "tokens" in (tmp_path / "f.svg").read_text("utf-8")


@needs_charts
def test_the_same_ledger_gives_the_same_report(command, ledger, tmp_path):
    lines = (("frontier", "--html", "r.html"), ("figure", "-o", "f.png"), ("figure", "-o", "f.svg"))
    for word, flag, name in lines:
        assert command(word, "l.db", flag, name).returncode == 0
        first = (tmp_path / name).read_bytes()
        assert command(word, "l.db", flag, name).returncode == 0
        assert (tmp_path / name).read_bytes() == first


@needs_charts
def test_people_get_their_text_too_and_the_ledger_stays_as_it_was(command, ledger):
    before = ledger.read_bytes()
    done = command("frontier", "l.db", "--html", "r.html", "--axis", "tokens")
    assert "coverage against tokens" in done.stdout
    assert done.stderr == "Report written to r.html\n"
    assert ledger.read_bytes() == before


@needs_charts
def test_hostile_ledgers_are_reported(command, tmp_path):
    hostile(tmp_path / "h.db")
    assert command("figure", "h.db", "-o", "h.svg").returncode == 0
    assert command("frontier", "h.db", "--html", "h.html").returncode == 0
    page = (tmp_path / "h.html").read_text("utf-8")
    assert HOSTILE[0] not in page
    assert "<img src=x" not in page


@needs_charts
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("frontier l.db --html l.db", "l.db: the name must end in .html (use l.db.html)"),
        ("frontier l.db --html d.html", "d.html: already exists and isn't a file"),
        ("figure l.db -o mine.svg", "mine.svg: already exists and isn't a report made by manyfew"),
        ("figure l.db -o f.jpg", "-o f.jpg: the file must end in .pdf, .svg or .png for a picture"),
        ("figure l.db -o f", "(-o f.pdf)"),
        ("figure l.db -o f.svg --axis miles", "--axis: there is no axis 'miles'"),
    ],
)
def test_a_file_that_can_not_be_written_fails_at_the_start(command, ledger, tmp_path, line, message):
    (tmp_path / "mine.svg").write_text("<svg>mine</svg>")
    (tmp_path / "d.html").mkdir()
    before = ledger.read_bytes()
    done = command(*line.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert ledger.read_bytes() == before
    assert not (tmp_path / "f.svg").exists()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--png", "a b.png"], "--png: moved to the command figure (manyfew figure l.db -o 'a b.png')"),
        (["--svg=f.svg", "--axis", "tokens"], "(manyfew figure l.db -o f.svg --axis tokens)"),
        (["--png", "f.png", "--svg", "f.svg"], "figure l.db -o f.png && manyfew figure l.db -o f.svg)"),
    ],
)
def test_an_old_flag_is_answered_with_the_new_line(command, ledger, tmp_path, flags, line):
    done = command("frontier", "l.db", "--html", "r.html", *flags)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("figure missing.db -o f.png", "manyfew figure"),
        ("figure missing.db -o f.svg", "manyfew figure"),
    ],
)
def test_without_the_library_one_line_says_how_to_get_it(command, tmp_path, monkeypatch, line, where):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    done = command(*line.split())  # said before the ledger is looked for
    assert done.returncode == 2
    said = f"needs the charting library vl-convert-python ({install_extra('charts')})"
    line = where if where.startswith("manyfew") else f"manyfew: {where}"
    assert done.stderr == f"{line}: {said}\n"


def test_a_report_without_the_library_has_all_but_the_charts(command, ledger, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert command("frontier", "l.db", "--html", "r.html").returncode == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.count(escape(f"The chart needs the charting library: {install_extra('charts')}")) == 4
    assert 'id="grid-body"' in page
    assert "Best buys" in page
    assert len(page) < 180_000


def test_texts_are_a_size(command, ledger):
    done = command("frontier", "l.db", "--html", "r.html", "--texts", "-1")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--texts: -1 isn't a size in MB" in done.stderr


def test_the_charting_library_is_not_loaded_for_anything_else(tmp_path):
    tame(tmp_path / "l.db")
    script = (
        "import sys; from orchestrator.cli.main import main\n"
        "try: main(['frontier', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in sys.modules if name.startswith(('vl_convert', 'orchestrator.report.page'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "l.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
