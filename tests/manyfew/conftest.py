"""The command, as the tests of its other packages start it."""

from tests.orchestrator.conftest import command, manyfew

__all__ = ["command", "manyfew"]
