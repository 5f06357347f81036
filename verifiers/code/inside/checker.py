"""In a sandbox of its own: runs the test of a problem, which calls the program under test through messages.

The test and the problem's prompt are trusted; of the program there is nothing here but plain values. So what the test
compares is compared out of the program's reach, with this process's own `==`.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (what a message holds is known by who sends it)

import os
import sys

from verifiers.code.inside.codec import NotDataError
from verifiers.code.inside.frames import receive, send
from verifiers.code.inside.testing import Program, judge

_OUT = os.dup(1)
_IN = os.dup(0)
_ENDS_LOOPS = ("StopIteration", "StopAsyncIteration", "GeneratorExit", "KeyboardInterrupt")
"""Raised out of a call that a test makes through map or filter, the first would end the loop with nothing compared; the
last would end the checker."""


class GoneError(BaseException):
    """The program broke the rules of the conversation; no `except Exception` of a test may hide that."""


def main() -> None:
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    _, (prompt, test, entry_point, alternatives) = receive(_IN)  # pyright: ignore
    try:
        passed, reason = judge(prompt, test, entry_point, Program(_call, _load(entry_point, alternatives)))  # pyright: ignore
    except GoneError as error:
        passed, reason = False, str(error)
    send(_OUT, b"V", [passed, reason])


def _load(entry_point: object, alternatives: object) -> str | None:
    """Why the program does not load, if so."""
    try:
        _ask([entry_point, alternatives])
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _call(*arguments: object, **named: object) -> object:
    return _ask([arguments, named])


def _ask(message: object) -> object:
    try:
        send(_OUT, b"C", message)
        _, answer = receive(_IN)
    except (NotDataError, EOFError) as error:
        raise GoneError(f"what the program answered is no value: {error}") from None
    if isinstance(answer, list):
        if len(answer) == 2 and answer[0] == "value":
            return answer[1]
        if len(answer) == 4 and answer[0] == "raised":
            raise _exception(*answer[1:])
    raise GoneError("the program answered out of turn")


def _exception(kinds: object, arguments: object, text: object) -> BaseException:
    """An exception as the program's, for tests that expect one: of the first of its classes (its own, then those that
    it extends) that this process knows; with its name, and what it says of itself."""
    try:
        names = [(str(module), str(name)) for module, name in kinds]  # pyright: ignore
        given = arguments if isinstance(arguments, tuple) else ()
        if not any(name in _ENDS_LOOPS for _, name in names):
            for module, name in names:
                if (kind := _known(module, name)) is not None:
                    return _made(kind, names[0][1], given, str(text))
        return RuntimeError(f"{names[0][1]}: {text}")
    except Exception:
        return RuntimeError(str(text))


def _known(module: str, name: str) -> type | None:
    """A class of exceptions of the standard library, if the test has imported it."""
    if module.partition(".")[0] not in sys.stdlib_module_names and module != "builtins":
        return None
    kind = getattr(sys.modules.get(module), name, None)
    return kind if isinstance(kind, type) and issubclass(kind, (Exception, SystemExit)) else None


def _made(kind: type, name: str, arguments: tuple[object, ...], text: str) -> BaseException:
    if kind.__name__ == name and not issubclass(kind, SystemExit):
        try:
            error = kind(*arguments)
        except Exception:  # UnicodeDecodeError and its like want more than was sent
            error = None
        if error is not None and str(error) == text:
            return error
    extended = type(name, (kind,), {"__str__": lambda _: text, "from_program": True})  # pyright: ignore
    return extended.__new__(extended, *arguments)  # pyright: ignore


main()
