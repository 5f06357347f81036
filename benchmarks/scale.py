"""What many samples cost the program itself: time and memory of each command on ledgers of growing size.

    python -m benchmarks.scale [--samples 10k 1m] [--problems 1000] [--pack 32] [--folder PLACE] [--short] [--json]
    python -m benchmarks.scale --samples 10m

A ledger is made by a real run of one sample a problem on the fast loopback server, and filled up through SQL: rows as
a run writes them, 32 samples a request or as many as `--pack` says. Then, each in a process of its own: `status`,
`plan` and `run` for one more sample a problem, a `run` of the whole plan on a new ledger, ended after some seconds,
`frontier --html`, `export` as CSV and as a bundle, and `merge` of four ledgers of a quarter of the samples each.
`--short` leaves out the exports and the merge. Told are the seconds by the clock and, in brackets, of the processor,
which hardly depends on what else runs. Ten million samples take about 20 GB in the folder (by default the system's
place for temporary files), 12 GB with `--short`, half of it while the ledger is made.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fast_server import Answers

ROOT = Path(__file__).resolve().parents[1]
STOPS_AFTER_S = 5


@dataclass(frozen=True)
class Span:
    """By the clock, and of the processor."""

    wall_s: float
    used_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:.2f} ({self.used_s:.2f})"


@dataclass(frozen=True)
class Run:
    span: Span
    most_mb: int
    """The most memory it held."""


class Server:
    """The fast server on a thread, which notes when the first POST came, and what the client had used by then."""

    def __init__(self) -> None:
        self.client = 0
        self.first: Span | None = None
        self.port = 0
        self._began = 0.0
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait(10)

    async def _serve(self, ready: threading.Event) -> None:
        noting = self

        class Noting(Answers):
            def data_received(self, data: bytes) -> None:
                if noting.first is None and data.startswith(b"POST"):
                    noting.first = Span(time.monotonic() - noting._began, used_s(noting.client))
                super().data_received(data)

        server = await asyncio.get_running_loop().create_server(Noting, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    def until_first(self, *arguments: str) -> tuple[Span, Run]:
        """Runs `manyfew`: what went by until its first request, and all of it."""
        self.first, self._began = None, time.monotonic()
        ended = measure(*arguments, started=lambda pid: setattr(self, "client", pid))
        assert self.first is not None
        return self.first, ended


def used_s(pid: int) -> float:
    """Processor time of a living process (Linux), else nan."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--samples", type=number, nargs="+", default=[10_000, 1_000_000], help="such as 10m")
    parser.add_argument("--pack", type=int, default=32, help="samples a request")
    parser.add_argument("--folder", type=Path, help="where the ledgers are made")
    parser.add_argument("--short", action="store_true", help="without exports and merge")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    server = Server()
    found: list[dict[str, str]] = []
    for samples in options.samples:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            each = max(2, samples // options.problems)
            found.append(at(Path(folder), server, options.problems, each, options.pack, short=options.short))
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for key in found[0]:
        print(f"{key:<24}", *(f"{row[key]:>16}" for row in found))


def number(text: str) -> int:
    """250, 10k, 1m."""
    times = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower())
    return int(text) if times is None else round(float(text[:-1]) * times)


def at(
    folder: Path, server: Server, problems: int, samples: int, pack: int, *, short: bool
) -> dict[str, str]:
    """The figures with so many samples of each problem in the ledger, and planned."""
    place = folder / str(samples)
    place.mkdir()
    db = place / "full.db"
    measure("run", str(sweep(place, server.port, problems, 1, pack)), "--db", str(db), "--no-progress")
    fill(db, samples, pack)
    status = min((measure("status", str(db), "--json").span for _ in range(3)), key=lambda span: span.used_s)
    more = sweep(place, server.port, problems, samples + 1, pack)
    planned = measure("plan", str(more), "--db", str(db), "--json")
    resumes, resumed = server.until_first("run", str(more), "--db", str(db), "--no-progress")
    whole, new = sweep(place, server.port, problems, samples, pack), place / "new.db"
    begins, begun = server.until_first(
        "run", str(whole), "--db", str(new), "--no-progress", "--stop-after", f"{STOPS_AFTER_S}s"
    )
    new.unlink()
    html = measure("frontier", str(db), "--html", str(place / "frontier.html"))
    found = {
        "samples": f"{problems * samples:,}",
        "status": str(status),
        "plan": str(planned.span),
        "plan MB": str(planned.most_mb),
        "resumed, first request": str(resumes),
        "resumed MB": str(resumed.most_mb),
        "new, first request": str(begins),
        "new MB": str(begun.most_mb),
        "frontier --html": str(html.span),
        "frontier --html MB": str(html.most_mb),
        "bytes a sample": f"{db.stat().st_size / (problems * samples):.0f}",
    }
    return found if short else found | written(place, db, server, problems, samples, pack)


