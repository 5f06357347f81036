"""The model of a sweep file that grades the others' answers (`[verifier]`, kind `judge`)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.sweep.messages import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.sweep.schema import ModelTable, SweepTable
    from orchestrator.sweep.source import SweepText
    from orchestrator.sweep.types import Model, VerifierChoice

KIND = "judge"


def with_judge(
    source: SweepText, table: SweepTable, models: dict[str, Model], verifier: VerifierChoice
) -> tuple[dict[str, Model], str | None]:
    """The models, and the alias of the one that judges. It isn't sampled, unless it states `samples` itself: then
    ALIAS-judge grades. Raises InputError."""
    if verifier.kind != KIND:
        return models, None
    alias = str(verifier.options["model"])
    if alias not in models:
        near = suggestion(alias, models) or f"the models are {', '.join(models)}"
        raise source.error(("verifier", "model"), f"names no model of this file: {alias!r}", near)
    own = table.models[alias]
    judge = judging(source, models[alias], own)
    if not own.samples:
        if len(models) == 1:
            remedy = f"add the model whose answers {alias} grades"
            raise source.error(("models",), "no model is sampled", remedy)
        return {**models, alias: judge}, alias
    name = f"{alias}-judge"
    if name in models:
        raise source.error(("models", name), f"is what {alias} is called as a judge", "rename it")
    return {**models, name: replace(judge, alias=name)}, name


def judge_of(source: SweepText, alias: str) -> Model:
    """The model of that name as it grades, from a file that may be of no judge. Raises InputError."""
    from pydantic import ValidationError

    from orchestrator.sweep.messages import input_error
    from orchestrator.sweep.resolve import model
    from orchestrator.sweep.schema import SweepTable

    try:
        table = SweepTable.model_validate(source.data)
    except ValidationError as error:
        raise input_error(source, error) from None
    alias = alias if alias in table.models else alias.removesuffix("-judge")
    if alias not in table.models:
        near = suggestion(alias, table.models) or f"the models are {', '.join(table.models)}"
        raise source.error(("models",), f"has no model {alias!r}", near)
    return judging(source, model(source, table, alias), table.models[alias])


def judging(source: SweepText, model: Model, own: ModelTable) -> Model:
    """The model as it grades: once per request, with the parameters that its own table states. Raises InputError."""
    at = ("models", model.alias)
    if model.provider == "replay":
        raise source.error((*at, "provider"), "is a recording, which can't grade", "name another model")
    if model.batch:
        raise source.error(
            (*at, "batch"), "is true, and verdicts are asked for one by one", "delete it in this model"
        )
    if model.serve is not None:
        remedy = 'start it yourself and write its address, servers = ["http://…/v1"]'
        raise source.error((*at, "serve"), "can't be combined with judging yet", remedy)
    if model.agent is not None:
        raise source.error(
            (*at, "agent"), "is a program, and a judge is asked directly", "name another model"
        )
    if model.api == "completions":
        raise source.error(
            (*at, "api"), "is completions, and a judge is asked by chat messages", 'write "chat"'
        )
    stated = own.model_fields_set
    return replace(
        model,
        samples=0,
        samples_by_problem={},
        mode="uniform",
        max_n=1,
        params={name: value for name, value in model.params.items() if name in stated},
        extra=model.extra if "extra" in stated else {},
    )


def graded_by(model: Model) -> str:
    """How the judge is asked: whatever of it could change a verdict."""
    asked: Mapping[str, object] = {
        "provider": model.provider,
        "model": model.model,
        "api": model.api,
        "max_tokens": model.max_tokens,
        "params": dict(model.params),
        "extra": dict(model.extra),
    }
    return json.dumps(asked, sort_keys=True, ensure_ascii=False)
