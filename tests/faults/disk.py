"""disk.c compiled, its faults as environment variables, and what a power cut leaves of what was written."""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SOURCE = Path(__file__).with_name("disk.c")
SECTOR = 512
FOLDER = -1
RECORD = struct.Struct("<iiqq")  # struct record of disk.c


def build(folder: Path) -> Path | str:
    """The library, or why there is none."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux"):
        return "LD_PRELOAD as Linux has it is needed"
    if compiler is None:
        return "no C compiler here"
    made = folder / "disk.so"
    built = subprocess.run(
        [compiler, "-Wall", "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
    )
    return made if built.returncode == 0 else f"{compiler} says: {built.stderr[-300:]}"


@dataclass(frozen=True)
class Fault:
    """`do`: an errno's name, or a word that disk.c knows. `calls`: which calls count. `cut`: after the process is
    gone the power goes too, and of what was not synced none, some or all is there."""

    do: str = ""
    calls: str = "wsu"
    on: bool = False
    cut: str | None = None
    shift_s: int = 0
    turn: int = 0
    """Which opening of the WAL waits for a reader to come first."""

    def environment(self, db: Path, log: Path, at: int) -> dict[str, str]:
        number = getattr(errno, self.do, None)
        return {
            "DISK_LEDGER": str(db),
            "DISK_LOG": str(log),
            "DISK_DO": self.do if number is None else str(number),
            "DISK_CALLS": self.calls,
            "DISK_ON": str(int(self.on)),
            "DISK_AT": str(at),
            "DISK_SHIFT_S": str(self.shift_s),
            "DISK_TURN": str(self.turn),
        }


@dataclass(frozen=True)
class Call:
    """One call that the ledger's files saw: W write, T truncate, C create, O open, U unlink, R rename, S sync,
    F failed sync; X: the fault came here; P: here a reader had its turn."""

    op: str
    file: int
    offset: int
    length: int
    bytes: bytes = b""


def read_log(path: Path, *, growing: bool = False) -> Iterator[Call]:
    """`growing`: its last record may still be on its way."""
    if not path.exists():
        return
    data = path.read_bytes()
    place = 0
    while place < len(data):
        if growing and place + RECORD.size > len(data):
            return
        op, file, offset, length = RECORD.unpack_from(data, place)
        place += RECORD.size
        held = data[place : place + length] if chr(op) in "WCOR" else b""
        place += len(held)
        yield Call(chr(op), file, offset, length, held)


def count(log: Path, calls: str) -> int:
    """How many of these calls there were."""
    ops = {"w": "WTC", "s": "SF", "u": "UR"}
    wanted = "".join(ops[kind] for kind in calls)
    return sum(call.op in wanted for call in read_log(log))


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Call] = field(default_factory=list[Call])


class Platter:
    """What of a ledger's files is surely on the disk, and what was written since. `before`: name → bytes as the
    process found them. `calls`: what it did."""

    def __init__(self, before: dict[str, bytes], calls: Iterable[Call], random: Random) -> None:
        self._random = random
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        """Durable directory entries."""
        self._moves: list[tuple[str, str, int]] = []
        """Entries made and removed since the folder was last synced."""
        self._numbers: dict[int, str] = {}
        for i, (name, data) in enumerate(before.items()):
            self._names[name] = -10 - i
            self._files[-10 - i] = _File(bytearray(data))
        for call in calls:
            self._take(call)

    def _take(self, call: Call) -> None:
        if call.op in "CO":
            name = Path(call.bytes.decode()).name
            self._numbers[call.file] = name
            # Removed since the last sync: then a reader made the next of that name.
            removed = ("U", name, self._names.get(name, 0)) in self._moves
            if call.op == "O" and name in self._names and not removed:
                self._files[call.file] = self._files.pop(self._names[name])
                self._names[name] = call.file
            else:
                self._files[call.file] = _File()
                self._moves.append(("C", name, call.file))
        elif call.op == "U":
            self._moves.append(("U", self._numbers[call.file], call.file))
        elif call.op == "R":
            name = Path(call.bytes.decode()).name
            self._moves.append((f"R{self._numbers[call.file]}", name, call.file))
            self._numbers[call.file] = name
        elif call.op in "WT":
            self._files[call.file].pending.append(call)
        elif call.op == "S" and call.file == FOLDER:
            for move in self._moves:
                _move(self._names, move)
            self._moves.clear()
        elif call.op == "S":
            file = self._files[call.file]
            for write in file.pending:
                _apply(file.durable, write)
            file.pending.clear()
        elif call.op == "F" and call.file != FOLDER:
            # The kernel may have dropped what it could not write, and calls the pages clean from then on.
            file = self._files[call.file]
            file.pending = [write for write in file.pending if self._random.random() < 0.5]

    def after_power_cut(self, kept: str) -> dict[str, bytes]:
        """name → bytes. `kept`: none, some or all of what was not synced; some: sector by sector, entry by entry."""
        names = dict(self._names)
        for move in self._moves:
            if self._keeps(kept):
                _move(names, move)
        found = dict[str, bytes]()
        for name, number in names.items():
            data = bytearray(self._files[number].durable)
            for write in self._files[number].pending:
                self._write(data, write, kept)
            found[name] = bytes(data)
        return found

    def _keeps(self, kept: str) -> bool:
        return kept == "all" or (kept == "some" and self._random.random() < 0.5)

    def _write(self, data: bytearray, write: Call, kept: str) -> None:
        if write.op == "T":
            if self._keeps(kept):
                _apply(data, write)
            return
        if kept == "some" and self._random.random() < 0.3:
            return  # nothing of this one
        whole = kept == "some" and self._random.random() < 0.5
        place, end = write.offset, write.offset + write.length
        while place < end:
            until = min(end, (place // SECTOR + 1) * SECTOR)
            if whole or self._keeps(kept):
                piece = write.bytes[place - write.offset : until - write.offset]
                _apply(data, Call("W", write.file, place, len(piece), piece))
            place = until


def _apply(data: bytearray, call: Call) -> None:
    if call.op == "T":
        del data[call.offset :]
        data.extend(bytes(call.offset - len(data)))
        return
    data.extend(bytes(max(0, call.offset - len(data))))
    data[call.offset : call.offset + call.length] = call.bytes


def _move(names: dict[str, int], move: tuple[str, str, int]) -> None:
    op, name, number = move
    if op[0] in "CR":  # a rename is one step for whoever looks
        names[name] = number
        if names.get(op[1:]) == number:
            del names[op[1:]]
    elif names.get(name) == number:
        del names[name]


def files_of(db: Path) -> dict[str, bytes]:
    """The ledger's own files; its shared memory is no file that outlives its processes, its lock says nothing."""
    return {
        f.name: f.read_bytes()
        for f in db.parent.glob(f"{db.name}*")
        if not f.name.endswith(("-shm", ".lock"))
    }


def put_back(db: Path, files: dict[str, bytes]) -> None:
    """The ledger's files are these, and no others."""
    for file in db.parent.glob(f"{db.name}*"):
        file.unlink()
    for name, data in files.items():
        db.with_name(name).write_bytes(data)
