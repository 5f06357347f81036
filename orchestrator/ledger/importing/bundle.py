"""A bundle back into a ledger: samples, prompts, requests, prices, verdicts and provenance, as they were exported."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
import tomllib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.errors import InputError
from orchestrator.ledger.file.create import create, made_anew, refuse_foreign
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.importing.bundle_file import Bundle
from orchestrator.ledger.importing.formats.own_lines import read_line
from orchestrator.ledger.importing.line import VALUE_COLUMNS, Wrong
from orchestrator.ledger.importing.look import as_list, as_object
from orchestrator.ledger.importing.printed_results import IMPORT_FAILED
from orchestrator.ledger.reading.samples.citation import citation
from orchestrator.ledger.writing.agent_attempts import packed
from orchestrator.ledger.writing.known_texts import KnownTexts, Said
from orchestrator.text.command import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

EVERY = 1000
_ATTEMPTS, _EXCHANGES = "agentattempts.jsonl.gz", "exchanges.jsonl.gz"
_AGENT, _HEX = re.compile("agent:([0-9]{1,18})"), re.compile("(?:[0-9A-Fa-f]{2})*")
_SETS, _VERDICTS = "verdictsets.json", "verdicts.jsonl.gz"
_PLAIN = tuple(name for name in VALUE_COLUMNS if name not in ("text", "request"))
_BASES = frozenset(
    [
        "usage",
        "stated",
        "gpu_time",
        "batch",
        "bound",
        "imported",
        "computed",
        "replayed",
        "reconciled",
        "none",
    ]
)
_ADD_SAMPLE = (
    "INSERT INTO sample (model_id, problem_id, sample_index, request_id, request_ref, agent_attempt_id, cost_pico, "
    f"cost_basis, verifier, text, text_of, {', '.join(_PLAIN)}) VALUES ({', '.join('?' * (11 + len(_PLAIN)))})"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a bundle held."""

    samples: int
    problems: int
    models: dict[str, int]
    cite: str


