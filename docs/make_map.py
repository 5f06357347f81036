"""Writes the map of the code from its docstrings: the tables of docs/architecture.md, and the READMEs of the largest
rooms, one line per file. A test holds them together.

python -m docs.make_map
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("manyfew", "orchestrator", "providers", "pricing", "verifiers")
ROOMS = ("providers", "verifiers", "orchestrator/ledger", "orchestrator/run")
"""Folders with a README of one line a file."""
ARCHITECTURE = ROOT / "docs/architecture.md"
_MAP = re.compile(r"(?<=<!-- map -->\n).*?(?=<!-- end of map -->)", re.DOTALL)


def written() -> dict[Path, str]:
    """Each file of the map, and what it should hold."""
    page = ARCHITECTURE.read_text("utf-8")
    if _MAP.search(page) is None:
        raise ValueError("docs/architecture.md has no <!-- map --> … <!-- end of map -->")
    files = {ROOT / room / "README.md": _room(ROOT / room) for room in ROOMS}
    return {**files, ARCHITECTURE: _MAP.sub(lambda _: "\n" + "\n".join(_tables()) + "\n", page, count=1)}


def _tables() -> Iterator[str]:
    for package in PACKAGES:
        yield f"### {package}/\n\n{summary(ROOT / package / '__init__.py')}\n"
        inner = [folder for folder in _folders(ROOT / package) if folder != ROOT / package]
        if inner:
            yield "| folder | what it does |\n|---|---|"
            yield from (
                f"| `{folder.relative_to(ROOT / package)}/` | {_cell(folder / '__init__.py')} |"
                for folder in inner
            )
            yield ""


def _room(room: Path) -> str:
    name = room.relative_to(ROOT).as_posix()
    whence = "One line per file, from the files' own docstrings (`python -m docs.make_map` writes it)."
    parts = [f"# {name}/\n\n{summary(room / '__init__.py')}\n\n{whence}\n"]
    for folder in _folders(room):
        modules = [file for file in sorted(folder.glob("*.py")) if file.name != "__init__.py"]
        if folder != room:
            parts.append(f"## {folder.relative_to(room).as_posix()}/\n\n{summary(folder / '__init__.py')}\n")
        if modules:
            rows = "\n".join(f"| `{file.name}` | {_cell(file)} |" for file in modules)
            parts.append(f"| file | what it is |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def _folders(package: Path) -> list[Path]:
    return sorted(file.parent for file in package.rglob("__init__.py"))


def summary(file: Path) -> str:
    """The first sentence of a module's docstring. Raises ValueError for a module without one."""
    text = ast.get_docstring(ast.parse(file.read_text("utf-8")))
    if not text:
        raise ValueError(f"{file.relative_to(ROOT)} has no docstring: say in one line what it is")
    paragraph = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph)[0]


def _cell(file: Path) -> str:
    return summary(file).replace("|", r"\|")


def main() -> None:
    """Writes every file of the map."""
    for file, text in written().items():
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
