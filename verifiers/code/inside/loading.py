"""Runs a program's text in a module of its own, as `python program.py` would."""

import builtins
import sys


def compiled(alternatives: list[list[str]]) -> list[object]:
    """The parts of the first alternative that is Python at all; its first error if none is."""
    first: BaseException | None = None
    for parts in alternatives:
        try:
            return [compile(part, "program.py", "exec", dont_inherit=True) for part in parts]
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            first = first or error
    assert first is not None
    raise first


def run(parts: list[object], name: str) -> dict[str, object]:
    """The names that the program defines. What site gives every program (exit, quit) is given here too."""
    from _sitebuiltins import Quitter

    for word in ("exit", "quit"):
        setattr(builtins, word, Quitter(word, ""))
    module = type(sys)(name)
    sys.modules[name] = module
    sys.argv = ["program.py"]
    for part in parts:
        exec(part, module.__dict__)  # noqa: S102  # pyright: ignore[reportArgumentType] - code objects
    return module.__dict__
