"""One process of a server: started on a free port, awaited, used, stopped; and what it is booked as."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orchestrator import blas
from orchestrator.ledger.writing.rows import ServerRow
from orchestrator.progress import ServerProgress
from orchestrator.run import server_queues
from orchestrator.run.build_providers import ask_version, build_served
from orchestrator.run.servers.context import Group, Servers, lacks
from orchestrator.run.servers.environment import environment, filled
from orchestrator.run.servers.guarded import Guarded, Launch
from orchestrator.run.servers.log import ServerLog
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.sending.server_money import ServerMoney
from providers.direct.probe import read_models
from providers.direct.provider import DirectProvider
from providers.errors import ProviderError
from providers.transport.awake import elapsed_ns
from providers.types import Provider

if TYPE_CHECKING:
    from providers.vllm import VllmProvider

LOOKS_EVERY_S = 0.25
ANSWERS_WITHIN_S = 5.0
SILENT_S = 15 * 60.0
"""So long without a word in its log, a server that is not ready is dead."""
WRITES_EVERY_S = 2.0
GUARD_SLACK_S = 3.0
"""The guard stops a server by itself so long after this process should have."""
NO_MONEY = "loading took more than the budget covers"


class Died(Exception):  # noqa: N818 - it says what happened
    """It is no use: why, in words. `port_taken`: another port may do. `for_want`: of money, not of health."""

    def __init__(
        self, why: str, *, port_taken: bool = False, for_want: bool = False, of_memory: bool = False
    ) -> None:
        super().__init__(why)
        self.port_taken = port_taken
        self.for_want = for_want
        self.of_memory = of_memory


class Process:
    """`copy`: which of the group's servers it is, from 0."""

    def __init__(self, of: Servers, group: Group, copy: int, gpus: Sequence[str]) -> None:
        self._of = of
        self._group = group
        self._copy = copy
        self._gpus = tuple(gpus)
        self._key = secrets.token_hex(24)
        self._guarded: Guarded | None = None
        self._started_ns = elapsed_ns()
        self._row_written = 0.0
        self._id = of.ledger.new_server_id()
        self._started_at = time.time()
        self._ready_at: float | None = None
        self.loading_s: float | None = None
        self.phase = "loading"
        self.said: str | None = None
        self.port = _free_port(of.ports)
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.log = ServerLog(log_path(of, group.aliases[0], copy))
        self._providers: dict[str, Provider] = {
            alias: build_served(of.prepared.sweep.models[alias], self.url, self._key)
            for alias in group.aliases
        }
        self.money: ServerMoney | None = None

    # -- its life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises Died."""
        group, sweep = self._group, self._of.prepared.sweep
        serve = group.serve
        try:
            await asyncio.to_thread(self.log.path.parent.mkdir, parents=True, exist_ok=True)
            self._guarded = await Guarded.start(self.log.path)
        except OSError as error:
            message = f"its server could not be started: {error.filename or 'its guard'}: {error.strerror}"
            raise Died(message) from error
        values = {"model": group.model.model, "port": str(self.port), "gpus": str(serve.gpus)}
        env = dict(zip(serve.env, filled(list(serve.env.values()), values), strict=True))
        launch = Launch(
            argv=filled([*serve.command, *serve.args], values),
            env=environment(
                blas.theirs(os.environ),
                env,
                secret=self._key,
                key_variables={m.api_key_env for m in sweep.models.values() if m.api_key_env},
                gpus=self._gpus,
            ),
            log=self.log.path,
            secret=self._key,
            grace_s=serve.stop_grace_s,
        )
        self._started_at, self._started_ns = time.time(), elapsed_ns()
        await self._pay()
        self._guarded.launch(launch)
        self.write()
        if self.money is not None:
            self.money.renew()  # the guard hears of it

    async def _pay(self) -> None:
        """From here on its time is paid. Raises Died."""
        group, serve = self._group, self._group.serve
        if group.model.gpu_usd_per_hour is None:
            return
        self.money = ServerMoney(
            group.aliases,
            self.url,
            self._of.scheduler.budget,
            self._of.ledger,
            usd_per_hour=group.model.gpu_usd_per_hour,
            gpus=serve.gpus,
            stop_grace_s=serve.stop_grace_s,
            lacking=lambda alias: lacks(self._of.scheduler.lanes[alias]),
            renewed=self._renewed,
        )
        if not self.money.renew():
            raise Died(NO_MONEY, for_want=True)
        await self.money.written()

    async def ready(self) -> None:
        """Returns once it serves the model. Raises Died."""
        assert self._guarded is not None
        serve = self._group.serve
        quiet_since, size = time.monotonic(), self.log.size()
        began = time.monotonic()
        while not await self._answers():
            await asyncio.wait([self._guarded.died], timeout=LOOKS_EVERY_S)
            if self._guarded.died.done():
                raise self._died("before it was ready")
            self._look()
            now = time.monotonic()
            if (new_size := self.log.size()) != size:
                quiet_since, size = now, new_size
            if self.money is not None and self.money.out_of_money:
                raise Died(NO_MONEY, for_want=True)
            if serve.ready_timeout_s and now - began > serve.ready_timeout_s:
                raise self._failed(f"was not ready within {serve.ready_timeout_s:g} s (ready_timeout_s)")
            if not serve.ready_timeout_s and now - quiet_since > SILENT_S:
                raise self._failed(f"was not ready, and its log stood still for {SILENT_S / 60:g} minutes")
        await self._serves_the_model()
        self._ready_at = time.time()
        self.loading_s = (elapsed_ns() - self._started_ns) / 1e9
        self.phase = "ready"
        if self.money is not None:
            self.money.is_ready()
        self._takes_requests()
        self.write()

    async def _answers(self) -> bool:
        try:
            await self._probe().get(self._group.serve.health, timeout_s=ANSWERS_WITHIN_S)
        except ProviderError:
            return False
        return True

    async def _serves_the_model(self) -> None:
        serve, wanted = self._group.serve, self._group.model.model
        try:
            models = read_models(await self._probe().get(serve.ready, timeout_s=ANSWERS_WITHIN_S)).models
        except ProviderError as error:
            raise self._failed(f"answers {serve.ready} with an error: {error.message}") from error
        if wanted not in models and f"{wanted}:latest" not in models:  # Ollama lists a name without a tag so
            serves = ", ".join(models[:5]) or "no model"
            raise self._failed(f"serves {serves}, not {wanted}: make `model` the name that it serves")

    def _probe(self) -> DirectProvider:
        provider = self._providers[self._group.aliases[0]]
        assert isinstance(provider, DirectProvider)
        return provider

    def _takes_requests(self) -> None:
        for alias in self._group.aliases:
            mine = self._of.providers[alias]
            mine[self._copy] = self._providers[alias]
            if self.money is not None:
                self._of.tenancies[alias, self._copy] = self.money.tenancies[alias]
            endpoint = self._of.scheduler.lanes[alias].endpoints[self._copy]
            endpoint.starts(self.url)
            endpoint.claim = partial(self._claim, endpoint)
        for called in self._group.called:
            called.starts(self._copy, self.url, self._key)
        self._of.wake()

    def _claim(self, endpoint: Endpoint) -> bool:
        """Whether a request may be admitted: not once the lease has no more left than stopping takes."""
        endpoint.unpaid = self.money is not None and not self.money.open
        return not endpoint.unpaid

    async def serve(self, over: asyncio.Event) -> None:
        """Until it is `over`. Raises Died."""
        assert self._guarded is not None
        async with self._queue_watches():
            await self._serve(self._guarded, over)

    async def _serve(self, guarded: Guarded, over: asyncio.Event) -> None:
        while not over.is_set():
            waiting = asyncio.ensure_future(over.wait())
            try:
                await asyncio.wait(
                    [guarded.died, waiting],
                    timeout=LOOKS_EVERY_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                waiting.cancel()
            if guarded.died.done():
                raise self._died("while it worked")
            self._look()
            if self.money is not None and self.money.out_of_money:
                raise Died("the budget does not cover its next half minute", for_want=True)
            if not self._group.lacks:
                return

    @contextlib.asynccontextmanager
    async def _queue_watches(self) -> AsyncGenerator[None]:
        tasks: list[asyncio.Task[None]] = []
        for alias, provider in self._providers.items():
            if self._group.model.provider == "vllm":
                server = cast("VllmProvider", provider)
                await ask_version(server)
                endpoint = self._of.scheduler.lanes[alias].endpoints[self._copy]
                tasks.append(asyncio.create_task(server_queues.watch(server, endpoint), name="fleet"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    def _look(self) -> None:
        if self.money is not None:
            self.money.look()
        if (said := self.log.last_line()) != self.said:
            self.said = said
            if time.monotonic() - self._row_written >= WRITES_EVERY_S:
                self.write()

    def _died(self, when: str) -> Died:
        assert self._guarded is not None
        status = self._guarded.died.result()
        if isinstance(status, str):
            how = f"could not be started: {status}"
        elif status < 0:
            how = f"was killed {when} (signal {-status})"
        else:
            how = f"ended {when} (status {status})"
        errors = self.log.errors()
        return Died(
            f"its server {how}{f': {errors}' if errors else ''}; log: {self.log.path}",
            port_taken=self.log.port_taken(),
            of_memory=self.log.out_of_memory(),
        )

    def _failed(self, what: str) -> Died:
        return Died(f"its server {what}; log: {self.log.path}")

    # -- its end ----------------------------------------------------------------------------------------------------

    def leaves(self, why: str) -> None:
        """Nothing goes there any more."""
        for alias in self._group.aliases:
            self._of.scheduler.lanes[alias].endpoints[self._copy].absent = why
        for called in self._group.called:
            called.leaves(self._copy, why)
        if self.money is not None:
            self.money.stops()

    async def stop(self, grace_s: float, *, lands: bool) -> None:
        """Returns once nothing of it is left, and what it cost is booked. `lands`: requests on it still end by
        themselves."""
        if self.phase != "died":
            self.phase = "stopping"
        if self._guarded is not None:
            self.write()
            self._guarded.stop(grace_s)
            await asyncio.shield(self._guarded.gone)
        ended_at = time.time()
        if self.money is not None:
            await self.money.close(lands=lands)
        if self._guarded is not None:
            await self._guarded.ended()
        if self.phase != "died":
            self.phase = "ended"
        await self.write(ended_at)
        self._of.ports.discard(self.port)
        for provider in self._providers.values():
            await provider.aclose()
        for called in self._group.called:
            await called.aclose(self._copy)

    def kill(self) -> None:
        if self._guarded is not None:
            self._guarded.kill()

    def _renewed(self, seconds: float) -> None:
        if self._guarded is not None:
            self._guarded.lives_until(seconds + GUARD_SLACK_S)

    # -- how it stands ----------------------------------------------------------------------------------------------

    def progress(self) -> ServerProgress:
        price = self._group.model.gpu_usd_per_hour
        return ServerProgress(
            name=self._group.name,
            phase=self.phase,
            said=self.said,
            gpus=self._gpus,
            usd_per_hour=None if price is None else float(price * self._group.serve.gpus),
            since_s=(elapsed_ns() - self._started_ns) / 1e9,
            loading_s=self.loading_s,
        )

    def write(self, ended_at: float | None = None) -> asyncio.Future[None]:
        """How it stands, into the ledger."""
        self._row_written = time.monotonic()
        price = self._group.model.gpu_usd_per_hour
        return self._of.ledger.server(
            ServerRow(
                server_id=self._id,
                run_id=self._of.ledger.state.run_id,
                aliases=json.dumps(self._group.aliases),
                url=self.url,
                gpus=json.dumps(self._gpus),
                usd_per_hour=None if price is None else str(price * self._group.serve.gpus),
                phase=self.phase,
                said=None if self.said is None else self.said[:500],
                started_at=self._started_at,
                ready_at=self._ready_at,
                ended_at=ended_at,
            )
        )


def log_path(of: Servers, alias: str, copy: int) -> Path:
    """runs/NAME.serve/ALIAS.log; of a further copy ALIAS-2.log."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", alias).lstrip(".")[:100] or "_"
    return of.logs / f"{plain}{'' if copy == 0 else f'-{copy + 1}'}.log"


def _free_port(taken: set[int]) -> int:
    """One that nobody listens at now, and that no other server of this run was given."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
        if port not in taken:
            taken.add(port)
            return port
