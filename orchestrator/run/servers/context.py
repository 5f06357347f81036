"""What every server of a run is started, used and booked with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.run.prepare import Prepared
from orchestrator.scheduler.lane import ModelLane
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.paid_servers import TimedServer
from orchestrator.sending.served_calls import ServedCalls
from orchestrator.sweep.types import Model, Serve
from providers.types import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """`providers` and `tenancies` are the sender's: a server that is ready puts its own there."""

    prepared: Prepared
    scheduler: Scheduler
    ledger: Ledger
    providers: dict[str, list[Provider]]
    tenancies: dict[tuple[str, int], TimedServer]
    called: Mapping[str, ServedCalls]
    """By alias, of the models that agents' calls ask."""
    logs: Path
    on_warning: Callable[[str, str], None]
    wake: Callable[[], None]
    ports: set[int] = field(default_factory=set[int])
    """Those that are given to servers."""


@dataclass(frozen=True, slots=True)
class Group:
    """The models that share a server."""

    aliases: tuple[str, ...]
    model: Model
    """The first of them."""
    lanes: tuple[ModelLane, ...]
    all_called: Mapping[str, ServedCalls]

    @property
    def called(self) -> list[ServedCalls]:
        return [self.all_called[alias] for alias in self.aliases if alias in self.all_called]

    @property
    def serve(self) -> Serve:
        assert self.model.serve is not None
        return self.model.serve

    @property
    def name(self) -> str:
        return ", ".join(self.aliases)

    @property
    def lacks(self) -> bool:
        """Whether there is anything left to ask of it, or on its way."""
        return any(map(lacks, self.lanes))

    @property
    def in_flight(self) -> bool:
        return any(lane.in_flight for lane in self.lanes)

    def stop(self, scheduler: Scheduler, reason: str) -> None:
        for alias in self.aliases:
            scheduler.stop(alias, reason)


def logs_beside(db: Path) -> Path:
    """runs/NAME.serve, beside runs/NAME.db."""
    return db.with_name(f"{db.stem}.serve")


def lacks(lane: ModelLane) -> bool:
    if lane.left_out or lane.stopped is not None:
        return bool(lane.in_flight)
    return bool(lane.in_flight) or lane.work.lacking() > 0


def groups_of(prepared: Prepared, scheduler: Scheduler, called: Mapping[str, ServedCalls]) -> Sequence[Group]:
    """In the file's order."""
    return [
        Group(
            aliases,
            prepared.sweep.models[aliases[0]],
            tuple(scheduler.lanes[alias] for alias in aliases),
            called,
        )
        for aliases in prepared.sweep.served_together()
    ]
