"""Whether a ledger that is written keeps its one name: looked at again and again while requests are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Self

from orchestrator.errors import InputError
from orchestrator.ledger.file.one_name import file_of, lost_place
from orchestrator.text.command import command

LOOK_EVERY_S = 0.1
GRACE_S = 30.0
Drain = Callable[[str], None]


class PlaceWatch:
    """Context manager around the sending of a run. `on_lost` hears once what became of the ledger: nothing more is to
    be sent, since what is booked from then on may be lost or unseen."""

    def __init__(self, path: Path, on_lost: Drain) -> None:
        self._path = path
        self._on_lost = on_lost
        self._file = file_of(path)
        self._timer: asyncio.TimerHandle | None = None
        self._lost: str | None = None

    def __enter__(self) -> Self:
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._lost = lost_place(self._path, self._file)
        if self._lost is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)
        else:
            self._on_lost(
                f"the ledger {self._lost}: sending stopped, up to {GRACE_S:.0f} s for what is in flight"
            )

    def refuse_lost(self) -> None:
        """Raises InputError where the ledger lost its place, once the run's end is booked."""
        if self._lost is not None:
            raise InputError(
                str(self._path),
                f"the ledger {self._lost} while it was written, so nothing more was sent",
                f"give it back its one name, check it with {command('doctor {}', self._path)}, then run again",
            )
