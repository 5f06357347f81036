"""Half of the tests wait, for a child or for a second to pass: two workers a core keep the cores busy."""

from __future__ import annotations

import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return 2 * (os.cpu_count() or 1)
