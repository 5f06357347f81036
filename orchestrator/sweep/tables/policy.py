"""`[policy]`: its keys, checked against each other and the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.sweep import resolve
from orchestrator.sweep.messages import suggestion
from orchestrator.sweep.types import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.sweep.schema import PolicyTable
    from orchestrator.sweep.source import SweepText
    from orchestrator.sweep.types import Model

_ONLY = {
    "order": ("cascade",),
    "pair": ("narrow",),
    "worth_usd": ("solve",),
    "measure": ("solve",),
    "parts": ("narrow",),
    "pass_rates": ("solve", "cascade"),
}


def policy_of(source: SweepText, table: PolicyTable, models: Mapping[str, Model]) -> Policy:
    """Raises InputError."""
    for key, kinds in _ONLY.items():
        if key in table.model_fields_set and table.kind not in kinds:
            forgotten = "kind" not in table.model_fields_set
            but = "which is not stated" if forgotten else f'not "{table.kind}"'
            remedy = f'add kind = "{kinds[0]}"' if forgotten else "delete it"
            raise source.error(("policy", key), f'goes with kind = "{kinds[0]}", {but}', remedy)
    if table.kind == "all":
        return Policy()
    for alias, model in models.items():
        if model.mode == "until_solved":
            at = ("models", alias, "mode") if "mode" in source.data["models"][alias] else ("sampling", "mode")
            raise source.error(
                at,
                f'until_solved can\'t be combined with policy.kind = "{table.kind}", which says itself when to stop',
                "delete mode",
            )
    return Policy(
        kind=table.kind,
        order=_order(source, table, models),
        worth_pico=None if table.worth_usd is None else resolve.pico(table.worth_usd),
        measure=table.measure,
        pair=_pair(source, table, models),
        parts=table.parts,
        pass_rates=_pass_rates(source, table, models),
    )


def _pass_rates(source: SweepText, table: PolicyTable, models: Mapping[str, Model]) -> dict[str, float]:
    rates = table.pass_rates or {}
    for alias in rates:
        if alias not in models:
            near = suggestion(alias, models) or f"known: {', '.join(models)}"
            raise source.error(("policy", "pass_rates", alias), "names no model", near)
    return dict(rates)


def _pair(source: SweepText, table: PolicyTable, models: Mapping[str, Model]) -> tuple[str, str] | None:
    if table.kind != "narrow":
        return None
    if len(models) < 2:
        raise source.error(
            ("policy", "kind"), "narrow compares models, and there is one", "add another, or delete [policy]"
        )
    if table.pair is None:
        return None
    for at, alias in enumerate(table.pair):
        _check_named(source, "pair", at, alias, models)
    first, second = table.pair
    if first == second:
        raise source.error(("policy", "pair"), f"names {first!r} twice", "name two models")
    return first, second


def _check_named(source: SweepText, key: str, at: int, alias: str, models: Mapping[str, Model]) -> None:
    if alias not in models:
        near = suggestion(alias, models) or f"known: {', '.join(models)}"
        raise source.error(("policy", key, at), f"names no model: {alias!r}", near)


def _order(source: SweepText, table: PolicyTable, models: Mapping[str, Model]) -> tuple[str, ...]:
    if table.kind != "cascade":
        return ()
    written = ", ".join(f'"{alias}"' for alias in models)
    if table.order is None:
        raise source.error(
            ("policy",),
            "order is missing: a cascade tries the models in an order",
            f"add order = [{written}]",
        )
    for at, alias in enumerate(table.order):
        _check_named(source, "order", at, alias, models)
        if alias in table.order[:at]:
            raise source.error(("policy", "order", at), f"names {alias!r} twice", "name each model once")
    for alias in models:
        if alias not in table.order:
            raise source.error(
                ("policy", "order"),
                f"leaves out {alias!r}, which would never be asked",
                f"add it to order, or delete [models.{alias}]",
            )
    return tuple(table.order)