def written(place: Path, db: Path, server: Server, problems: int, samples: int, pack: int) -> dict[str, str]:
    """What writes all samples into other files."""
    found: dict[str, str] = {}
    for kind in ("csv", "bundle"):
        out = place / f"samples.{kind}"
        run = measure("export", str(db), "--format", kind, "-o", str(out))
        out.unlink()
        found |= {f"export {kind}": str(run.span), f"export {kind} MB": str(run.most_mb)}
    db.unlink()
    parts = quarters(place, server, problems, samples, pack)
    run = measure("merge", str(place / "merged.db"), *map(str, parts))
    return found | {"merge of 4": str(run.span), "merge of 4 MB": str(run.most_mb)}


def quarters(place: Path, server: Server, problems: int, samples: int, pack: int) -> list[Path]:
    """Four ledgers of a quarter of the samples each, drawn at other times."""
    parts = [place / f"part-{number}.db" for number in range(4)]
    measure("run", str(sweep(place, server.port, problems, 1, pack)), "--db", str(parts[0]), "--no-progress")
    fill(parts[0], max(2, samples // 4), pack)
    for number, part in enumerate(parts[1:], 1):
        shutil.copy(parts[0], part)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            connection.execute("UPDATE sample SET created_at = created_at + ?", (100_000 * number,))
    return parts


def sweep(place: Path, port: int, problems: int, samples: int, pack: int) -> Path:
    lines = [
        json.dumps({"id": f"p{i}", "question": f"What is {i} + {i}?", "answer": str(2 * i)})
        for i in range(problems)
    ]
    (place / "problems.jsonl").write_text("\n".join(lines) + "\n")
    path = place / f"sweep-{samples}.toml"
    path.write_text(
        f'name = "scale"\nbudget_usd = 1e6\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
        f"[sampling]\nsamples = {samples}\nmax_tokens = 256\n"
        f'[models.m]\nprovider = "openai-compatible"\nmodel = "m"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
        f"price = {{ input = 0.1, output = 0.4 }}\nmax_n = {pack}\n"
    )
    return path


def measure(*arguments: str, started: Callable[[int], None] = lambda _: None) -> Run:
    """Runs `manyfew` to its end."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "manyfew", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    started(process.pid)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 130):
        raise SystemExit(f"{arguments}: {said}")
    span = Span(time.monotonic() - began, usage.ru_utime + usage.ru_stime)
    return Run(span, round(usage.ru_maxrss / 1024))


def fill(db: Path, samples: int, pack: int) -> None:
    """Copies each problem's sample and request, with indices of their own, until there are so many."""
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute("CREATE TEMP TABLE pack (first, n, indices)")
        for first in range(1, samples, pack):
            indices = list(range(first, min(first + pack, samples)))
            connection.execute(
                "INSERT INTO pack VALUES (?, ?, ?)", (first, len(indices), json.dumps(indices))
            )
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("request", "sample")
        }
        (last,) = connection.execute("SELECT max(id) FROM request").fetchone()
        of_request = {"id": f"{last} + row_number() OVER (ORDER BY pack.first, r.id)", "n": "pack.n"}
        of_request |= {"indices": "pack.indices", "settled_pico": "r.settled_pico * pack.n"}
        of_request["completion_tokens"] = "r.completion_tokens * pack.n"
        insert(connection, "request", columns["request"], of_request, "request AS r, pack")
        of_sample = {
            "id": "NULL",
            "sample_index": "i.value",
            "request_id": "q.id",
            # Texts differ from each other, as most do where the temperature is above 0.
            "text": "r.text || ' ' || i.value",
        }
        made = f"request AS q ON q.problem_id = r.problem_id AND q.id > {last}"
        source = f"sample AS r JOIN {made}, json_each(q.indices) AS i"
        insert(connection, "sample", columns["sample"], of_sample, source)
        connection.execute(
            "UPDATE model SET samples = (SELECT count(*) FROM sample), requests = (SELECT count(*) FROM request), "
            "settled_pico = (SELECT sum(settled_pico) FROM request), samples_wanted = ?",
            (samples,),
        )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def insert(
    connection: sqlite3.Connection, table: str, columns: list[str], of: dict[str, str], source: str
) -> None:
    values = ", ".join(of.get(column, f"r.{column}") for column in columns)
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}")


if __name__ == "__main__":
    main()
