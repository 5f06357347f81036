"""One thread for products of small matrices, and no word of it to servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINTS = """
import os, sys
from orchestrator import blas
try:
    from orchestrator.cli.main import main
    main(["--version"])
finally:
    print(os.environ[blas.VARIABLE], blas.theirs(os.environ).get(blas.VARIABLE))
"""


@pytest.mark.parametrize(("stated", "said"), [(None, "1 None"), ("7", "7 7")])
def test_a_command_takes_one_thread_unless_the_user_says_more(stated: str | None, said: str) -> None:
    own = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment = own if stated is None else {**own, "OPENBLAS_NUM_THREADS": stated}
    done = subprocess.run(
        [sys.executable, "-c", PRINTS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == said