def restore(file: Path, db: Path, on_progress: Callable[[int], None] = lambda _: None) -> Restored:
    """The ledger that the bundle was made of, at `db`, where none may be yet. All or nothing: raises InputError that
    names the part, also if the samples aren't those that the bundle's citation is of."""
    refuse_foreign(db)
    if db.exists() and db.stat().st_size > 0:
        message = "there is a ledger already, and a bundle comes back as a ledger of its own"
        raise InputError(
            str(db), message, f"name a new one with --db; {command('merge')} joins ledgers of one sweep"
        )
    with Bundle(file) as bundle, acquire(db) as lock, all_or_nothing(db, IMPORT_FAILED), made_anew(db):
        create(db)
        with closing(open_for_writing(db)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            lock.claim(connection)
            try:
                count = _Ledger(connection, bundle).fill(on_progress)
            except (
                sqlite3.IntegrityError,
                sqlite3.DataError,
                sqlite3.ProgrammingError,
                OverflowError,
            ) as error:
                raise InputError(
                    str(file), f"holds what no ledger can: {error}", "ask whoever wrote it"
                ) from None
            _check_cited(connection, bundle)
            models = dict(connection.execute("SELECT alias, samples FROM model ORDER BY id").fetchall())
            (problems,) = connection.execute("SELECT count(*) FROM problem").fetchone()
            connection.execute("COMMIT")
        return Restored(count, problems, models, str(bundle.manifest.get("cite", "")))


def _check_cited(connection: sqlite3.Connection, bundle: Bundle) -> None:
    connection.row_factory = sqlite3.Row
    found = citation(connection, bundle.file.name, always=True)
    connection.row_factory = None
    stated = as_object(bundle.manifest.get("citation")).get("sha256")
    if stated is not None and stated != found.sha256:
        raise bundle.wrong("", "its samples aren't those that its citation is of")


class _Ledger:
    """An empty ledger that is filled from a bundle, table by table."""

    def __init__(self, connection: sqlite3.Connection, bundle: Bundle) -> None:
        connection.row_factory = None
        self._connection = connection
        self._bundle = bundle
        self._sweeps: dict[str, int] = {}
        self._models: dict[tuple[str, str], int] = {}
        self._problems: dict[tuple[str, str], int] = {}
        self._prompts: dict[str, int] = {}
        self._verifiers: dict[str, str] = {}
        self._sets: dict[str, tuple[int, str]] = {}
        """(id, kind/version) by name."""
        self._current: str | None = None

    def fill(self, on_progress: Callable[[int], None]) -> int:
        """The number of samples."""
        self._add_models()
        self._add_runs()
        for where, row in self._bundle.objects("problems.jsonl.gz"):
            key = (str(row.get("sweep")), str(row.get("problem")))
            self._problems[key] = self._add(
                where,
                "problem",
                {**row, "key": key[1], "data": _json(row.get("data"))},
                sweep_id=self._sweep(key[0]),
            )
        for where, row in self._bundle.objects("prompts.jsonl.gz"):
            body = _json(row.get("body"))
            self._prompts[str(row.get("sha256"))] = self._add(where, "prompt", {**row, "body": body})
        self._add_attempts()
        for where, row in self._bundle.objects("requests.jsonl.gz"):
            more = {"id": row.get("request"), "run_id": row.get("run"), "indices": _json(row.get("indices"))}
            more["agent_attempt_id"] = row.get("agent_attempt")
            self._add(
                where,
                "request",
                {**row, **more},
                prompt_id=self._prompts.get(str(row.get("prompt"))),
                **self._of(row),
            )
        self._add_exchanges()
        self._add_sets()
        count = self._add_samples(on_progress)
        self._add_verdicts()
        for row in self._listed("failures.json"):
            self._add("failures.json", "failure", {**row, "run_id": row.get("run")}, **self._of(row))
        self._add_reconciliations()
        return count

    def _add_attempts(self) -> None:
        if not self._bundle.has(_ATTEMPTS):  # a bundle of a manyfew that knew no agents
            return
        for where, row in self._bundle.objects(_ATTEMPTS):
            more = {"id": row.get("agent_attempt"), "run_id": row.get("run"), "token_sha": ""}
            self._add(where, "agent_attempt", {**row, **more}, **self._of(row))

    def _add_exchanges(self) -> None:
        if not self._bundle.has(_EXCHANGES):
            return
        for where, row in self._bundle.objects(_EXCHANGES):
            reply, sha = row.get("reply"), str(row.get("body_sha"))
            more = {
                "request_id": row.get("request"),
                "body_sha": bytes.fromhex(sha) if _HEX.fullmatch(sha) else b"",
                "rest": packed(str(row.get("rest") or "").encode("utf-8", "replace")),
                "reply": None if reply is None else packed(str(reply).encode("utf-8", "replace")),
                "stated_params": _json(row.get("stated_params")),
            }
            self._add(where, "exchange", {**row, **more})

    def _add_models(self) -> None:
        for row in self._listed("models.json"):
            sweep = str(row.get("sweep"))
            if sweep not in self._sweeps:
                verifier = row.get("verifier")
                self._sweeps[sweep] = self._add(
                    "models.json",
                    "sweep",
                    {"name": sweep, "budget_pico": row.get("budget_pico"), "verifier": _json(verifier)},
                )
                kind = as_object(verifier).get("kind")
                self._verifiers[sweep] = kind if isinstance(kind, str) else "imported"
            said = {name: _json(row.get(name)) for name in ("definition", "price", "architecture")}
            alias = str(row.get("model"))
            self._models[sweep, alias] = self._add(
                "models.json",
                "model",
                {**row, **said, "alias": alias, "name": row.get("vendor_name")},
                sweep_id=self._sweeps[sweep],
            )

    def _add_runs(self) -> None:
        runs = self._listed("runs.json")
        for name in self._bundle.names("sweeps"):
            number = name.removeprefix("sweeps/").removesuffix(".toml")
            if not number.isdecimal():
                raise self._bundle.wrong(name[:200], "isn't named as manyfew names it")
            text = self._bundle.text(name)
            mine = [run for run in runs if run.get("sweep_file") == int(number)]
            told = (run["sweep_file_sha256"] for run in mine if "sweep_file_sha256" in run)
            digest = next(told, hashlib.sha256(text.encode()).hexdigest())  # a merged ledger has no runs
            read_at = min((float(run["started_at"]) for run in mine if "started_at" in run), default=0.0)
            row = {"id": int(number), "sha256": digest, "text": text, "read_at": read_at}
            self._add(name, "sweep_file", row, sweep_id=self._sweep_of(text))
        for run in runs:
            more = {
                "id": run.get("run"),
                "sweep_file_id": run.get("sweep_file"),
                "versions": _json(run.get("versions")),
            }
            status = "killed" if run.get("status") == "running" else run.get("status")
            self._add("runs.json", "run", {**run, **more, "status": status, "pid": 0, "host": ""})

    def _sweep_of(self, text: str) -> int:
        try:
            name = tomllib.loads(text).get("name")
        except tomllib.TOMLDecodeError:
            name = None
        return self._sweeps.get(str(name)) or next(iter(self._sweeps.values()))

    def _add_samples(self, on_progress: Callable[[int], None]) -> int:
        requests = {number for (number,) in self._connection.execute("SELECT id FROM request")}
        attempts = {number for (number,) in self._connection.execute("SELECT id FROM agent_attempt")}
        count, texts = 0, KnownTexts()
        for number, raw in self._bundle.lines("samples.jsonl.gz"):
            where = f"samples.jsonl.gz:{number}"
            try:
                line = read_line(raw)
                basis = msgspec.json.decode(raw, type=_Basis).cost_basis
            except (Wrong, msgspec.DecodeError, UnicodeDecodeError) as wrong:
                raise self._bundle.wrong(where, str(wrong)) from None
            values = dict(zip(VALUE_COLUMNS, line.values, strict=True))
            sweep = str(line.sweep)
            request = values["request"]
            own = request if isinstance(request, int) and request in requests else None
            named = _AGENT.fullmatch(request) if isinstance(request, str) else None
            attempt = int(named[1]) if named is not None and int(named[1]) in attempts else None
            model, problem = self._models.get((sweep, line.model)), self._problems.get((sweep, line.problem))
            if model is None or problem is None or basis not in _BASES:
                raise self._bundle.wrong(
                    where, "names a model, problem or cost basis that the bundle doesn't have"
                )
            verifier = None if values["passed"] is None else self._current or self._verifiers[sweep]
            row = (
                model,
                problem,
                line.sample_index,
                own,
                None if own or attempt else request,
                attempt,
                line.cost_pico,
                basis,
                verifier,
            )
            stop_rule = {
                "stop_rule": values["stop_rule"] or "none",
                "created_at": values["created_at"] or 0.0,
            }
            said = Said(problem, str(values["text"] or ""))
            sample_id, there = texts.place(self._connection, [said])
            text_of = there.get(sample_id)
            text = (said.text if text_of is None else "", text_of)
            self._connection.execute(
                _ADD_SAMPLE, (*row, *text, *({**values, **stop_rule}[name] for name in _PLAIN))
            )
            count += 1
            if count % EVERY == 0:
                on_progress(count)
        return count

    def _add_sets(self) -> None:
        if not self._bundle.has(_SETS):  # a bundle of a manyfew that had one set
            return
        for row in self._listed(_SETS):
            kind, version = str(row.get("kind")), str(row.get("version") or "")
            more = {"options": _json(row.get("options") or {}), "version": version, "made_at": time.time()}
            number = self._add(_SETS, "verdict_set", {**row, **more})
            verifier = f"{kind}/{version}" if version else kind
            self._sets[str(row.get("name"))] = (number, verifier)
            self._current = verifier if row.get("current") else self._current
            steered = set(map(str, as_list(row.get("steered_models"))))
            for (_, alias), model in self._models.items():
                if alias in steered:
                    self._add(_SETS, "steering", {"model_id": model, "set_id": number})

    def _add_verdicts(self) -> None:
        """Those of the sets that aren't current."""
        find = "SELECT id FROM sample WHERE model_id = ? AND problem_id = ? AND sample_index = ?"
        for where, row in self._bundle.objects(_VERDICTS):
            of = self._of(row)
            found = self._connection.execute(
                find, (of["model_id"], of.get("problem_id"), row.get("sample_index"))
            ).fetchone()
            number, verifier = self._sets.get(str(row.get("verdict_set")), (None, None))
            if found is None or number is None:
                raise self._bundle.wrong(where, "names a sample or a set that the bundle doesn't have")
            more = {"set_id": number, "sample_id": found[0], "verifier": verifier}
            self._add(where, "set_verdict", {**row, **more})

    def _add_reconciliations(self) -> None:
        done: set[Any] = set()
        for row in self._listed("reconciliations.json"):
            number = row.get("reconciliation")
            if number not in done:
                done.add(number)
                self._add("reconciliations.json", "reconciliation", {**row, "id": number})
            more = {"request_id": row.get("request"), "lease_id": row.get("lease")}
            if more["lease_id"] is None:  # leases aren't in a bundle
                self._add(
                    "reconciliations.json",
                    "reconciled",
                    {**row, **more, "reconciliation_id": number},
                    **self._of(row),
                )

    def _of(self, row: dict[str, Any]) -> dict[str, Any]:
        sweep = str(row.get("sweep"))
        found = {"model_id": self._models.get((sweep, str(row.get("model"))))}
        if "problem" in row:
            found["problem_id"] = self._problems.get((sweep, str(row["problem"])))
        return found

    def _sweep(self, name: str) -> int:
        if name not in self._sweeps:
            self._sweeps[name] = self._add("problems.jsonl.gz", "sweep", {"name": name})
        return self._sweeps[name]

    def _listed(self, name: str) -> list[dict[str, Any]]:
        return [as_object(one) for one in as_list(self._bundle.document(name))]

    def _add(self, where: str, table: str, row: dict[str, Any], **more: Any) -> int:
        """A row of the columns that the table has."""
        given = {**row, **more}
        names = [name for name in _columns(self._connection, table) if given.get(name) is not None]
        if any(isinstance(given[name], list | dict) for name in names):
            raise self._bundle.wrong(where, "holds a list or an object instead of a value")
        marks = ", ".join("?" * len(names))
        try:
            made = self._connection.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [given[name] for name in names]
            )
        except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            raise self._bundle.wrong(where, f"holds what no ledger can: {str(error)[:120]}") from None
        assert made.lastrowid is not None
        return made.lastrowid


class _Basis(msgspec.Struct):
    cost_basis: str = "none"


def _columns(connection: sqlite3.Connection, table: str) -> Iterable[str]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    keyed = table in ("run", "sweep_file", "request", "reconciliation", "agent_attempt")
    return names if keyed else [name for name in names if name != "id"]


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
