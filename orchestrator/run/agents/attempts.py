"""Performs attempts: each is a folder made anew, a program in its sandbox, and an output taken when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from orchestrator.gateway.attempt import OpenAttempt
from orchestrator.gateway.ending import EndedBy, Ending
from orchestrator.gateway.gateway import Gateway
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.progress import AttemptProgress
from orchestrator.run.agents import folders, git_diff, outputs, sandbox
from orchestrator.run.agents.command_files import files_of
from orchestrator.run.agents.environment import Told, command_of, environment_of, stated, values_of
from orchestrator.run.agents.place import INSIDE, PORT, Place
from orchestrator.run.agents.process import AgentProcess
from orchestrator.run.agents.program import readable
from orchestrator.run.agents.sources import source_of
from orchestrator.run.agents.task import task_of
from orchestrator.run.prepare import Prepared
from orchestrator.scheduler.lane import Ticket
from orchestrator.sweep.tables.agent import filled
from orchestrator.sweep.tables.agent import program as program_of
from orchestrator.sweep.tables.known_agents import TRUSTED
from orchestrator.sweep.types import Agent

_NOT_STARTED = 127


class Attempts:
    """They work in a folder beside the ledger at `db`, of which nothing stays. `arrived` hears of each sample."""

    def __init__(
        self,
        prepared: Prepared,
        gateway: Gateway,
        db: Path,
        *,
        arrived: Callable[[Ticket, Settlement], Awaitable[None]],
    ) -> None:
        self._prepared = prepared
        self._gateway = gateway
        self._root = db.resolve().parent / f"{db.stem}.attempts"
        self._arrived = arrived
        self._beside = prepared.sweep.path.parent.resolve()
        self._bases: dict[Path, asyncio.Task[git_diff.Base]] = {}
        """Of folders that are copied, each remembered once."""

    def takes(self, alias: str) -> bool:
        return self._prepared.sweep.models[alias].agent is not None

    def at_work(self) -> tuple[AttemptProgress, ...]:
        """Those whose programs run, in the order in which they started."""
        return tuple(
            AttemptProgress(
                alias=attempt.alias,
                problem=self._prepared.problems[attempt.ticket.item.problem].key,
                sample_index=attempt.sample_index,
                calls=attempt.calls,
                cost_pico=attempt.settled_pico + attempt.presumed_pico,
                cap_pico=attempt.cap_pico,
                doing=attempt.last_tool_call,
            )
            for attempt in self._gateway.open_attempts.values()
        )

    async def close(self) -> None:
        """The run is over: nothing works any more."""
        for base in self._bases.values():
            base.cancel()
        await asyncio.gather(*self._bases.values(), return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._root, ignore_errors=True)

    async def perform(self, ticket: Ticket) -> None:
        """One attempt from its start to its booking. If this is cancelled nothing of it lives on."""
        ordinal, index = ticket.item.problem, ticket.item.indices[0]
        name = f"{list(self._prepared.sweep.models).index(ticket.alias)}-{ordinal}-{index}"
        agent = self._agent(ticket)
        outside = self._root / name
        place = Place(outside, outside if agent.sandbox == TRUSTED else INSIDE)
        attempt = await self._gateway.open(ticket, folder=str(outside))
        try:
            ending = await self._attempt(ticket, attempt, place)
        finally:
            await asyncio.shield(asyncio.to_thread(place.remove))
        outcome = await self._gateway.close(attempt, ending)
        if outcome is not None:
            await self._arrived(ticket, outcome)

    def _agent(self, ticket: Ticket) -> Agent:
        agent = self._prepared.sweep.models[ticket.alias].agent
        assert agent is not None
        return agent

    async def _attempt(self, ticket: Ticket, attempt: OpenAttempt, place: Place) -> Ending:
        agent, ordinal = self._agent(ticket), ticket.item.problem
        sandboxed = agent.sandbox != TRUSTED
        told = Told(
            model=attempt.model_name,
            prompt=task_of(self._prepared.prompt(ticket.alias, ordinal)),
            problem=self._prepared.problems[ordinal].key,
            sample=attempt.sample_index,
            url=f"http://127.0.0.1:{PORT}" if sandboxed else self._gateway.url,
            token=attempt.token,
        )
        program = program_of(agent.command[0], self._beside)
        if program is None:
            return Ending(
                by=EndedBy.EXIT, exit_status=_NOT_STARTED, stderr=f"no such program: {agent.command[0]}"
            )
        place.make(told.prompt)
        environment = environment_of(agent, place, told, program=program)
        command, files = command_of(agent, place, told, program=program, beside=self._beside)
        try:
            base = await self._fill(agent, place, told, stated(environment))
            process = await AgentProcess.start(
                sandbox.bubblewrap(
                    place, command, needs=[*readable(program), *files], socket=self._gateway.socket
                )
                if sandboxed
                else sandbox.trusted(place, command),
                environment,
                cwd=place.folder,
                sandboxed=sandboxed,
            )
        except (folders.FolderError, git_diff.GitError, OSError) as error:
            return Ending(by=EndedBy.EXIT, exit_status=_NOT_STARTED, stderr=str(error))
        by, status = await _until_over(process, attempt)
        if by in (EndedBy.DRAINED, EndedBy.UNPAID):
            return Ending(by=by, exit_status=status)
        output, message = await self._collect(agent, place, process, base)
        return Ending(by=by, exit_status=status, output=output, stderr=process.last_line(), message=message)

    async def _fill(
        self, agent: Agent, place: Place, told: Told, environment: dict[str, str]
    ) -> git_diff.Base | None:
        """Makes the folder, and remembers what was in it if that will be asked. Raises FolderError or GitError."""
        compared = agent.output == "git-diff"
        place.folder.mkdir()
        source = source_of(agent, told.problem, self._beside)
        if source is not None:
            await folders.copied(source, place.folder)
            return await self._base(source) if compared else None
        if agent.prepare:
            values = values_of(Place(place.outside, place.outside), told)
            files = files_of(agent.prepare, self._beside)
            command = [
                str(files[at]) if at in files else filled(word, values)
                for at, word in enumerate(agent.prepare)
            ]
            program = program_of(command[0], self._beside)
            await folders.prepared([str(program or command[0]), *command[1:]], place.folder, environment)
        return await git_diff.base_of(place.folder, place.outside / "base.git") if compared else None

    async def _base(self, source: Path) -> git_diff.Base:
        if source not in self._bases:
            repository = self._root / f"base-{len(self._bases)}.git"
            self._bases[source] = asyncio.ensure_future(git_diff.base_of(source, repository))
        return await asyncio.shield(self._bases[source])

    async def _collect(
        self, agent: Agent, place: Place, process: AgentProcess, base: git_diff.Base | None
    ) -> tuple[str, str | None]:
        """The output, and why there is none."""
        kind, _, where = agent.output.partition(":")
        try:
            if base is not None:
                return await git_diff.patch(base, place.folder, place.outside / "diff"), None
            if kind == "file":
                return outputs.from_file(place, where), None
            if kind == "json":
                return outputs.from_json(place, where), None
            if len(process.stdout) > outputs.MOST_BYTES:
                return "", f"it wrote more than {outputs.MOST_BYTES // 2**20} MB"
            return outputs.text_of(bytes(process.stdout)), None
        except (outputs.NoOutput, git_diff.GitError, OSError) as error:
            return "", str(error)


async def _until_over(process: AgentProcess, attempt: OpenAttempt) -> tuple[EndedBy, int]:
    """Waits for its end, or for the gateway to want it; then nothing of it is alive."""
    over = asyncio.ensure_future(attempt.over())
    exited = asyncio.ensure_future(process.ended())
    try:
        await asyncio.wait({over, exited}, return_when=asyncio.FIRST_COMPLETED)
        if exited.done():  # one that leaves since nothing more is sold to it was ended by that
            return EndedBy.EXIT if attempt.refused_at is None else EndedBy.CAP, exited.result()
        return over.result(), await process.kill()
    finally:
        for task in (over, exited):
            task.cancel()
        if not exited.done() or exited.cancelled():
            with contextlib.suppress(ProcessLookupError):
                await process.kill()
