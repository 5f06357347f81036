"""The sweep file, from its path to plain data or one clear error."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from pydantic import ValidationError

from orchestrator.errors import InputError
from orchestrator.problems.types import ProblemsSpec
from orchestrator.sweep import resolve
from orchestrator.sweep.examples import example
from orchestrator.sweep.messages import input_error, suggestion
from orchestrator.sweep.schema import MAX_USD, SweepTable, is_writable
from orchestrator.sweep.source import SweepText, read, where
from orchestrator.sweep.tables.judge import with_judge
from orchestrator.sweep.tables.policy import policy_of
from orchestrator.sweep.tables.serve import check_together, gpus_of
from orchestrator.sweep.types import Limits, Model, Sweep
from providers.known_refusals import known_refusals
from providers.transport.address import same_server

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from orchestrator.sweep.schema import ProblemsTable

_FOLDERS = ("math",)
"""Sources whose own format may be a folder of files."""
_OF_HUB = ("hf", "aime", "bigcodebench", "humaneval+", "livecodebench", "mbpp", "mbpp+", "mmlu-pro")
_OWN_KEYS = {
    "dataset": _OF_HUB,
    "subset": _OF_HUB,
    "question": ("hf",),
    "answer": ("hf",),
    "rename": ("jsonl", "hf"),
}


def load(path: Path, *, budget: str | None = None, sends: bool = True) -> Sweep:
    """Reads, validates and resolves a sweep file; `budget` (--budget, in dollars) goes before budget_usd.
    Raises InputError for the first thing that is wrong. Asks nothing of the network. `sends` False: nothing will be
    sent by it, so that what must not be sent is no error: what a former version sent can still be booked."""
    source = read(path)
    stated = None if budget is None else parse_usd(budget, where="--budget")
    try:
        table = SweepTable.model_validate(source.data)
    except ValidationError as error:
        raise input_error(source, error) from None
    _check_name(source, table.name)
    for alias in table.models:
        _check_alias(source, alias)
    models = _join_groups(
        source, {alias: resolve.model(source, table, alias, sends=sends) for alias in table.models}
    )
    problems = _problems(source, table.problems)  # before what rests on its source
    verifier = resolve.verifier_choice(source, table)
    models, judge = with_judge(source, table, models, verifier)
    if sends:
        for model in models.values():
            _check_refusals(source, model)
        _check_servers(source, models)
    usd = stated if stated is not None else table.budget_usd
    sweep = Sweep(
        name=table.name,
        path=path,
        text=source.text,
        budget_pico=None if usd is None else resolve.pico(usd),
        problems=problems,
        prompt=resolve.prompt_style(table),
        verifier=verifier,
        models=models,
        gpus=gpus_of(source, table.serve),
        judge=judge,
        policy=policy_of(source, table.policy, {a: m for a, m in models.items() if a != judge}),
    )
    check_together(source, sweep)
    return sweep


def parse_usd(text: str, *, where: str) -> Decimal:
    """A dollar amount as typed: `10`, `$10`, `2.50`. Raises InputError."""
    try:
        usd = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        raise InputError(where, "is not a dollar amount", "such as 2.50") from None
    if not usd.is_finite() or usd < 0 or usd > MAX_USD or not is_writable(usd):
        raise InputError(where, f"must be between 0 and {MAX_USD:,} dollars", "such as 2.50") from None
    return usd


def check_budget(sweep: Sweep) -> int:
    """The budget in pico-dollars, which `run` can't go without. Raises InputError."""
    if sweep.budget_pico is None:
        raise InputError(str(sweep.path), "states no budget_usd", "add budget_usd = 1.0 or pass --budget 1.0")
    return sweep.budget_pico


def check_keys(sweep: Sweep, only: Collection[str] | None = None) -> None:
    """Every key that the models need, or `only` these and those whose batches may be open, must be in the environment.
    Raises InputError; never shows a key."""
    for model in sweep.models.values():
        if only is not None and model.alias not in (*only, sweep.judge) and not model.batch:
            continue
        if (problem := key_problem(model)) is not None:
            raise InputError(where(sweep, "models", model.alias, "api_key_env"), *problem)


def key_problem(model: Model) -> tuple[str, str] | None:
    """What is wrong with a model's key and the remedy, or None."""
    name = model.api_key_env
    if name is None:
        return None
    key = os.environ.get(name, "")
    if not key:
        return f"the environment variable {name} is not set", f"export {name}=… before the run"
    if not key.isascii() or not key.isprintable() or " " in key:
        return (
            f"the environment variable {name} holds characters that no key has",
            "set it anew, without spaces",
        )
    return None


def _check_name(source: SweepText, name: str) -> None:
    """The name becomes a file, runs/<name>.db."""
    if "/" in name or "\\" in name or name in {".", ".."} or name[1:2] == ":":
        raise source.error(("name",), "must not hold a path", "a plain name; --db puts the ledger elsewhere")
    if name != name.strip() or name.startswith("-"):
        raise source.error(
            ("name",), "must not start with a space or a dash, nor end with a space", "trim it"
        )
    if len(name.encode()) > 200:
        raise source.error(("name",), "is longer than 200 bytes, too long for a file's name", "shorten it")


