"""Samples of several ledgers under new indices: as sorting all of them would number them, whichever are missing."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.ledger.merging.numbering import Stretch, interleaved
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.sample_files import rows


def _stretches(source: int, indices: list[int]) -> list[Stretch]:
    found: list[Stretch] = []
    for index in sorted(indices):
        if found and found[-1].last == index - 1:
            found[-1] = found[-1]._replace(last=index)
        else:
            found.append(Stretch(source, index, index))
    return found


@pytest.mark.parametrize("seed", range(10))
def test_every_sample_is_numbered_as_sorting_would(seed):
    draws = random.Random(seed)
    for _ in range(50):
        had = _indices(draws)
        expected = {
            (source, index): at
            for at, (index, source) in enumerate(
                sorted((index, source) for source, indices in had.items() for index in indices)
            )
        }
        places = list(
            interleaved(one for source, indices in had.items() for one in _stretches(source, indices))
        )
        found = {
            (place.source, index): place.begins + (index - place.first) * place.step
            for place in places
            for index in range(place.first, place.last + 1)
        }
        assert found == expected
        moved = sum(at != index for (_, index), at in expected.items())
        assert sum(place.moved for place in places) == moved


def _indices(draws: random.Random) -> dict[int, list[int]]:
    """By ledger: all, most or a single one of as many as 13."""
    return {
        source: sorted(draws.sample(range(13), k=1))
        if draws.random() < 0.2
        else [index for index in range(draws.randint(1, 13)) if draws.random() < draws.choice((1, 0.6))]
        for source in range(1, draws.randint(2, 6))
    }


def test_many_missing_indices_take_no_more_places_than_samples():
    """Every second index of each of 4 ledgers, which are out of step."""
    had = {source: list(range(source % 2, 20_000, 2)) for source in range(1, 5)}
    places = list(interleaved(one for source, indices in had.items() for one in _stretches(source, indices)))
    assert len(places) == sum(map(len, had.values()))
    assert places[-1].begins == len(places) - 1


def _with_texts(db: Path, mark: str, *missing: int) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE sample SET text = ? || sample_index", (mark,))
        connection.executemany("DELETE FROM sample WHERE sample_index = ?", [(index,) for index in missing])


def test_what_a_ledger_lacks_the_others_close(command, tmp_path):
    make_ledger(tmp_path / "a.db", {"m": Made({"p": counted(6, 0), "q": counted(2, 0)})})
    make_ledger(tmp_path / "b.db", {"m": Made({"q": counted(2, 1), "p": counted(5, 1)})})  # other ids
    _with_texts(tmp_path / "a.db", "A", 1, 2, 4)
    _with_texts(tmp_path / "b.db", "B", 3)
    assert command("merge", "out.db", "a.db", "b.db").returncode == 0
    found = rows(
        tmp_path / "out.db", "SELECT problem, sample_index, text FROM sample_records ORDER BY problem, 2"
    )
    texts = {key: [row["text"] for row in found if row["problem"] == key] for key in ("p", "q")}
    assert texts == {"p": ["A0", "B0", "B1", "B2", "A3", "B4", "A5"], "q": ["A0", "B0", "B1"]}
    indices = [row["sample_index"] for row in found]
    assert indices == [*range(7), *range(3)]


def test_two_ledgers_may_have_drawn_at_the_same_instant(command, tmp_path):
    """Clocks are coarse: it takes the same words as well to be the same draw."""
    for name in ("a", "b"):
        make_ledger(tmp_path / f"{name}.db", {"m": Made({"p": counted(3, 0)})})  # all are of the instant 0
        _with_texts(tmp_path / f"{name}.db", name)
    assert command("merge", "out.db", "a.db", "b.db").returncode == 0
    _with_texts(tmp_path / "b.db", "a")
    done = command("merge", "out2.db", "a.db", "b.db")
    assert (done.returncode, "the same draw" in done.stderr) == (2, True)
