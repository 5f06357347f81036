import pytest

from orchestrator.report.live.glyphs import UNICODE
from orchestrator.report.live.model_rows import ModelRows
from tests.orchestrator.report.progress_fixture import model


def rows(models, width=80, room=20):
    return [line.plain for line in ModelRows(UNICODE, "utf-8").draw(models, 3, width, room)]


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (24, ["model", "samples"]),
        (40, ["model", "samples", "per s", "solved"]),
        (80, ["model", "samples", "per s", "solved", "pass", "in flight", "cost", "left"]),
        (120, ["model", "samples", "per s", "solved", "coverage", "pass", "in flight", "cost", "left"]),
    ],
)
def test_the_figures_that_matter_least_go_first(width, names):
    shown = rows([model("smollm2", done=512, planned=2_560)], width)[0]
    assert [part.strip() for part in shown.split("  ") if part.strip()] == names


@pytest.mark.parametrize(
    ("done", "failed", "planned", "bar"),
    [
        (0, 0, 640, "  ░░░░░░░░   0%"),
        (1, 0, 640, "  █░░░░░░░   0%"),
        (639, 0, 640, "  ███████░  99%"),
        (600, 40, 640, "  ███████▒ 100%"),
        (640, 0, 640, "  ████████ 100%"),
        (0, 0, 0, "  ░░░░░░░░    –"),  # it grades, and may have far to go
    ],
)
def test_a_bar_is_full_only_when_all_is_asked(done, failed, planned, bar):
    line = rows([model(done=done, failed=failed, planned=planned)], 40)[2]
    assert line[:15] == bar


def test_a_wide_terminal_has_a_models_bar_and_reason_beside_its_figures():
    lines = rows([model(waiting="servers busy"), model("large", stopped="bad key")], 170)
    assert len(lines) == 3
    assert lines[1].endswith("  75%  servers busy")
    assert lines[2].endswith("  75%  stopped")
    assert lines[1].index("█") == lines[2].index("█")


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (7, ["model", "a", "", "b", "", "c", ""]),
        (6, ["model", "a", "b", "c"]),
        (4, ["model", "a", "b", "c"]),
        (3, ["model", "b", "+"]),
        (2, ["b", "+"]),
        (1, ["+"]),
    ],
)
def test_bars_go_first_then_the_finished_then_the_last(room, shown):
    models = [model("a", done=640), model("b"), model("c")]
    assert [line.split(" ")[0] for line in rows(models, 80, room)] == shown


def test_what_is_hidden_is_counted():
    models = [model("a", done=640), model("b"), model("c", done=640)]
    assert rows(models, 80, 3)[-1] == "+ 2 models, 2 of them finished"
    assert rows([model("a"), model("b")], 80, 1) == ["+ 2 models"]


def test_without_bars_the_reason_stands_behind_the_figures():
    assert rows([model("a", waiting="servers busy"), model("b")], 110, 3)[1].endswith("  servers busy")


def test_long_aliases_leave_room_for_the_figures():
    line = rows([model("a-model-with-a-very-long-alias-indeed", done=100, planned=640)], 40)[1]
    assert line.startswith("a-m…s-indeed  100/640")


def test_names_with_one_beginning_can_be_told_apart():
    names = [
        line.split()[0]
        for line in rows([model("gpt-5.4-mini-2026-03"), model("gpt-5.4-nano-2026-03")], 80)[1::2]
    ]
    assert len(set(names)) == 2
    assert all("…" in name for name in names)


def test_a_model_that_grades_is_not_done_while_it_grades_and_says_what_it_waits_for():
    names, row, below = rows(
        [model("grader", done=0, planned=0, in_flight_requests=2, waiting="rate limit, 4 s")], 120
    )
    assert names.split()[-1] == "left"
    assert row.split()[-1] == UNICODE.unknown
    assert below.endswith("rate limit, 4 s")
