"""The models that examples name can still be bought when the docs are read."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from orchestrator.cli.init_questions import VENDORS
from orchestrator.sweep.examples import example
from pricing.book import find
from tests.docs.pages import DOCS, ROOT, blocks

ENDED = tomllib.loads(Path(__file__).with_name("retired_models.toml").read_text("utf-8"))
NAMED = re.compile(r"(?<![\w/.-])(?:gpt-\d|claude-|o\d(?=-|`|\"))[\w.-]*\w")
OF_THE_PAPER = {DOCS / "paper.md"}
"""Pages that tell of what was sold in 2024."""


def _ended(name: str) -> str | None:
    """Why an example may not name the model, in a sentence; None for one that is still sold."""
    for vendor, models in ENDED.items():
        for model, day in models.items():
            if model not in ("source", "read") and re.fullmatch(
                re.escape(model) + r"(-\d{4}-?\d\d-?\d\d)?", name
            ):
                return f"{name} ends on {day} ({models['source']})"
        found = find(vendor, name)
        if found is not None and found.exact and found.entry.deprecated:
            return f"{name} is deprecated in the price book"
    return None


def _examples() -> list[tuple[str, str]]:
    texts = [
        *(
            (page.name, page.read_text("utf-8"))
            for page in sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "runs").glob("*.toml")])
            if page not in OF_THE_PAPER
        ),
        ("starter.toml", files("orchestrator.cli").joinpath("starter.toml").read_text("utf-8")),
        ("init", " ".join(f'"{vendor.small}" "{vendor.large}"' for vendor in VENDORS)),
        ("remedies", " ".join(example(("models", "x", key)) for key in ("model", "price_as"))),
    ]
    return [(name, model) for name, text in texts for model in dict.fromkeys(NAMED.findall(text))]


def test_no_example_names_a_model_whose_end_is_announced():
    assert len(_examples()) > 8
    assert [f"{page}: {why}" for page, model in _examples() if (why := _ended(model))] == []


def test_every_model_of_a_vendor_has_a_price():
    """The model of each openai and anthropic table in a sweep file is in the book by its exact name."""
    sold = [
        (table["provider"], table["model"])
        for page in sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
        for block in blocks(page.read_text("utf-8"))
        if block.language == "toml"
        for table in tomllib.loads(block.body).get("models", {}).values()
        if table.get("provider") in ("openai", "anthropic")
    ]
    sold += [(vendor.provider, model) for vendor in VENDORS for model in (vendor.small, vendor.large)]
    assert len(sold) > 6
    for provider, model in sold:
        found = find(provider, model)
        assert found is not None, model
        assert found.exact, model


@pytest.mark.parametrize(
    ("name", "ended"),
    [
        ("gpt-4o-2024-08-06", True),
        ("gpt-4.1-nano", True),
        ("claude-opus-4-5-20251101", True),
        ("gpt-6-sol", False),
    ],
)
def test_the_list_speaks_of_snapshots_too(name, ended):
    assert (_ended(name) is not None) == ended
