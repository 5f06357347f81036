"""Writes a small ledger of today's schema as SQL text: `python -m tests.orchestrator.ledger.file.released.make` at a
release.

The file is named by its schema version. Until 0.1.0 is out, schema 1 may change and 1.sql be made anew; from then on,
what is there stays as it is for good, and a new schema gets a file of its own.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from orchestrator.ledger.file.identity import APPLICATION_ID, SCHEMA_VERSION
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run

HERE = Path(__file__).parent


def dump(db: Path) -> str:
    """The whole database as SQL, with what PRAGMAs keep; the machine's name and ports are left out."""
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("UPDATE run SET host = 'host', pid = 1")
        connection.execute("UPDATE request SET server = 'http://127.0.0.1/v1'")
        connection.execute("UPDATE sample SET server = 'http://127.0.0.1/v1'")
        text = "\n".join(connection.iterdump())
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text)
    return f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {SCHEMA_VERSION};\n{text}\n"


def main() -> None:
    """Two models, three problems, seven samples and one failure each."""
    cheap, expensive = openai_vendor(answer=lambda prompt, at: f"#### {at}"), openai_vendor()
    with tempfile.TemporaryDirectory() as name, serving(cheap, expensive):
        folder = Path(name)
        models = {"cheap": model(cheap, max_n=2), "expensive": model(expensive, samples=1)}
        done = run(SweepFile(models, problems=3, samples=4).write(folder), folder / "a.db")
        assert done.status == 0
        text = dump(done.db)
    (HERE / f"{SCHEMA_VERSION}.sql").write_text(text, encoding="utf-8")
    print(json.dumps({"schema": SCHEMA_VERSION, "bytes": len(text)}))  # noqa: T201


if __name__ == "__main__":
    main()
