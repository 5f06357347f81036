"""Half of the tests wait, for a child or for a second to pass: three workers a core keep the cores busy."""

from __future__ import annotations

import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return 3 * (os.cpu_count() or 1)
