"""Real servers for these tests: two of a chat model and one of a base model, started once.

bash tests/real/setup_vllm.sh                # once: about 5 minutes and 6 GB
MANYFEW_REAL=1 pytest -m real tests/real     # about 7 minutes on two cores, 9 GB of memory
python -m benchmarks.real_vllm               # a larger run, against a bare client
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.real.fleet import SETUP, Fleet, Server, lacking

MODELS = {"chat": "smollm2-135m", "chat2": "smollm2-135m", "base": "gemma-3-270m"}


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if not os.environ.get("MANYFEW_REAL"):
        pytest.skip(f"real vLLM: set MANYFEW_REAL=1 (and run {SETUP} once) to start it on this machine")
    if (what := lacking()) is not None:
        pytest.skip(what)
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip("real vLLM: every worker would start servers of its own; run tests/real without -n")
    # A pytest that is told to end shall end its servers first.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Fleet(tmp_path_factory.mktemp("vllm"), MODELS) as started:
            started.get(*MODELS)
            yield started
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture
def chat(fleet: Fleet) -> Server:
    return fleet.get("chat")[0]


@pytest.fixture
def chat_pair(fleet: Fleet) -> tuple[Server, Server]:
    first, second = fleet.get("chat", "chat2")
    return first, second


@pytest.fixture
def base(fleet: Fleet) -> Server:
    return fleet.get("base")[0]
