"""What speaks against merging two ledgers: said with the difference, before anything stands at the target.

Sweeps, models and problems are matched by name. Under one name they must mean the same: a model's definition, a
problem's data, the verifier.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.merging.sets import add_sets
from orchestrator.ledger.merging.source import MergeSource
from orchestrator.text.command import command

_SHOWN = 80

_OTHER_DATA = """
SELECT q.key, q.data, p.data FROM src_problem AS p JOIN temp.sweep_of AS w ON w.there = p.sweep_id
JOIN main.problem AS q ON q.sweep_id = w.here AND q.key = p.key
WHERE p.data != q.data AND p.data != '{}' AND q.data != '{}' ORDER BY q.id LIMIT 1"""
_OTHER_RESULT = """
SELECT a.model, a.k FROM src_aggregate AS a JOIN main.aggregate AS b ON b.sweep = a.sweep AND b.model = a.model
  AND b.k = a.k AND (b.coverage != a.coverage OR b.attempt_pico != a.attempt_pico) LIMIT 1"""


class MergeFit:
    """Adds each ledger's sweeps, models, problems and prompts to the new one, or refuses them."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        differences: Callable[[dict[str, Any], dict[str, Any]], list[str]],
    ) -> None:
        self._connection = connection
        self._differences = differences
        self._first: dict[tuple[int, str], tuple[MergeSource, sqlite3.Row]] = {}
        self._verifier: dict[int, tuple[MergeSource, str]] = {}

    def add(self, source: MergeSource) -> None:
        """Raises InputError for what doesn't fit those before."""
        rows = self._connection.cursor()
        rows.row_factory = sqlite3.Row
        sweeps = rows.execute(
            "SELECT * FROM src_sweep WHERE id IN (SELECT sweep_id FROM src_model) ORDER BY budget_pico IS NULL, id"
        ).fetchall()
        self._refuse_other_sweep(source, [row["name"] for row in sweeps])
        self._connection.execute("DELETE FROM temp.sweep_of")
        for sweep in sweeps:
            self._sweep(source, sweep)
        models = rows.execute(
            "SELECT m.*, w.here FROM src_model AS m JOIN temp.sweep_of AS w ON w.there = m.sweep_id ORDER BY m.id"
        ).fetchall()
        for model in models:
            self._model(source, model)
        self._problems(source)
        self._connection.execute(
            "INSERT INTO main.prompt (sha256, body) SELECT sha256, body FROM src_prompt WHERE true ORDER BY id "
            "ON CONFLICT (sha256) DO NOTHING"
        )
        self._results(source)
        add_sets(self._connection, source)

    def _refuse_other_sweep(self, source: MergeSource, names: list[str]) -> None:
        there = [row[0] for row in self._connection.execute("SELECT name FROM main.sweep ORDER BY id")]
        if there and there[0] not in names:
            raise InputError(
                str(source.path),
                f"this is a ledger of the sweep {names[0]!r}, not of {there[0]!r}",
                "leave it out: frontier and compare take ledgers of several sweeps side by side",
            )

    def _sweep(self, source: MergeSource, sweep: sqlite3.Row) -> None:
        ask = self._connection.execute
        ask("INSERT INTO main.sweep (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (sweep["name"],))
        (here,) = ask("SELECT id FROM main.sweep WHERE name = ?", (sweep["name"],)).fetchone()
        if sweep["verifier"] is not None:
            self._verified(source, here, sweep["verifier"])
        ask("INSERT INTO temp.sweep_of VALUES (?, ?)", (sweep["id"], here))
        ask(
            "INSERT INTO main.sweep_file (sweep_id, sha256, text, read_at) SELECT ?, sha256, text, read_at "
            "FROM src_sweep_file WHERE sweep_id = ? ORDER BY id ON CONFLICT DO NOTHING",
            (here, sweep["id"]),
        )

    def _verified(self, source: MergeSource, here: int, verifier: str) -> None:
        if here not in self._verifier:
            self._verifier[here] = source, verifier
            self._connection.execute("UPDATE main.sweep SET verifier = ? WHERE id = ?", (verifier, here))
            return
        first, said = self._verifier[here]
        changed = self._differences(json.loads(said), json.loads(verifier))
        if changed:
            raise InputError(
                f"{source.path}: verifier",
                f"its verdicts are not those of {first.path}: {'; '.join(changed)}",
                f"judge it as the other: {command('verify {} --verifier KIND', source.path)}",
            )

    def _model(self, source: MergeSource, model: sqlite3.Row) -> None:
        ask = self._connection.execute
        key = (model["here"], model["alias"])
        if key not in self._first:
            self._first[key] = source, model
            ask(
                "INSERT INTO main.model (sweep_id, alias, provider, name, definition, price, architecture, "
                "samples_wanted, samples_by_problem, replayed, overhead_tokens, max_n) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *key,
                    *(model[name] for name in ("provider", "name", "definition", "price", "architecture")),
                    *(model[name] for name in ("samples_wanted", "samples_by_problem", "replayed")),
                    *(model[name] for name in ("overhead_tokens", "max_n")),
                ),
            )
        else:
            self._refuse_other_model(source, model, *self._first[key])
        # What an unfinished attempt paid brings no sample here, and what it held beside its calls was never sent.
        unfinished, held = ask(
            "SELECT coalesce(sum(settled_pico), 0), coalesce(sum(held_pico), 0) FROM src_agent_attempt "
            "WHERE model_id = ? AND state = 'open'",
            (model["id"],),
        ).fetchone()
        # A server's presumed time and what was billed of it later are in the totals alone, in no request.
        ask(
            "UPDATE main.model SET merged_settled_pico = merged_settled_pico + ?, "
            "merged_presumed_pico = merged_presumed_pico + ?, merged_unused_pico = merged_unused_pico + ?, "
            "merged_requests = merged_requests + ?, merged_retries = merged_retries + ?, "
            "samples_wanted = max(samples_wanted, ?), overhead_tokens = max(overhead_tokens, ?) "
            "WHERE sweep_id = ? AND alias = ?",
            (
                model["settled_pico"] + model["merged_settled_pico"],
                model["presumed_pico"] + model["reserved_pico"] - held + model["merged_presumed_pico"],
                model["unused_pico"] + unfinished + model["merged_unused_pico"],
                model["requests"] + model["merged_requests"],
                model["retries"] + model["merged_retries"],
                model["samples_wanted"],
                model["overhead_tokens"],
                *key,
            ),
        )

    def _refuse_other_model(
        self, source: MergeSource, model: sqlite3.Row, first: MergeSource, said: sqlite3.Row
    ) -> None:
        where = f"{source.path}: model {model['alias']!r}"
        remedy = "leave it out: frontier and compare take several ledgers and name such models apart"
        if (said["definition"] is None) != (model["definition"] is None):
            imported, ran = (first, source) if said["definition"] is None else (source, first)
            message = f"its samples are imported in {imported.path}, and a run's in {ran.path}"
            raise InputError(where, message, remedy)
        if model["definition"] is not None:
            changed = self._differences(json.loads(said["definition"]), json.loads(model["definition"]))
            if changed:
                message = f"its samples were made otherwise than in {first.path}: {'; '.join(changed)}"
                raise InputError(where, message, remedy)
        if said["provider"] != model["provider"]:
            message = f"is of provider {said['provider']!r} in {first.path}, of {model['provider']!r} here"
            raise InputError(where, message, remedy)

    def _problems(self, source: MergeSource) -> None:
        ask = self._connection.execute
        found = ask(_OTHER_DATA).fetchone()
        if found is not None:
            key, said, says = found
            raise InputError(
                f"{source.path}: problem {key!r}",
                f"is another problem than in a ledger named before: {_changed(said, says)}",
                "leave it out, or give the problem another id",
            )
        ask(
            "INSERT INTO main.problem (sweep_id, ordinal, key, data) SELECT w.here, p.ordinal, p.key, p.data "
            "FROM src_problem AS p JOIN temp.sweep_of AS w ON w.there = p.sweep_id "
            "WHERE true ORDER BY p.ordinal IS NULL, p.ordinal, p.id "
            "ON CONFLICT (sweep_id, key) DO UPDATE SET data = iif(data = '{}', excluded.data, data), "
            "ordinal = min(coalesce(ordinal, excluded.ordinal), coalesce(excluded.ordinal, ordinal))"
        )

    def _results(self, source: MergeSource) -> None:
        found = self._connection.execute(_OTHER_RESULT).fetchone()
        if found is not None:
            model, k = found
            message = f"its printed coverage or cost at k = {k} is another than in a ledger named before"
            raise InputError(f"{source.path}: model {model!r}", message, "leave it out")
        self._connection.execute(
            "INSERT OR IGNORE INTO main.aggregate "
            "(sweep, model, k, coverage, attempt_pico, problems, file, imported_at) "
            "SELECT sweep, model, k, coverage, attempt_pico, problems, file, imported_at "
            "FROM src_aggregate ORDER BY id"
        )


def _changed(said: str, says: str) -> str:
    """The first key in which two problems differ, with both values."""
    before: dict[str, Any] = json.loads(said)
    after: dict[str, Any] = json.loads(says)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            return f"{name}: {_short(before.get(name))} there, {_short(after.get(name))} here"
    return "its keys come in another order"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
