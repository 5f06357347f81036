import os

import pytest

from orchestrator.errors import InputError
from orchestrator.report.report_file import check_target, write_report

OURS = b'<!doctype html><meta name="generator" content="manyfew report">'


def test_a_report_takes_an_earlier_ones_place(tmp_path):
    file = tmp_path / "new" / "r.html"
    write_report("html", file, OURS + b"one")
    write_report("html", file, OURS + b"two")
    assert file.read_bytes() == OURS + b"two"
    assert [one.name for one in file.parent.iterdir()] == ["r.html"]


@pytest.mark.parametrize("name", ["l.db", "r.htm", "report", "r.html.db", ".html", "r.png"])
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"must end in \.html"):
        check_target("html", tmp_path / name)


@pytest.mark.parametrize("kind", ["html", "png", "svg"])
@pytest.mark.parametrize(
    "content", [b"SQLite format 3\0", b"<!doctype html><p>mine", b"\x89PNG\r\n\x1a\n", b"<svg>", b""]
)
def test_nothing_else_is_overwritten(tmp_path, kind, content):
    file = tmp_path / f"r.{kind}"
    file.write_bytes(content)
    with pytest.raises(InputError, match="isn't a report made by manyfew"):
        write_report(kind, file, b"new")
    assert file.read_bytes() == content


def test_a_folder_a_pipe_and_a_dangling_link_are_refused(tmp_path):
    (tmp_path / "d.html").mkdir()
    os.mkfifo(tmp_path / "p.html")
    (tmp_path / "l.html").symlink_to(tmp_path / "nothing")
    for name in ("d.html", "p.html", "l.html"):
        with pytest.raises(InputError, match="isn't a file"):
            check_target("html", tmp_path / name)


def test_a_link_stays_and_its_report_is_renewed(tmp_path):
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_bytes(OURS)
    link.symlink_to(real)
    write_report("html", link, OURS + b"new")
    assert link.is_symlink()
    assert real.read_bytes() == OURS + b"new"


def test_where_nothing_can_be_written_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="can't be written"):
        write_report("html", tmp_path / "file" / "r.html", OURS)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
