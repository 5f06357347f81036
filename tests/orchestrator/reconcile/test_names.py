"""Which of a vendor's names mean the same model."""

import pytest

from orchestrator.reconcile.names import same_model


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5", True),
        ("Claude Haiku 4.5", "claude-haiku-4-5-20251001", True),
        ("Claude Opus 4.5", "claude-haiku-4-5", False),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", False),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku", True),
        ("openai/gpt-4o", "gpt-4o", True),
        ("a/m", "b/m", False),
        ("", "m", False),
    ],
)
def test_same_model(name, other, same):
    assert same_model(name, ["unlike", other]) is same
