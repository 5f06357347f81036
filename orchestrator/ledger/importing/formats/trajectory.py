"""Trajectories of mini-swe-agent and SWE-agent: one attempt at one instance, with its patch and what it cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.ledger.importing.json_stream import opened
from orchestrator.ledger.importing.line import Wrong, checked_values, pico_of
from orchestrator.ledger.importing.look import Look, as_object
from orchestrator.ledger.importing.reader import FileReader, Taken
from orchestrator.ledger.importing.typed import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 256 << 20
RETRIES = (
    "instance_cost, as agents write it, misses requests that were retried or timed out: the true cost "
    "may be higher."
)
_ENDINGS = (".gz", ".json", ".traj")


class _Stats(msgspec.Struct):
    instance_cost: Any = None
    tokens_sent: int | None = None
    tokens_received: int | None = None


class _Info(msgspec.Struct):
    submission: str | None = None
    exit_status: str | None = None
    model_stats: _Stats | None = None
    config: Any = None


class _Trajectory(msgspec.Struct):
    info: _Info
    instance_id: str | None = None
    replay_config: Any = None
    messages: list[Any] | None = None


def is_trajectory(seen: Look) -> bool:
    if seen.has("trajectory_format") or seen.has("trajectory", "info") or seen.has("trajectory", "history"):
        return True
    info = as_object(seen.keys.get("info"))
    return "submission" in info or "model_stats" in info


class Trajectory(FileReader):
    """A whole file is one sample."""

    def where(self, record: int) -> str:
        return str(self.file)

    def __iter__(self) -> Iterator[Taken]:
        with opened(self.file) as raw:
            data = raw.read(LARGEST + 1)
        with self.at(0):
            if len(data) > LARGEST:
                raise Wrong(f"is larger than {LARGEST >> 20} MiB", "no real trajectory is that long")
            found = decoded(data, _Trajectory)
            stats = found.info.model_stats or _Stats()
            try:
                cost = None if stats.instance_cost is None else pico_of(stats.instance_cost)
            except Wrong as wrong:
                raise Wrong(f"info.model_stats.instance_cost {wrong.message}", wrong.remedy) from None
            values = {
                "text": found.info.submission or "",
                "finish_reason": found.info.exit_status,
                "prompt_tokens": stats.tokens_sent,
                "completion_tokens": stats.tokens_received,
            }
            about = {"problem": found.instance_id or self._name(), "question": _question(found)}
            if cost is not None:
                self.notes.append(RETRIES)
            yield Taken(0, checked_values(self.alias(_model(found)), 0, about, values, cost_pico=cost))

    @property
    def sweep(self) -> str:
        """Trajectories of one run lie in one folder, or each in a folder of its own in it."""
        folder = self.file.resolve().parent
        return (folder.parent if folder.name == self._name() else folder).name or "trajectories"

    def _name(self) -> str:
        name = self.file.name
        while name.endswith(_ENDINGS):
            name = name.rsplit(".", 1)[0]
        return name


def _model(found: _Trajectory) -> str | None:
    named = _at(found.info.config, "model", "model_name")
    if isinstance(named, str):
        return named
    replay = found.replay_config
    if isinstance(replay, str):
        try:
            replay = json.loads(replay)
        except (ValueError, RecursionError):
            return None
    named = _at(replay, "agent", "model", "name")
    return named if isinstance(named, str) else None


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = as_object(value).get(key)
    return value


def _question(found: _Trajectory) -> str | None:
    for message in found.messages or ():
        if _at(message, "role") == "user" and isinstance(said := _at(message, "content"), str):
            return said
    return None
