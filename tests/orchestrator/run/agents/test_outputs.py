"""An attempt's output: only what lies in its own folders, however it was put there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchestrator.run.agents import outputs
from orchestrator.run.agents.outputs import NoOutput
from orchestrator.run.agents.place import INSIDE, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "attempt", INSIDE)
    made.make("do it")
    made.folder.mkdir()
    (tmp_path / "secret").write_text("the key")
    return made


def test_files_of_the_folder_and_of_out(place):
    (place.folder / "answer").write_text("42")
    (place.out / "answer").write_bytes(b"\xff\0x")
    assert outputs.from_file(place, "answer") == "42"
    assert outputs.from_file(place, "{out}/answer") == "��x"


def test_fields_of_json(place):
    (place.out / "t.json").write_text(
        json.dumps({"info": {"submission": "patch", "n": [1, {"k": 2}]}, "e": None})
    )
    assert outputs.from_json(place, "{out}/t.json:info.submission") == "patch"
    assert outputs.from_json(place, "{out}/t.json:info.n.1.k") == "2"
    for field in ("info.none", "e", "info.n.7", "info.submission.x"):
        with pytest.raises(NoOutput, match="has no"):
            outputs.from_json(place, f"{{out}}/t.json:{field}")
    (place.out / "t.json").write_text("[" * 100_000)
    with pytest.raises(NoOutput, match="holds no JSON"):
        outputs.from_json(place, "{out}/t.json:x")


def test_nothing_outside_is_read(place, tmp_path):
    (place.folder / "link").symlink_to(tmp_path / "secret")
    (place.folder / "dir").symlink_to(tmp_path)
    os.mkfifo(place.folder / "fifo")
    (place.folder / "big").write_bytes(b"")
    os.truncate(place.folder / "big", outputs.MOST_BYTES + 1)
    for name in ("link", "dir/secret", "../../secret", "{out}/../../secret", "fifo", "big", "none", "dir"):
        with pytest.raises(NoOutput):
            outputs.from_file(place, name)


def test_a_place_is_removed_whatever_was_made_of_it(place):
    (place.folder / "closed").mkdir()
    (place.folder / "closed/x").write_text("")
    (place.folder / "closed").chmod(0)
    (place.folder / "up").symlink_to(place.outside.parent)
    place.remove()
    assert not place.outside.exists()
    assert (place.outside.parent / "secret").exists()
