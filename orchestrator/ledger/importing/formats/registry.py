"""The formats by name, each told by content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.errors import InputError
from orchestrator.ledger.importing.formats.batch_output import (
    AnthropicBatch,
    OpenAIBatch,
    is_anthropic_batch,
    is_openai_batch,
)
from orchestrator.ledger.importing.formats.code_lists import (
    Generations,
    LiveCodeBench,
    is_generations,
    is_livecodebench,
)
from orchestrator.ledger.importing.formats.completions import Completions, is_completions
from orchestrator.ledger.importing.formats.inspect_log import InspectLog, is_inspect
from orchestrator.ledger.importing.formats.lm_eval import LmEval, is_lm_eval
from orchestrator.ledger.importing.formats.monkeys import Monkeys
from orchestrator.ledger.importing.formats.monkeys_file import columns
from orchestrator.ledger.importing.formats.openai_evals import OpenAIEvals, is_openai_evals
from orchestrator.ledger.importing.formats.others import of_tool, unknown
from orchestrator.ledger.importing.formats.own_lines import OwnLines, is_own
from orchestrator.ledger.importing.formats.swebench import Predictions, is_predictions
from orchestrator.ledger.importing.formats.trajectory import Trajectory, is_trajectory
from orchestrator.ledger.importing.look import Look, look
from orchestrator.ledger.importing.reader import Options, Reader

if TYPE_CHECKING:
    from pathlib import Path


class _Format(NamedTuple):
    told: Callable[[Look], bool]
    reader: Callable[[Path, Options], Reader]


def _is_monkeys(seen: Look) -> bool:
    if seen.kind == "parquet":
        names = columns(seen.file)
        return names is None or {"samples", "is_corrects"} <= names
    return seen.has("samples", "is_corrects")


def _is(test: Callable[[Any], bool]) -> Callable[[Look], bool]:
    return lambda seen: test(seen.first)


_FORMATS: dict[str, _Format] = {
    "inspect": _Format(is_inspect, InspectLog),
    "monkey-business": _Format(_is_monkeys, Monkeys),
    "lm-eval": _Format(is_lm_eval, LmEval),
    "swebench": _Format(is_predictions, Predictions),
    "trajectory": _Format(is_trajectory, Trajectory),
    "livecodebench": _Format(is_livecodebench, LiveCodeBench),
    "bigcode": _Format(is_generations, Generations),
    "openai-batch": _Format(is_openai_batch, OpenAIBatch),
    "anthropic-batch": _Format(is_anthropic_batch, AnthropicBatch),
    "openai-evals": _Format(is_openai_evals, OpenAIEvals),
    "humaneval": _Format(_is(is_completions), Completions),
    "manyfew": _Format(_is(is_own), OwnLines),
}
FORMATS: tuple[str, ...] = tuple(_FORMATS)
"""The names that `--format` may have. The order is that in which they are tried."""


def reader_of(file: Path, options: Options) -> Reader:
    """The reader of a file's format. Raises InputError that says what the file is instead."""
    if options.format is not None:
        if options.format not in _FORMATS:
            raise InputError(
                "--format", f"there is no format {options.format!r}", f"one of {', '.join(FORMATS)}"
            )
        return _FORMATS[options.format].reader(file, options)
    seen = look(file)
    for one in _FORMATS.values():
        if one.told(seen):
            return one.reader(file, options)
    tool = of_tool(seen)
    if seen.kind == "text" or (tool is None and seen.has("model")):
        return OwnLines(file, options)  # which says what is wrong with the line
    what, remedy = tool or unknown(seen)
    raise InputError(str(file), "holds no sample" if seen.kind == "empty" else f"is {what}", remedy)
