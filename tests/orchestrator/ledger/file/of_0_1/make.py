"""Writes small ledgers that manyfew 0.1 itself made, as SQL text. Once: what is there stays as it is.

    git archive 53d27fe | tar x -C TREE && python -m venv ENV && ENV/bin/pip install TREE
    python -m tests.orchestrator.ledger.file.of_0_1.make ENV/bin/manyfew

Each is made by its commands against loopback vendors, at moments that runs are killed at. Left out of it afterwards:
the machine's name and ports; and the base URL of `eu`, which a loopback can't have, is put in.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.faults import Fault
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Vendor
from tests.orchestrator.run.batches.batch_sweeps import DESKS, KEY, batch_model
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model

HERE = Path(__file__).parent
EU = "https://eu.api.openai.com/v1"
LONG = "Think about it. " * 300
SHORT = "THINK "
"""What stands for it in the files."""
Manyfew = Callable[..., "subprocess.Popen[str]"]


def open_batch(manyfew: Manyfew, folder: Path) -> None:
    """One batch of 6 requests at the vendor; the run was left by Ctrl-C."""
    desk = DESKS["openai"](prices={"input": "5", "output": "15"})
    desk.held.set()
    with serving(desk.vendor):
        path = SweepFile({"m": batch_model(desk)}, problems=3, samples=2).write(folder)
        left = manyfew("run", path, "--db", "a.db", "--no-progress", "--grace", "0s")
        while not desk.created:
            time.sleep(0.05)
        time.sleep(1)
        left.send_signal(signal.SIGINT)
        assert left.wait(20) == 130


def open_lease(manyfew: Manyfew, folder: Path) -> None:
    """A GPU server's lease, two requests of which are done and the rest in flight; killed."""
    server = openai_vendor(flavour="vllm", latency=lambda asked: 0.2 if "0 + 0" in asked.prompt else 30)
    kill_midway(
        manyfew,
        folder,
        server,
        lambda: {
            "provider": "vllm",
            "model": "m",
            "servers": [server.base_url],
            "gpu_usd_per_hour": 3.6,
            "max_n": 2,
        },
        after=2,
    )


def in_flight(manyfew: Manyfew, folder: Path) -> None:
    """Some requests settled, one presumed after a broken connection, the rest in flight; killed."""
    vendor = openai_vendor(latency=lambda asked: 0.1 if "0 + 0" in asked.prompt else 30)
    vendor.faults.append(Fault("reset"))
    kill_midway(manyfew, folder, vendor, lambda: model(vendor, max_n=2, limits={"concurrency": 4}), after=1)


def kill_midway(
    manyfew: Manyfew, folder: Path, vendor: Vendor, asked: Callable[[], dict[str, Any]], after: int
) -> None:
    with serving(vendor):
        path = SweepFile({"m": asked()}, problems=3).write(folder)
        killed = manyfew("run", path, "--db", "a.db", "--no-progress")
        while len(vendor.delivered) < after:
            assert killed.poll() is None, killed.communicate()
            time.sleep(0.05)
        time.sleep(1.5)
        killed.kill()
        killed.wait()


def presumed(manyfew: Manyfew, folder: Path, name: str = "a.db") -> None:
    """A run that ended; two of its requests may have been billed."""
    vendor = openai_vendor()
    vendor.faults.extend([Fault("reset"), None, Fault("502", billed=True)])
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=2)}, problems=3, samples=2).write(folder)
        assert manyfew("run", path, "--db", name, "--no-progress").wait(60) == 0


def reconciled(manyfew: Manyfew, folder: Path) -> None:
    """The same; the vendor billed neither."""
    presumed(manyfew, folder)
    assert manyfew("reconcile", "a.db", "--free", "--yes").wait(60) == 0


def merged(manyfew: Manyfew, folder: Path) -> None:
    """Two such ledgers as one."""
    for name in ("one.db", "two.db"):
        presumed(manyfew, folder, name)
    assert manyfew("merge", "a.db", "one.db", "two.db").wait(60) == 0


def imported(manyfew: Manyfew, folder: Path) -> None:
    """Samples of elsewhere, and a run's own beside them."""
    presumed(manyfew, folder)
    rows = [{"model": "theirs", "problem": f"p{i}", "sample_index": i, "text": "#### 4"} for i in range(3)]
    rows += [{"model": "m", "problem": "p0", "sample_index": 7, "text": "#### 0"}]
    (folder / "b.jsonl").write_text("".join(json.dumps({"sweep": "test", **row}) + "\n" for row in rows))
    assert manyfew("import", "b.jsonl", "--db", "a.db").wait(60) == 0


def too_low(manyfew: Manyfew, folder: Path) -> None:
    """What 0.1 settled too low: counts of zero, writes to a cache at the input's price, a regional host."""
    zeros, local = openai_vendor(), openai_vendor()
    zeros.rewrite = lambda body, job: {
        **body,
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
    claude = anthropic_vendor(key=KEY, prices={"input": "3", "cached_input": "0.3", "output": "15"})
    claude.written_share = 0.5
    questions = [
        {"id": f"p{i}", "question": f"{LONG} What is {i} + {i}?", "answer": str(2 * i)} for i in range(2)
    ]
    with serving(zeros, claude, local):
        models = {
            "zeros": model(zeros, max_n=2),
            "claude": {
                "provider": "anthropic",
                "model": "claude-sonnet-4-5",
                "base_url": claude.root_url,
                "price": {"input": 3.0, "cached_input": 0.3, "output": 15.0},
            },
            "eu": {"provider": "openai", "model": "gpt-5.4", "base_url": local.base_url},
            "right": model(local, max_n=2),
        }
        path = SweepFile(models, problems=questions, samples=2).write(folder)
        assert manyfew("run", path, "--db", "a.db", "--no-progress").wait(60) == 0
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        connection.execute(
            "UPDATE request SET server = ? WHERE model_id = (SELECT id FROM model WHERE alias = 'eu')", (EU,)
        )
        connection.commit()


ALL = (open_batch, open_lease, in_flight, presumed, reconciled, merged, imported, too_low)


def dump(db: Path) -> str:
    """The whole database as SQL, with what PRAGMAs keep."""
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("UPDATE run SET host = 'host', pid = 1")
        (identity,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        text = "\n".join(connection.iterdump())
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text).replace(LONG, SHORT)
    return f"PRAGMA application_id = {identity};\nPRAGMA user_version = {version};\n{text}\n"


def main() -> None:
    command = Path(sys.argv[1]).absolute()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
    for make in ALL:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)

            def manyfew(*arguments: str | Path, folder: Path = folder) -> subprocess.Popen[str]:
                return subprocess.Popen(
                    [str(command), *map(str, arguments)],
                    cwd=folder,
                    env={**kept, "OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY},
                    stdin=subprocess.DEVNULL,
                    text=True,
                )

            make(manyfew, folder)
            text = dump(folder / "a.db")
        place = HERE / f"{make.__name__}.sql"
        place.write_text(text, encoding="utf-8")
        print(place.name, len(text))  # noqa: T201


if __name__ == "__main__":
    main()
