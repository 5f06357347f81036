"""Stands in for docker's client: a daemon that answers, unless STANDIN_DOCKER says what it says instead. Its
containers are files in STANDIN_CONTAINERS."""

import os
from pathlib import Path


class DockerException(Exception):  # noqa: N818  # its name there
    pass


class _Container:
    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name

    def remove(self, force: bool = False) -> None:
        assert force
        self.path.unlink()


class _Containers:
    def list(self, all: bool = False, filters: dict[str, str] | None = None) -> list[_Container]:  # noqa: A002
        assert all
        part = (filters or {}).get("name", "")
        folder = Path(os.environ["STANDIN_CONTAINERS"])
        return [_Container(path) for path in sorted(folder.iterdir()) if part in path.name]


class _Client:
    containers = _Containers()

    def ping(self) -> bool:
        if said := os.environ.get("STANDIN_DOCKER"):
            raise DockerException(said)
        return True


def from_env(timeout: int = 60) -> _Client:
    return _Client()
