"""A run that can be cited: one zip file with the samples and everything that made them.

Layout, all under manyfew-bundle/: see README below, which goes along. Names inside are ours alone, so that no alias or
problem id becomes a path. No time of writing, host or user is in it: the same ledger gives the same bytes (with the
same manyfew, Python and zlib; the digests of what is inside agree with any).
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, cast

from orchestrator.ledger.exporting.bundle_parts import (
    AGENT_ATTEMPTS,
    FAILURES,
    OTHER_VERDICTS,
    PROBLEMS,
    PROMPTS,
    RECONCILIATIONS,
    REQUESTS,
    VERDICT_SETS,
    exchanges,
    models,
    objects,
    runs,
    spend,
    sweep_files,
)
from orchestrator.ledger.exporting.keys import Guard, secrets_of
from orchestrator.ledger.exporting.samples import Records, write_jsonl
from orchestrator.ledger.file.whole_file import new_place
from orchestrator.ledger.reading.samples.citation import citation

FORMAT = "manyfew-bundle/1"
FOLDER = "manyfew-bundle"

README = """\
A sweep of language-model samples, with everything that made them, written by manyfew.

To cite it:
  {cite}
  content sha256:{content}

samples.jsonl.gz          one JSON object a sample: text, tokens, dollars, verdict, and its problem's question and gold
                          answer. Read it again: manyfew import samples.jsonl.gz --db new.db
problems.jsonl.gz         every problem as its source gave it
prompts.jsonl.gz          every prompt as it was sent, once, by its sha256
requests.jsonl.gz         every HTTP attempt: what was asked, with which prompt, its usage, what it settled at, the
                          model that the vendor says it was, its own id of it, and how it ended
agentattempts.jsonl.gz    every attempt of an agent, whose calls are requests: how it ended and what it cost
exchanges.jsonl.gz        what those calls said and were answered. A body begins with the first prefix_bytes bytes of
                          that of prefix_of; rest follows
models.json               what defines a sample of each model (parameters as sent), its price with source, version and
                          date, and its money
runs.json                 every run: when, how it ended, and the versions of all that bears on the samples
sweeps/                   every sweep file as it was read, numbered as runs.json names them
spend.json                dollars by model
reconciliations.json      what was presumed and settled later by the vendor's figures
failures.json             samples that failed for good
verdictsets.json          every set of verdicts: its verifier, which one is current (the verdicts in samples.jsonl.gz),
                          and the models whose draws it stopped or chose
verdicts.jsonl.gz         the verdicts of the sets that aren't current
manifest.json             the citation in parts, and the sha256 of every part
SHA256SUMS                the same for `sha256sum -c`; its own sha256 is the content's

Dollars are whole pico-dollars (1e-12 $) where a name ends in _pico. Settled: what a reply's usage costs. Presumed: the
worst case of a request whose outcome is unknown. Times are Unix seconds. Model texts are as the models wrote them:
show them to no terminal or browser without escaping.
"""


def write_bundle(db: Path, target: Path, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Writes the bundle to `target`, which must not be there, and gives the number of samples. Raises InputError for
    what is no ledger, for a target that can't be written, and if a key of this environment would be in it."""
    with Records(db, with_problems=True) as records, new_place(target) as part:
        connection = records.moment()
        guard = Guard(secrets_of(connection))
        found = citation(connection, db.name, always=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            parts = _Parts(archive, guard)
            with parts.packed("samples.jsonl.gz") as file:
                count = write_jsonl(records, file, on_progress)
            parts.lines("problems.jsonl.gz", objects(connection, PROBLEMS))
            parts.lines("prompts.jsonl.gz", objects(connection, PROMPTS))
            parts.lines("requests.jsonl.gz", objects(connection, REQUESTS))
            parts.lines("agentattempts.jsonl.gz", objects(connection, AGENT_ATTEMPTS))
            parts.lines("exchanges.jsonl.gz", exchanges(connection))
            parts.document("models.json", models(connection))
            parts.document("runs.json", runs(connection))
            for number, text in sweep_files(connection):
                parts.text(f"sweeps/{number:04}.toml", text)
            parts.document("spend.json", spend(connection))
            parts.document("reconciliations.json", list(objects(connection, RECONCILIATIONS)))
            parts.document("failures.json", list(objects(connection, FAILURES)))
            parts.document("verdictsets.json", list(objects(connection, VERDICT_SETS)))
            parts.lines("verdicts.jsonl.gz", objects(connection, OTHER_VERDICTS))
            _finish(parts, {k: v for k, v in asdict(found).items() if k != "ledger"}, _line(found))
    return count


def _line(found: Any) -> str:
    from orchestrator.ledger.reading.samples.citation import citation_text

    return citation_text(found)


def _finish(parts: _Parts, cited: dict[str, Any], line: str) -> None:
    """README, sums, and the manifest, which names the content's digest: that of the sums."""
    sums = "".join(f"{digest}  {name}\n" for name, (digest, _) in sorted(parts.done.items()))
    content = sha256(sums.encode()).hexdigest()
    listed = {name: {"sha256": digest, "bytes": size} for name, (digest, size) in sorted(parts.done.items())}
    parts.text("SHA256SUMS", sums)
    parts.text("README.txt", README.format(cite=line, content=content))
    parts.document(
        "manifest.json",
        {
            "format": FORMAT,
            "written_by": f"manyfew {version('manyfew')}",
            "content_sha256": content,
            "cite": line,
            "citation": cited,
            "parts": listed,
        },
    )


class _Parts:
    """The archive's parts, one after the other. `done`: (sha256, bytes) by name, of each as it lies in the archive."""

    def __init__(self, archive: zipfile.ZipFile, guard: Guard) -> None:
        self._archive = archive
        self._guard = guard
        self.done: dict[str, tuple[str, int]] = {}

    @contextmanager
    def packed(self, name: str) -> Generator[IO[bytes]]:
        """A gzip part; what is written to it is looked through before it is packed."""
        with (
            self._open(name, zipfile.ZIP_STORED) as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as file,
        ):
            yield cast("IO[bytes]", _Watched(cast("IO[bytes]", file), self._guard.part(name)))

    def lines(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        with self.packed(name) as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")

    def document(self, name: str, value: Any) -> None:
        self.text(name, json.dumps(value, ensure_ascii=True, indent=2) + "\n")

    def text(self, name: str, text: str) -> None:
        data = text.encode()
        self._guard.part(name)(data)
        with self._open(name, zipfile.ZIP_DEFLATED) as file:
            file.write(data)

    @contextmanager
    def _open(self, name: str, method: int) -> Generator[IO[bytes]]:
        info = zipfile.ZipInfo(f"{FOLDER}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
        info.compress_type = method
        info.create_system = 3  # Unix, wherever it is written
        info.external_attr = 0o644 << 16
        with self._archive.open(info, "w", force_zip64=True) as raw:
            hashed = _Hashed(raw)
            yield cast("IO[bytes]", hashed)
        self.done[name] = (hashed.digest.hexdigest(), hashed.size)


class _Hashed:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        pass


class _Watched:
    def __init__(self, file: IO[bytes], look: Callable[[bytes], None]) -> None:
        self._file = file
        self._look = look

    def write(self, data: bytes) -> int:
        self._look(data)
        return self._file.write(data)
