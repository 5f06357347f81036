"""Where an attempt works: its folder, its home, its files, and how they are called from inside its sandbox."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

INSIDE = Path("/attempt")
"""In a sandbox every attempt works under the same paths, so that what a tool prints doesn't depend on which it is."""
PORT = 8080
"""On which the gateway is reached inside a sandbox."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one attempt. `outside`: as manyfew sees them; `inside`: as the agent does."""

    outside: Path
    inside: Path

    @property
    def folder(self) -> Path:
        return self.outside / "folder"

    @property
    def out(self) -> Path:
        return self.outside / "out"

    @property
    def home(self) -> Path:
        return self.outside / "home"

    @property
    def scratch(self) -> Path:
        return self.outside / "tmp"

    @property
    def prompt(self) -> Path:
        return self.outside / "prompt.txt"

    def seen(self, path: Path) -> str:
        """The path of one of these as the agent sees it."""
        return str(self.inside / path.relative_to(self.outside))

    def make(self, prompt: str) -> None:
        """Anew: what an interrupted attempt left is removed. The folder itself is made by who fills it."""
        self.remove()
        for path in (self.out, self.home, self.scratch):
            path.mkdir(parents=True)
        self.scratch.chmod(0o1777)
        self.prompt.write_text(prompt, "utf-8")

    def remove(self) -> None:
        """All of it: an agent may have made folders that can't be entered."""
        if not self.outside.exists():
            return
        for path in self.outside.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(self.outside, ignore_errors=True)
