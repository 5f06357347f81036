"""The servers that a run starts, uses and stops: which of them when, on which GPUs, and again where one dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.progress import ServerProgress
from orchestrator.run.servers.context import Group, Servers, groups_of
from orchestrator.run.servers.gpus import memory
from orchestrator.run.servers.process import Died, Process
from orchestrator.scheduler.slots import Slots
from orchestrator.sending.server_money import STOP_TAKES_S
from pricing.server_time import server_pico
from providers.errors import NotSent
from providers.types import Reply, Request

if TYPE_CHECKING:
    from orchestrator.run.servers.gpus import Held

LOOKS_EVERY_S = 0.2
RESTARTS = 2
PORTS = 5
"""So many are tried where a server says that one is taken."""
LOADING_S = 120.0
"""What loading is taken to need before it was seen."""
MEMORY_BACK_S = 60.0
MEMORY_SLACK_MIB = 512
WAITS = "for its turn: its server starts when a slot is free"
LOADS = "its server loads the model"
STOPS = "its server is stopping"
DIED = "its server died and is started again"
NO_MONEY = "budget: it does not cover starting its server"
KILLED_WITHIN_S = 2.0


@dataclass(eq=False)
class Unit:
    """One server of a group, whatever process it is now."""

    group: Group
    copy: int
    process: Process | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    restarts: int = 0
    lost: bool = False
    """It won't be started again in this run."""
    life: asyncio.Task[None] | None = None

    def tell(self, why: str, *, coming: bool = True) -> None:
        for lane in self.group.lanes:
            endpoint = lane.endpoints[self.copy]
            endpoint.absent, endpoint.coming = why, coming
        for called in self.group.called:
            called.leaves(self.copy, why, coming=coming)

    @property
    def coming(self) -> bool:
        return any(lane.endpoints[self.copy].coming for lane in self.group.lanes)


