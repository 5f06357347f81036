"""The model that grades a ledger's samples: out of the sweep file that the ledger keeps, or of another one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.run.prices import price_of
from orchestrator.sweep.load import key_problem
from orchestrator.sweep.source import parsed, read
from orchestrator.sweep.tables.judge import KIND, graded_by, judge_of
from orchestrator.sweep.types import Model
from pricing.types import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerJudge:
    """A Scorer, under a name that no sampled model of the ledger has."""

    asked: Model
    price: Price

    @property
    def alias(self) -> str:
        return self.asked.alias

    @property
    def provider(self) -> str:
        return self.asked.provider

    @property
    def model(self) -> str:
        return self.asked.model

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"scorer": {"kind": KIND, "asked": graded_by(self.asked)}}


def ledger_judge(db: Path, alias: str, sweep: str | None) -> LedgerJudge:
    """`sweep`: the file whose [models] has it; None: the ledger's own. Raises InputError."""
    with reading(db), closing(open_reader(db)) as connection:
        kept = connection.execute("SELECT text FROM sweep_file ORDER BY id DESC LIMIT 1").fetchone()
        taken = {row["alias"]: row["definition"] for row in connection.execute("SELECT * FROM model")}
    if sweep is not None:
        source = read(Path(sweep).expanduser())
    else:
        text = "" if kept is None else kept["text"]
        source = parsed(db, text)
        if not {alias, alias.removesuffix("-judge")} & source.data.get("models", {}).keys():
            raise InputError(
                "--option model",
                f"the ledger's sweep file has no model {alias!r}",
                "name a file that has it: --option sweep=judges.toml",
            )
    model = judge_of(source, alias)
    if (problem := key_problem(model)) is not None:
        raise InputError(f"{source.path}: models.{model.alias}.api_key_env", *problem)
    found = LedgerJudge(asked=model, price=price_of(source, model))
    definition = json.dumps(dict(found.definition), sort_keys=True, ensure_ascii=False)
    names = [
        model.alias,
        f"{model.alias}-judge",
        *(f"{model.alias}-judge-{n}" for n in range(2, len(taken) + 3)),
    ]
    name = next(name for name in names if taken.get(name, definition) == definition)
    return replace(found, asked=replace(model, alias=name))
