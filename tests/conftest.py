"""Which tests a plain `pytest` runs, how they are spread over workers (a file in one worker, the longest files first),
and the environment they run in."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

# Of the most processor time, or of the longest waits: begun at the end, one of them would be waited for alone.
LONG = (
    "tests/orchestrator/report/page/test_browser.py",
    "tests/orchestrator/cli/test_frontier_report.py",
    "tests/orchestrator/run/batches/test_batches.py",
    "tests/verifiers/proofs/test_coq.py",
    "tests/orchestrator/ledger/test_refusals.py",
    "tests/verifiers/math/test_kind.py",
    "tests/faults/test_power_cuts.py",
    "tests/providers/test_faults_by_wire.py",
    "tests/verifiers/code/test_hostile.py",
    "tests/orchestrator/report/charts/test_spec.py",
    "tests/orchestrator/report/page/test_page.py",
    "tests/orchestrator/scheduler/limits/test_rates.py",
    "tests/orchestrator/problems/test_hub.py",
    "tests/providers/sdk/test_faults.py",
    "tests/orchestrator/cli/test_main.py",
    "tests/faults/test_locked.py",
    "tests/verifiers/proofs/test_lean.py",
    "tests/faults/test_disk.py",
)
# Tests that share nothing and each take long: they need not wait for one another.
APART = (
    "tests/orchestrator/run/kills/test_kill.py",
    "tests/orchestrator/run/kills/test_kill_softly.py",
    "tests/orchestrator/run/batches/test_crashes.py",
    "tests/faults/test_two_runs.py",
    "tests/orchestrator/run/kills/test_signals.py",
    "tests/packaging/test_distributions.py",
    "tests/packaging/test_remedies.py",
)

# Workers and the programs that tests start run as in a user's shell: with buffers (what is lost in one shows only
# then), and with Python's bytecode kept (or each program would compile manyfew again).
for _name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(_name, None)
# And with manyfew on their PATH, by which name it then speaks of itself.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
# And with Ctrl-C: a shell makes what it starts in the background ignore it (`pytest &`, nohup), which all children
# would inherit.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# On a busy machine an example may take any time: that says nothing of the program.
settings.register_profile("manyfew", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("manyfew")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half of the tests wait, for a child or for a second to pass: three workers a core keep the cores busy."""
    return 3 * (os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """A file's tests go to one worker, which makes its fixtures and imports its libraries once.

    Not by marks (`xdist_group`), which some versions of pytest and xdist ignore together, without a word.
    """
    from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return nodeid if file.endswith(APART) else file

    config.option.loadscopereorder = False  # in the order of pytest_collection_modifyitems
    return ByFile(config, log)


def _everything(config: pytest.Config) -> bool:
    """Whether neither a file nor a mark was asked for: then slow tests are left out, and a step of CI runs them."""
    if hasattr(config, "workerinput"):
        return bool(config.workerinput["everything"])  # pyright: ignore[reportAttributeAccessIssue]
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.markexpr


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["everything"] = _everything(node.config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _everything(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
    ranks = {name: rank for rank, name in enumerate(APART + LONG)}
    items.sort(key=lambda item: ranks.get(item.nodeid.split("::")[0], len(ranks)))
