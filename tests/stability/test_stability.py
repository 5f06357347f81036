"""docs/stability.md is kept: what users build on is as it was frozen, and every change of it is in the changelog."""

from __future__ import annotations

import json
import re

import pytest

from tests.stability.surface import DOCUMENTS, FROZEN, ROOT, keys, surface

FROZEN_NOW = json.loads(FROZEN.read_text("utf-8"))["surface"]
GONE = "is gone. Users may rely on it: keep it with a warning for one minor release"
REFREEZE = "add a line to CHANGELOG.md, then: python -m tests.stability.freeze"


@pytest.fixture(scope="module")
def now():
    return surface()


def _all(of: dict[str, dict[str, list[str]]]) -> set[str]:
    return {
        f"{kind}: {where}: {name}" for kind, by in of.items() for where, names in by.items() for name in names
    }


def test_nothing_that_users_build_on_is_gone(now):
    gone = sorted(_all(FROZEN_NOW) - _all(now))
    assert gone == [], f"{GONE}. If that is past, {REFREEZE}"


def test_what_is_new_is_in_the_changelog_and_frozen(now):
    new = sorted(_all(now) - _all(FROZEN_NOW))
    assert new == [], f"To keep these from now on, {REFREEZE}"


def test_columns_of_the_views_keep_their_order(now):
    assert now["views"] == FROZEN_NOW["views"], REFREEZE


def test_the_page_names_what_is_held():
    page = (ROOT / "docs/stability.md").read_text("utf-8")
    for word in (
        "sweep file",
        "flags",
        "exit status",
        "JSON",
        "`sample_records`",
        "`spend`",
        "`import manyfew`",
    ):
        assert word in page
    named = set(re.findall(r"`manyfew ([a-z]+(?: --next)?)", page))
    assert named <= {"plan --next", *DOCUMENTS} | {"export"}


def test_paths_of_a_document():
    document = {"a": 1, "models": {"x": {"k": [{"low": None}]}, "y": {}}, "rows": [{"b": 1}, {"c": 2}]}
    assert keys(document) == {
        *("a", "models", "models.*", "models.*.k", "models.*.k[].low", "rows", "rows[].b", "rows[].c"),
    }
