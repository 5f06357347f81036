"""`manyfew frontier --html, --png, --svg` as people run it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.installer import install_extra
from tests.orchestrator.analysis.report_fixture import HOSTILE, hostile, tame

ROOT = Path(__file__).resolve().parents[3]
needs_charts = pytest.mark.skipif(
    importlib.util.find_spec("vl_convert") is None, reason='needs the extra "charts"'
)


@pytest.fixture
def ledger(tmp_path):
    return tame(tmp_path / "l.db")


@needs_charts
def test_all_three_are_written_and_the_document_stays_alone(manyfew, ledger, tmp_path):
    done = manyfew("frontier", "l.db", "--html", "out/r.html", "--png", "f.png", "--svg", "f.svg", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["axis"] == "usd"
    assert done.stderr.splitlines() == [
        f"Report written to {name}" for name in ("out/r.html", "f.png", "f.svg")
    ]
    page = (tmp_path / "out" / "r.html").read_text("utf-8")
    assert 800_000 < len(page) < 1_100_000
    assert page.rstrip().endswith("</html>")
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "f.svg").read_text("utf-8").startswith("<svg")


@needs_charts
def test_the_same_ledger_gives_the_same_report(command, ledger, tmp_path):
    names = ("r.html", "f.png", "f.svg")
    flags = [part for name in names for part in (f"--{name[-4:].lstrip('.')}", name)]
    assert command("frontier", "l.db", *flags).returncode == 0
    first = [(tmp_path / name).read_bytes() for name in names]
    assert command("frontier", "l.db", *flags).returncode == 0
    assert [(tmp_path / name).read_bytes() for name in names] == first


@needs_charts
def test_people_get_their_text_too_and_the_ledger_stays_as_it_was(command, ledger):
    before = ledger.read_bytes()
    done = command("frontier", "l.db", "--svg", "f.svg", "--axis", "tokens")
    assert "coverage against tokens a problem" in done.stdout
    assert done.stderr == "Report written to f.svg\n"
    assert ledger.read_bytes() == before


@needs_charts
def test_hostile_ledgers_are_reported(command, tmp_path):
    hostile(tmp_path / "h.db")
    done = command("frontier", "h.db", "--html", "h.html", "--svg", "h.svg")
    assert done.returncode == 0
    page = (tmp_path / "h.html").read_text("utf-8")
    assert HOSTILE[0] not in page
    assert "<img src=x" not in page


@needs_charts
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--html", "l.db"], "a report of this kind ends in .html"),
        (["--png", "f.svg"], "a report of this kind ends in .png"),
        (["--svg", "mine.svg"], "mine.svg: is there already and is no report of manyfew's"),
        (["--html", "d.html"], "d.html: is there already and is no file"),
    ],
)
def test_what_is_not_to_be_written_is_said_before_any_work(command, ledger, tmp_path, flags, message):
    (tmp_path / "mine.svg").write_text("<svg>mine</svg>")
    (tmp_path / "d.html").mkdir()
    before = ledger.read_bytes()
    done = command("frontier", "l.db", "--png", "first.png", *flags)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert not (tmp_path / "first.png").exists()
    assert ledger.read_bytes() == before


@pytest.mark.parametrize("flag", ["--html r.html", "--png r.png", "--svg r.svg"])
def test_without_the_library_one_line_says_how_to_get_it(command, tmp_path, monkeypatch, flag):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    done = command("frontier", "missing.db", *flag.split())  # said before the ledger is looked for
    assert done.returncode == 2
    said = f"needs the charting library vl-convert-python ({install_extra('charts')})"
    assert done.stderr == f"manyfew: {flag.split()[0]}: {said}\n"


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
