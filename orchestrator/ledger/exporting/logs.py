"""A ledger as logs of another tool: one for each model, in a folder if there are several."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.exporting.by_model import ByModel, SampledModel, file_names
from orchestrator.ledger.exporting.evalplus import write_evalplus
from orchestrator.ledger.exporting.inspect_log import write_inspect
from orchestrator.ledger.exporting.lm_eval import write_lm_eval
from orchestrator.ledger.file.whole_file import new_place

_FILES: dict[str, tuple[Callable[[ByModel, SampledModel, Path], int], str]] = {
    "inspect": (write_inspect, ".eval"),
    "evalplus": (write_evalplus, ".jsonl"),
}
TOOLS = ("inspect", "lm-eval", "evalplus")


def write_logs(db: Path, tool: str, target: Path) -> int:
    """Gives the number of samples. `target` must not be there; it is a folder for lm-eval, and for several models.
    Raises InputError."""
    with ByModel(db) as ledger:
        models = ledger.models()
        if not models:
            raise InputError(str(db), "holds no sample", "run its sweep first")
        if tool == "lm-eval":
            with _new_folder(target) as part:
                return sum(
                    write_lm_eval(ledger, model, part / name)
                    for model, name in zip(models, file_names(models), strict=True)
                )
        write, ending = _FILES[tool]
        if len(models) > 1:
            if target.suffix == ending:
                message = f"the ledger holds {len(models)} models, and a log is of one"
                raise InputError(
                    "-o", message, f"name a folder for them, such as -o {target.with_suffix('')}"
                )
            with _new_folder(target) as part:
                return sum(
                    write(ledger, model, part / f"{name}{ending}")
                    for model, name in zip(models, file_names(models), strict=True)
                )
        if tool == "inspect" and target.suffix != ending:
            raise InputError("-o", "inspect_ai knows a log by its ending", f"name it {target.name}{ending}")
        with new_place(target) as part:
            return write(ledger, models[0], part)


@contextmanager
def _new_folder(target: Path) -> Generator[Path]:
    """Becomes `target` once it is whole."""
    if os.path.lexists(target):
        raise InputError(str(target), "already exists and is left as it is", "name another folder")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")

    def remove() -> None:
        shutil.rmtree(part, ignore_errors=True)

    try:
        with interrupts.undone(remove):
            part.mkdir(parents=True)
            yield part
            part.rename(target)
    except OSError as error:
        raise InputError(
            str(target), f"can't be written: {error.strerror or error}", "name another place"
        ) from error
    finally:
        remove()
