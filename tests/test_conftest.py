"""How the tests are spread."""

from pathlib import Path

import pytest

from tests.conftest import APART, LONG


@pytest.mark.parametrize("name", APART + LONG)
def test_a_file_that_is_begun_early_is_there(name):
    assert Path(__file__).parents[1].joinpath(name).is_file()