def _check_alias(source: SweepText, alias: str) -> None:
    at = ("models", alias)
    if not alias.strip():
        raise source.error(at, "an alias must not be empty", "such as [models.cheap]")
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in alias):
        raise source.error(at, "an alias must not hold control characters", "such as [models.cheap]")
    if len(alias) > 200:
        raise source.error(at, "an alias must not be longer than 200 characters", "shorten it")


def _problems(source: SweepText, table: ProblemsTable) -> ProblemsSpec:
    from orchestrator.problems.registry import (  # late: it is not needed for a bad file
        SOURCES,
        few_shot_sources,
    )

    if table.source not in SOURCES:
        remedy = suggestion(table.source, SOURCES) or f"known: {', '.join(SOURCES)}"
        raise source.error(("problems", "source"), "is not a known source", remedy)
    at = ("problems", "path")
    if table.source == "jsonl" and table.path is None:
        raise source.error(at, "is missing: jsonl needs a local file", 'add path = "problems.jsonl"')
    if table.source == "quickstart" and table.path is not None:
        raise source.error(at, "has no effect: quickstart has its own problems", "delete it")
    for key in ("few_shot", "few_shot_path", "few_shot_seed"):
        if key in table.model_fields_set and table.source not in few_shot_sources():
            known = ", ".join(few_shot_sources())
            raise source.error(("problems", key), f"works only with sources {known}", "delete it")
    for key, known in _OWN_KEYS.items():
        if key in table.model_fields_set and table.source not in known:
            raise source.error(
                ("problems", key), f"works only with source {' and '.join(known)}", "delete it"
            )
    if table.source == "hf" and table.dataset is None:
        message = "is missing: hf needs the name of a data set"
        raise source.error(("problems", "dataset"), message, 'add dataset = "owner/name"')
    training = table.few_shot_path
    folder = table.source in _FOLDERS
    return ProblemsSpec(
        source=table.source,
        path=resolve.found_file(source, at, table.path, folder=folder) if table.path else None,
        split=table.split,
        dataset=table.dataset,
        subset=table.subset,
        question=table.question,
        answer=table.answer,
        rename=table.rename or {},
        limit=table.limit,
        shuffle=table.shuffle,
        group_by=table.group_by,
        unsolved_in=_unsolved_in(source, table),
        unsolved_by=table.unsolved_by,
        few_shot=table.few_shot,
        few_shot_path=resolve.found_file(source, ("problems", "few_shot_path"), training, folder=folder)
        if training
        else None,
        few_shot_seed=table.few_shot_seed,
    )


def _unsolved_in(source: SweepText, table: ProblemsTable) -> Path | None:
    if (table.unsolved_in is None) != (table.unsolved_by is None):
        lacking = "unsolved_in" if table.unsolved_in is None else "unsolved_by"
        raise source.error(
            ("problems",), f"{lacking} is missing: the two go together", example(("problems", lacking))
        )
    if table.unsolved_in is None:
        return None
    return resolve.found_file(source, ("problems", "unsolved_in"), table.unsolved_in)


def _join_groups(source: SweepText, models: dict[str, Model]) -> dict[str, Model]:
    """A group's figures hold for all its models, so each gets all of them; two that differ are an error."""
    tables = source.data["models"]
    joined: dict[str, Limits] = {}
    named = {alias: Limits(**tables[alias].get("limits", {})) for alias in models}
    for alias, limits in named.items():
        if limits.group is None:
            continue
        group = joined.get(limits.group, limits)
        for name in (field.name for field in fields(Limits)):
            ours, theirs = getattr(limits, name), getattr(group, name)
            if ours is not None and theirs is not None and ours != theirs:
                at = ("models", alias, "limits", name)
                raise source.error(
                    at, f"another model of the group states {theirs:,}", "state it once for the group"
                )
            group = replace(group, **{name: theirs if ours is None else ours})
        joined[limits.group] = group
    return {
        alias: replace(model, limits=joined[named[alias].group or ""] if named[alias].group else named[alias])
        for alias, model in models.items()
    }


def _check_servers(source: SweepText, models: dict[str, Model]) -> None:
    """A server that is paid by the hour has one price, whatever models are asked of it."""
    first: dict[str, Model] = {}
    for model in sorted(models.values(), key=lambda model: model.gpu_usd_per_hour is None):
        for url in model.servers:
            other = first.setdefault(same_server(url), model)
            if other.gpu_usd_per_hour is None or (
                (other.gpu_usd_per_hour, other.gpus) == (model.gpu_usd_per_hour, model.gpus)
            ):
                continue
            raise source.error(
                ("models", model.alias, "servers"),
                f"{url} costs {_hourly(other)} in models.{other.alias}, and {_hourly(model)} here",
                f"state the same gpu_usd_per_hour and gpus in models.{other.alias} and models.{model.alias}",
            )


def _hourly(model: Model) -> str:
    if model.gpu_usd_per_hour is None:
        return "nothing by the hour"
    return f"${model.gpu_usd_per_hour.normalize():f} an hour × {model.gpus}"


def _check_refusals(source: SweepText, model: Model) -> None:
    """What the vendor is known to refuse, before a request is paid for learning it."""
    found = known_refusals(model.provider, model.model, model.api, model.params, model.api_version)
    for name, message in found:
        raise source.error(("models", model.alias, name), message)