class OwnServers:
    """`run` starts and stops servers until it is cancelled; `stop` then ends those that are left."""

    def __init__(self, of: Servers) -> None:
        self._of = of
        self._slots = Slots(of.prepared.gpus)
        self._units = [
            Unit(group, copy)
            for group in groups_of(of.prepared, of.scheduler, of.called)
            for copy in range(of.prepared.copies(group.aliases[0]))
        ]
        self._draining = False
        self._killing = False
        self._over = False
        self._grace_most_s: float | None = None
        self._waits_for_memory: dict[Unit, str] = {}
        self._unpaid: dict[Unit, int] = {}
        """What starting those takes that the budget does not cover."""
        for unit in self._units:
            unit.tell(WAITS)
            for alias in unit.group.aliases:
                of.providers[alias] = [NO_SERVER] * of.prepared.copies(alias)

    def __bool__(self) -> bool:
        return bool(self._units)

    @property
    def busy(self) -> bool:
        """Whether something is under way that may let requests go."""
        if self._draining:
            return False
        active = [unit for unit in self._units if unit.life is not None]
        if any(unit.group.lacks and not _is_ready(unit) for unit in active):
            return True
        if not self._waiting():
            return False
        ending = any(not (unit.group.lacks and _is_ready(unit)) for unit in active)
        return ending or bool(self._next())

    def _waiting(self) -> list[Unit]:
        """Those that would be of use."""
        return [
            unit
            for unit in self._units
            if unit.life is None and not unit.lost and not self._draining and _of_use(unit)
        ]

    def _next(self) -> list[Unit]:
        """Those that may start now."""
        wanted = [(unit, unit.group.serve.gpus) for unit in self._waiting()]
        return [unit for unit in self._slots.starting(wanted) if self._affordable(unit)]

    def _affordable(self, unit: Unit) -> bool:
        """Whether the budget covers loading, one request and the stop."""
        model, serve = unit.group.model, unit.group.serve
        if model.gpu_usd_per_hour is None:
            return True
        loading_s = self._of.prepared.loading_s.get(model.alias, LOADING_S)
        seconds = loading_s + serve.stop_grace_s + STOP_TAKES_S
        needed = server_pico(
            usd_per_hour=model.gpu_usd_per_hour, gpus=serve.gpus, ns=round(seconds * 1e9)
        ) + self._of.prepared.server_pico(model.alias, model.max_tokens)
        budget = self._of.scheduler.budget
        rooms = [budget.lease_room(alias) for alias in unit.group.aliases]
        self._unpaid.pop(unit, None)
        if max(rooms) >= needed:
            return True
        self._unpaid[unit] = needed
        unit.tell(NO_MONEY, coming=False)
        return False

    @property
    def unpaid_pico(self) -> int:
        """What starting those servers takes that the budget does not cover."""
        return sum(pico for unit, pico in self._unpaid.items() if not unit.copy and _of_use(unit))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                if not self._draining:
                    for unit in self._next():
                        gpus = self._slots.take(unit, unit.group.serve.gpus)
                        unit.over.clear()
                        unit.life = group.create_task(self._live(unit, gpus), name="server")
                    if held_up := [unit for unit in self._waiting() if unit.coming]:
                        for unit in held_up:
                            unit.tell(WAITS, coming=False)
                        self._of.wake()
                else:
                    for unit in self._units:
                        if not unit.group.in_flight:
                            unit.over.set()
                    if all(unit.life is None for unit in self._units):
                        return
                await asyncio.sleep(LOOKS_EVERY_S)

    async def _live(self, unit: Unit, gpus: Sequence[str]) -> None:
        """From its start to its end, and again where it dies."""
        before = await asyncio.to_thread(memory, gpus) if gpus else {}
        try:
            tries = 0
            while True:
                process = unit.process = Process(self._of, unit.group, unit.copy, gpus)
                unit.tell(LOADS if not unit.restarts else DIED)
                died = await self._one(unit, process)
                await self._memory_back(unit, gpus, before)
                if died is None or self._draining:
                    return
                tries += 1
                if died.port_taken and process.loading_s is None and tries < PORTS:
                    continue
                if not self._again(unit, process, died):
                    return
        finally:
            unit.tell(WAITS, coming=False)
            unit.life = unit.process = None
            self._slots.give_back(unit)
            self._of.wake()

    async def _one(self, unit: Unit, process: Process) -> Died | None:
        """One process, from its start to when nothing of it is left."""
        died: Died | None = None
        try:
            await process.start()
            loading = asyncio.create_task(process.ready())
            over = asyncio.create_task(unit.over.wait())
            try:
                await asyncio.wait([loading, over], return_when=asyncio.FIRST_COMPLETED)
                if loading.done():
                    loading.result()
            finally:
                over.cancel()
                if not loading.done():
                    loading.cancel()
            if not unit.over.is_set():
                await process.serve(unit.over)
        except Died as error:
            died = error
            process.said = str(error)
            process.phase = "stopping" if error.for_want else "died"
        finally:
            process.leaves(STOPS if died is None or died.for_want else DIED)
            self._of.wake()
            await process.stop(self._grace_s(unit), lands=not self._over)
        return died

    def _again(self, unit: Unit, process: Process, died: Died) -> bool:
        """Whether it is started again; if not, why is said."""
        group = unit.group
        if died.for_want:
            for alias in group.aliases:
                self._of.on_warning(alias, f"its server was stopped: {died}")
            return False
        at_start = process.loading_s is None
        if (at_start and not unit.restarts) or (at_start and died.of_memory) or unit.restarts >= RESTARTS:
            unit.lost = True
            if all(other.lost for other in self._units if other.group is group):
                group.stop(self._of.scheduler, str(died))
            else:
                self._of.on_warning(group.aliases[0], f"one of its servers is gone: {died}")
            return False
        unit.restarts += 1
        self._of.on_warning(group.aliases[0], f"its server is started again: {died}")
        return group.lacks

    async def _memory_back(self, unit: Unit, gpus: Sequence[str], before: dict[str, Held]) -> None:
        """Waits until the GPUs hold what they held before; says who holds more."""
        until = time.monotonic() + (KILLED_WITHIN_S if self._draining else MEMORY_BACK_S)
        while before:
            now = await asyncio.to_thread(memory, gpus)
            more = {
                name: held
                for name, held in now.items()
                if name in before and held.used_mib > before[name].used_mib + MEMORY_SLACK_MIB
            }
            if not more:
                self._waits_for_memory.pop(unit, None)
                return
            said = "; ".join(
                f"GPU {name} still holds {held.used_mib - before[name].used_mib:,} MiB, by "
                + (", ".join(held.by) or "a process that nvidia-smi does not name")
                for name, held in more.items()
            )
            self._waits_for_memory[unit] = said
            if time.monotonic() > until:
                self._waits_for_memory.pop(unit, None)
                self._of.on_warning(unit.group.aliases[0], f"after its server: {said}")
                return
            await asyncio.sleep(0.5)

    # -- the end ----------------------------------------------------------------------------------------------------

    def _grace_s(self, unit: Unit) -> float:
        if self._killing:
            return 0.0
        grace_s = unit.group.serve.stop_grace_s
        return grace_s if self._grace_most_s is None else min(grace_s, self._grace_most_s)

    def drain(self, *, grace_most_s: float | None = None) -> None:
        """None is started any more; those without requests in flight stop."""
        self._draining = True
        self._grace_most_s = grace_most_s
        for unit in self._units:
            if not _is_ready(unit) or not unit.group.in_flight:
                unit.over.set()

    def stop(self) -> None:
        """All stop: what was in flight has ended or was given up."""
        self._draining = self._over = True
        for unit in self._units:
            unit.over.set()

    def kill(self) -> None:
        """All end at once."""
        self._killing = True
        self.stop()
        for unit in self._units:
            if unit.process is not None:
                unit.process.kill()

    def progress(self) -> tuple[ServerProgress, ...]:
        found: list[ServerProgress] = []
        for unit in self._units:
            if unit.process is None:
                continue
            one = unit.process.progress()
            if (said := self._waits_for_memory.get(unit)) is not None:
                one = ServerProgress(name=one.name, phase="waiting for memory", said=said, gpus=one.gpus)
            found.append(one)
        return tuple(found)


def _of_use(unit: Unit) -> bool:
    """A further copy is, while there is more to ask than what is on its way."""
    lanes = [lane for lane in unit.group.lanes if lane.stopped is None and not lane.left_out]
    if unit.copy:
        return any(lane.work.unasked for lane in lanes)
    return any(lane.work.lacking() for lane in lanes)


def _is_ready(unit: Unit) -> bool:
    return unit.process is not None and unit.process.phase == "ready"


class _NoServer:
    """In the place of a server that isn't there."""

    server = "its own server"

    async def send(self, request: Request, /) -> Reply:
        raise NotSent("its server isn't there")

    async def aclose(self) -> None:
        pass


NO_SERVER = _NoServer()
