import pytest
from rich.cells import cell_len
from rich.console import Console

from orchestrator.report.terminal.summary_table import ModelsTable
from tests.orchestrator.report.progress_fixture import HOSTILE, PICO, Terminal, model


def shown(models, width=80):
    stream = Terminal()
    Console(file=stream, width=width, color_system=None, markup=False).print(ModelsTable(models))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def troubled(alias="cheap"):
    return model(
        alias,
        done=123_000,
        planned=640_000,
        failed=12,
        verified=1000,
        passed=198,
        settled_pico=1234 * PICO,
        presumed_pico=PICO // 3,
        requests=20_000,
        retries=345,
    )


def test_what_no_model_has_takes_no_column():
    assert shown(
        [model(requests=5, settled_pico=PICO), model("large", done=0, planned=5, solved_problems=0)]
    ) == [
        "model  samples  solved  coverage  settled  requests",
        "cheap  480/640   41/64     64.1%    $1.00         5",
        "large      0/5    0/64         -       $0         -",
    ]


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (120, "model samples failed solved coverage pass settled presumed requests retries"),
        (90, "model samples failed solved coverage pass settled presumed requests"),
        (80, "model samples failed solved coverage pass settled presumed"),
        (60, "model samples failed solved settled presumed"),
        (40, "model samples solved"),
    ],
)
def test_no_head_and_no_figure_is_cut(width, heads):
    lines = shown([troubled(), model("large")], width)
    assert lines[0].split() == heads.split()
    assert max(map(cell_len, lines)) <= width
    assert "123,000/640,000" in lines[1]
    assert "…" not in "".join(lines)


@pytest.mark.parametrize("alias", HOSTILE)
@pytest.mark.parametrize("width", [24, 40, 80])
def test_hostile_aliases_keep_to_their_cells(alias, width):
    lines = shown([troubled(alias)], width)
    assert max(map(cell_len, lines)) <= width
    assert "\x1b" not in "".join(lines)
