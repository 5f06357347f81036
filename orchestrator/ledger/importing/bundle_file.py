"""A bundle's zip file: its parts, each read as a stream and held against the sums of its manifest."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Self, cast

from orchestrator.errors import InputError
from orchestrator.ledger.importing.look import as_object, look

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

FORMAT = "manyfew-bundle/1"
FOLDER = "manyfew-bundle"
LARGEST_DOCUMENT = 256 << 20
LONGEST_LINE = 512 << 20
MOST_BYTES = 1 << 40
_CHUNK = 1 << 20
_AGAIN = "download it again, or ask whoever wrote it"


def is_bundle(file: Path) -> bool:
    """Raises InputError if the file can't be read."""
    return f"{FOLDER}/manifest.json" in look(file).names


class Bundle:
    """Use as a context manager. Raises InputError for what is damaged, or isn't what its manifest says."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise self.wrong("", f"the zip file is damaged: {str(error)[:120]}") from None

    def __enter__(self) -> Self:
        try:
            self.manifest = self.document("manifest.json")
            if self.manifest.get("format") != FORMAT:
                said = str(self.manifest.get("format"))[:60]
                raise InputError(
                    str(self.file), f"is a bundle of the format {said!r}", "read it with a newer manyfew"
                )
            for name, told in as_object(self.manifest.get("parts")).items():
                self._check(name, str(as_object(told).get("sha256")))
        except BaseException:
            self._archive.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def has(self, name: str) -> bool:
        return f"{FOLDER}/{name}" in self._archive.NameToInfo

    def names(self, under: str) -> list[str]:
        """The parts in a folder."""
        start = f"{FOLDER}/{under}/"
        names = (
            name.removeprefix(f"{FOLDER}/") for name in self._archive.NameToInfo if name.startswith(start)
        )
        return sorted(names)

    def document(self, name: str) -> Any:
        with self._opened(name) as raw:
            data = raw.read(LARGEST_DOCUMENT + 1)
        if len(data) > LARGEST_DOCUMENT:
            raise self.wrong(name, f"is larger than {LARGEST_DOCUMENT >> 20} MiB")
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self.wrong(name, f"isn't usable JSON: {str(error)[:120]}") from None

    def text(self, name: str) -> str:
        with self._opened(name) as raw:
            data = raw.read(LARGEST_DOCUMENT + 1)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.wrong(name, "isn't UTF-8") from None

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """(number, line) of a gzip part; nothing if there is no such part."""
        import gzip

        if not self.has(name):
            return
        with self._opened(name) as raw, gzip.open(raw, "rb") as unpacked:
            lines, number, total = cast("IO[bytes]", unpacked), 0, 0
            while line := lines.readline(LONGEST_LINE + 1):
                number, total = number + 1, total + len(line)
                if len(line) > LONGEST_LINE or total > MOST_BYTES:
                    raise self.wrong(f"{name}:{number}", "is longer than any real part")
                yield number, line

    def objects(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(where, object) of each line."""
        for number, line in self.lines(name):
            try:
                found: Any = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise self.wrong(f"{name}:{number}", f"isn't usable JSON: {str(error)[:120]}") from None
            yield f"{name}:{number}", as_object(found)

    def wrong(self, name: str, message: str) -> InputError:
        return InputError(f"{self.file}: {name}" if name else str(self.file), message, _AGAIN)

    def _check(self, name: str, digest: str) -> None:
        found = hashlib.sha256()
        with self._opened(name) as raw:
            while data := raw.read(_CHUNK):
                found.update(data)
        if found.hexdigest() != digest:
            raise self.wrong(name[:200], "isn't what the manifest says: its sha256 differs")

    @contextmanager
    def _opened(self, name: str) -> Generator[IO[bytes]]:
        try:
            with self._archive.open(f"{FOLDER}/{name}") as raw:
                yield raw
        except KeyError:
            raise self.wrong(name[:200], "is missing from the bundle") from None
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise self.wrong(name[:200], f"is damaged: {str(error)[:120]}") from None
