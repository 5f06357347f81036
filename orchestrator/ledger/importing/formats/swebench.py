"""Predictions as SWE-bench takes them: a patch an instance, in an object by instance, a list, or lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.ledger.importing.json_stream import entries, opened, records
from orchestrator.ledger.importing.line import Wrong, checked_values
from orchestrator.ledger.importing.look import Look, as_object, look
from orchestrator.ledger.importing.reader import FileReader, Options, Taken
from orchestrator.ledger.importing.typed import converted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Prediction(msgspec.Struct):
    model_patch: str | None
    instance_id: str | None = None
    model_name_or_path: str | None = None


def is_predictions(seen: Look) -> bool:
    if seen.has("model_patch"):
        return True
    return "model_patch" in as_object(next(iter(seen.keys.values()), None))


class Predictions(FileReader):
    """Several patches of one instance and model are numbered as they come. No patch is an empty one."""

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._instances: list[str] = []

    def where(self, record: int) -> str:
        return f"{self.file}: {self._instances[record] or f'prediction {record + 1}'}"

    def __iter__(self) -> Iterator[Taken]:
        for record, (instance, found) in enumerate(self._found()):
            self._instances.append((instance or "")[:200])
            with self.at(record):
                one = converted(found, _Prediction)
                name = one.instance_id or instance
                if name is None:
                    raise Wrong("has no instance_id", "a prediction names its instance")
                self._instances[record] = name[:200]
                alias = self.alias(one.model_name_or_path)
                values = {"text": one.model_patch or ""}
                index = self._counts[alias, name]
                self._counts[alias, name] += 1
                yield Taken(record, checked_values(alias, index, {"problem": name}, values, cost_pico=None))

    def _found(self) -> Iterator[tuple[str | None, Any]]:
        if _by_instance(self.file):
            with opened(self.file) as raw:
                for _, key, value in entries(raw):
                    yield key, value
        else:
            with opened(self.file) as raw:
                for _, value in records(raw):
                    yield None, value


def _by_instance(file: Path) -> bool:
    seen = look(file)
    return seen.kind == "object" and not seen.has("model_patch")
