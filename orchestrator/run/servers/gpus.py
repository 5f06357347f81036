"""The GPUs of this machine: which a run may use, what memory they hold, and which processes hold it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ANSWERS_WITHIN_S = 20.0
_GPU = re.compile(r"GPU (\d+): (.*?) \(UUID: (GPU-[\w-]+)\)")
_MIG = re.compile(r"\s+MIG .*\(UUID: (MIG-[\w/-]+)\)")


@dataclass(frozen=True, slots=True)
class Gpu:
    """As nvidia-smi lists it; of one that is divided, its parts."""

    index: str
    name: str
    uuid: str
    parts: tuple[str, ...] = ()


def listed() -> list[Gpu]:
    """What `nvidia-smi -L` lists; nothing where there is none."""
    found: list[Gpu] = []
    for line in _asked("-L"):
        if gpu := _GPU.match(line):
            found.append(Gpu(gpu[1], gpu[2], gpu[3]))
        elif (part := _MIG.match(line)) and found:
            last = found[-1]
            found[-1] = Gpu(last.index, last.name, last.uuid, (*last.parts, part[1]))
    return found


def usable(stated: Sequence[str] | None, environ: Mapping[str, str]) -> list[str]:
    """The names of the GPUs that servers may hold, as CUDA_VISIBLE_DEVICES takes them."""
    if stated is not None:
        return list(stated)
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = [name.strip() for name in visible.split(",")]
        cut = next((i for i, name in enumerate(names) if name in ("", "-1", "NoDevFiles")), len(names))
        return names[:cut]  # CUDA itself stops at the first that is none
    return [name for gpu in listed() for name in gpu.parts or (gpu.index,)]


def unknown(names: Sequence[str]) -> list[str]:
    """Those that this machine doesn't have, as far as nvidia-smi tells."""
    there = listed()
    if not there:
        return []
    known = {name for gpu in there for name in (gpu.index, gpu.uuid, *gpu.parts)}
    return [name for name in names if not any(one == name or one.startswith(f"{name}-") for one in known)]


@dataclass(frozen=True, slots=True)
class Held:
    """A GPU's memory in MiB, and who holds it, a few words each."""

    used_mib: int
    free_mib: int
    by: tuple[str, ...] = ()


def memory(names: Sequence[str]) -> dict[str, Held]:
    """By name, of the whole GPUs among them that nvidia-smi knows."""
    rows = [line.split(", ") for line in _asked("--query-gpu=index,uuid,memory.used,memory.free", _CSV)]
    holders: dict[str, list[str]] = {}
    for line in _asked("--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory", _CSV):
        if len(cells := line.split(", ")) == 4:
            holders.setdefault(cells[0], []).append(f"process {cells[1]} ({cells[2]}, {cells[3]} MiB)")
    found: dict[str, Held] = {}
    for row in rows:
        if len(row) != 4 or not (row[2].isdigit() and row[3].isdigit()):
            continue
        for name in names:
            if name in (row[0], row[1]):
                found[name] = Held(int(row[2]), int(row[3]), tuple(holders.get(row[1], ())))
    return found


_CSV = "--format=csv,noheader,nounits"


def _asked(*options: str) -> list[str]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        done = subprocess.run(  # noqa: S603 - nvidia-smi
            [tool, *options], capture_output=True, text=True, timeout=ANSWERS_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []
