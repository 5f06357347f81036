"""Plays a tape back: real samples, recorded earlier, through the whole program. Nothing leaves the machine, and what
goes into the ledger says so (server `tape:NAME`)."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from providers.errors import BadRequest, Stopped
from providers.tape import prompt_digest, read_tape
from providers.types import Choice, Reply, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from providers.tape import Tape, TapedModel, TapedSample
    from providers.types import Request


class ReplayProvider:
    """One tape, read at the first request. `speed`: how many times faster than it was recorded; 0 is at once.
    `name` stands for the tape in the ledger."""

    def __init__(self, path: Path, *, name: str | None = None, speed: float = 60.0) -> None:
        self._path = path
        self._name = name if name is not None else path.name
        self._speed = speed

    @property
    def server(self) -> str:
        return f"tape:{self._name}"

    @cached_property
    def tape(self) -> Tape:
        """The tape; raises Stopped if it can't be read."""
        try:
            return read_tape(self._path)
        except (OSError, ValueError) as error:
            raise Stopped(f"the tape can't be read: {getattr(error, 'strerror', None) or error}") from error

    async def send(self, request: Request, /) -> Reply:
        """The recorded samples of `request.indices` (without any: 0 … n-1), after the slowest one's recorded latency
        / speed. Raises BadRequest if the tape lacks a sample, Stopped if it was recorded in another way."""
        samples = self._find(request)
        if request.leaves is not None:
            request.leaves()
        latency = max(sample.latency_s for sample in samples)
        await asyncio.sleep(latency / self._speed if self._speed > 0 else 0)
        return Reply(
            choices=tuple(_choice(position, sample) for position, sample in enumerate(samples)),
            usage=Usage(
                input=max(sample.prompt_tokens for sample in samples),
                output=sum(sample.completion_tokens for sample in samples),
                reasoning=sum(sample.reasoning_tokens for sample in samples),
            ),
            model=self.tape.header.models[samples[0].model].model,
            server_version=self.tape.header.recorded_with.get("server"),
            latency_s=latency,
        )

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _find(self, request: Request) -> list[TapedSample]:
        tape = self.tape
        alias = tape.alias(request.model)
        if alias is None:
            raise Stopped(f"the tape holds no model {request.model!r}, but {_listed(tape.header.models)}")
        self._check(request, alias, tape.header.models[alias])
        held = tape.samples[alias].get(request.problem)
        if not held:
            raise BadRequest(f"the tape holds no problem {request.problem!r}")
        indices = request.indices or tuple(range(request.n))
        if any(index not in held for index in indices):
            samples = f"{len(held)} sample{'' if len(held) == 1 else 's'}"
            raise BadRequest(f"the tape holds {samples} of {request.problem!r}, not number {max(indices)}")
        samples = [held[index] for index in indices]
        longest = max(sample.completion_tokens for sample in samples)
        if longest > request.max_tokens:
            raise Stopped(
                f"the tape holds answers of up to {longest} tokens: state max_tokens = {longest} or more"
            )
        return samples

    def _check(self, request: Request, alias: str, taped: TapedModel) -> None:
        """A replay that answered a changed question with the old samples would put a lie into the ledger."""
        for name, value in request.params.items():
            if name in taped.params and taped.params[name] != value:
                recorded = taped.params[name]
                raise Stopped(
                    f"the tape was recorded with {name} = {recorded!r}, not {value!r}; a replay can't change that"
                )
        digest = self.tape.header.prompts.get(alias, {}).get(request.problem)
        if digest is not None and digest != prompt_digest(request.prompt):
            raise Stopped(
                f"the tape was recorded with another prompt for {request.problem!r}; a replay can't change that"
            )


def _choice(position: int, sample: TapedSample) -> Choice:
    return Choice(
        index=position,
        text=sample.text,
        reasoning=sample.reasoning,
        finish_reason=sample.finish_reason,
        output_tokens=sample.completion_tokens,
        reasoning_tokens=sample.reasoning_tokens,
        latency_s=sample.latency_s,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
