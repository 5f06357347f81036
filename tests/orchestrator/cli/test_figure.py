"""`manyfew figure`: panels and tables for a paper."""

import csv
import importlib.util
import json
import re
import struct

import pytest

from tests.orchestrator.analysis.report_fixture import hostile, tame

pytestmark = pytest.mark.slow

needs_charts = pytest.mark.skipif(
    importlib.util.find_spec("vl_convert") is None, reason='needs the extra "charts"'
)


@pytest.fixture
def ledger(tmp_path):
    return tame(tmp_path / "l.db")


def letters(svg):
    return {float(size) for size in re.findall(r'font-size="([\d.]+)px"', svg)}


@needs_charts
def test_a_pdf_is_of_the_size_asked_with_its_fonts_inside_and_is_overwritten(command, ledger, tmp_path):
    for _ in range(2):
        done = command("figure", "l.db", "-o", "f.pdf", "--panel", "coverage", "--size", "3.3x2.4in")
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith("Figure written to f.pdf\nFor its caption: Marks: k = 1, 2, 5, 10")
    made = (tmp_path / "f.pdf").read_bytes()
    box = re.search(rb"/MediaBox \[([^\]]*)\]", made)
    assert box is not None
    assert [round(float(side), 1) for side in box[1].split()] == [0, 0, 237.6, 172.8]
    assert b"/FontFile" in made
    # The update at its end points to where its table begins.
    at = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    assert made[at:].startswith(b"xref\n")


@needs_charts
@pytest.mark.parametrize(
    ("size", "points", "least"), [("84x60mm", (238.11, 170.08), 7), ("6.5in x 4in", (468.0, 288.0), 9)]
)
def test_letters_stay_legible_and_a_name_leads_no_line(command, ledger, tmp_path, size, points, least):
    assert command("figure", "l.db", "-o", "f.svg", "--size", size).returncode == 0
    drawn = (tmp_path / "f.svg").read_text("utf-8")
    assert f'width="{points[0]:g}pt" height="{points[1]:g}pt"' in drawn
    assert min(letters(drawn)) == least
    assert "coverage (pass@k)" in drawn
    assert "role-title" not in drawn.replace("role-axis-title", "").replace("role-legend-title", "")
    assert "mark-rule role-mark" not in drawn


@needs_charts
def test_a_png_has_300_dots_per_inch(command, ledger, tmp_path):
    assert command("figure", "l.db", "-o", "f.png", "--panel", "cost", "--title", "Mine").returncode == 0
    made = (tmp_path / "f.png").read_bytes()
    assert struct.unpack(">II", made[16:24]) == (990, 720)
    at = made.index(b"pHYs") + 4
    assert struct.unpack(">IIB", made[at : at + 9]) == (11811, 11811, 1)


@needs_charts
def test_samples_are_drawn_on_their_own_axis_with_the_fitted_law(command, ledger, tmp_path):
    done = command("figure", "l.db", "-o", "f.svg", "--panel", "samples", "--title", "A <title>")
    assert done.returncode == 0
    assert "the fitted law" in done.stderr
    drawn = (tmp_path / "f.svg").read_text("utf-8")
    assert "samples per problem (k)" in drawn
    assert "A &lt;title&gt;" in drawn
    assert "$" not in drawn.split("</metadata>")[1]


def test_a_table_has_pass_at_the_chosen_k_and_what_it_costs(command, ledger, tmp_path):
    said = json.loads(command("frontier", "l.db", "--json").stdout)
    point = {p["k"]: p for p in said["models"]["cheap"]["coverage"]}[2]
    assert command("figure", "l.db", "-o", "t.csv", "--k", "2,1").returncode == 0
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if (row["model"], row["k"]) == ("cheap", "2"))
    assert float(row["coverage"]) == point["coverage"]
    assert float(row["usd_per_problem"]) == point["usd_per_problem"]
    assert row["source"].startswith("manyfew ")
    for name, head in (
        ("t.tex", r"model & pass@1 & dollars per 1,000 problems & pass@2"),
        ("t.md", "| pass@2 |"),
    ):
        done = command("figure", "l.db", "-o", name, "--k", "1,2", "--title", "50% & more")
        assert (done.returncode, done.stderr) == (0, f"Table written to {name}\n")
        assert head in (tmp_path / name).read_text("utf-8")
    assert r"\caption{50\% \& more}" in (tmp_path / "t.tex").read_text("utf-8")
    assert command("figure", "l.db", "-o", "t.csv").returncode == 0  # ours: overwritten


def test_hostile_names_stay_text_in_tables(command, tmp_path):
    hostile(tmp_path / "h.db")
    for name in ("t.tex", "t.md", "t.csv"):
        assert command("figure", "h.db", "-o", name).returncode == 0
    assert "<img" not in (tmp_path / "t.md").read_text("utf-8")
    tex = (tmp_path / "t.tex").read_text("utf-8")
    assert tex.splitlines()[-1] == r"\end{tabular}"
    assert tex.count("\n% ") <= 1  # the comment can't be left by a line's end


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "-o f.svg --panel pie",
            "--panel: there is no panel 'pie' (use coverage, samples, frontier or cost)",
        ),
        ("-o f.svg --size big", "--size: 'big' isn't a size (such as 3.3x2.4in or 84x60mm)"),
        ("-o f.svg --size 0x2in", "--size: '0x2in' isn't between 1 and 50 inches"),
        ("-o f.svg --k 1", "--k: is of a table of coverage"),
        ("-o f.md --size 3x3in", "--size: a table has no size"),
        ("-o f.md --k 0", "--k: '0' aren't whole numbers from 1"),
        ("-o f.md --k 99999", "f.md: no model has coverage at such a k"),
        ("-o f.svg --panel samples --axis usd", "--axis: the panel samples has an axis of its own"),
    ],
)
def test_bad_flags_are_one_line(command, ledger, tmp_path, line, message):
    done = command("figure", "l.db", *line.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert not list(tmp_path.glob("f.*"))


def test_the_axis_of_samples_has_keys_of_its_own(command, ledger):
    said = json.loads(command("frontier", "l.db", "--axis", "samples", "--json").stdout)
    assert said["axis"] == "samples"
    for model in said["models"].values():
        assert "samples_per_sample" not in model
        assert all(p["samples_per_problem"] == p["k"] for p in model["coverage"])
    assert all(row["samples_expensive"] == row["expensive_k"] for row in said["comparisons"])
