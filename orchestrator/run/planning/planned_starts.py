"""The servers that a sweep's run would start: in which order, and what they are expected to cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.run.prepare import Prepared
from orchestrator.run.servers.own_servers import LOADING_S
from orchestrator.scheduler.slots import Slots
from pricing.server_time import server_pico
from pricing.types import PICO_PER_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlanned:
    """Servers of one group of models. Money in pico-dollars."""

    aliases: tuple[str, ...]
    gpus: int
    """Of each server; 0: there is no GPU here."""
    copies: int
    at_once: bool
    """Whether it starts with the run, not only once another has ended."""
    expected_pico: int
    """Of its requests."""
    loading_pico: int
    loading_is_known: bool
    """Whether it was seen to load; else it is assumed."""

    def document(self) -> dict[str, Any]:
        return {
            "models": list(self.aliases),
            "gpus": self.gpus,
            "copies": self.copies,
            "at_once": self.at_once,
            "expected_usd": (self.expected_pico + self.loading_pico) / PICO_PER_USD,
            "loading_usd": self.loading_pico / PICO_PER_USD,
        }


def planned_starts(
    prepared: Prepared, expected: Mapping[str, int], asked: Collection[str]
) -> tuple[StartPlanned, ...]:
    """In the file's order; `expected`: pico-dollars by model, `asked`: those that lack samples."""
    groups = [group for group in prepared.sweep.served_together() if any(alias in asked for alias in group)]
    slots = Slots(prepared.gpus)
    wanted = [(group, _gpus(prepared, group)) for group in groups for _ in range(prepared.copies(group[0]))]
    first = set(slots.starting(wanted))
    return tuple(
        StartPlanned(
            aliases=group,
            gpus=_gpus(prepared, group) if prepared.gpus else 0,
            copies=prepared.copies(group[0]),
            at_once=group in first,
            expected_pico=sum(expected[alias] for alias in group),
            loading_pico=_loading_pico(prepared, group[0]),
            loading_is_known=group[0] in prepared.loading_s,
        )
        for group in groups
    )


def _gpus(prepared: Prepared, group: tuple[str, ...]) -> int:
    serve = prepared.sweep.models[group[0]].serve
    assert serve is not None
    return serve.gpus


def _loading_pico(prepared: Prepared, alias: str) -> int:
    model = prepared.sweep.models[alias]
    if model.gpu_usd_per_hour is None:
        return 0
    seconds = prepared.loading_s.get(alias, LOADING_S)
    one = server_pico(
        usd_per_hour=model.gpu_usd_per_hour, gpus=_gpus(prepared, (alias,)), ns=round(seconds * 1e9)
    )
    return prepared.copies(alias) * one
