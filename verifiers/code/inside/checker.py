"""In a sandbox of its own: runs the test of a problem, which calls the program under test through messages.

The test and the problem's prompt are trusted; of the program there is nothing here but plain values. So what the test
compares is compared out of the program's reach, with this process's own `==`.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (what a message holds is known by who sends it)

import builtins
import os

from verifiers.code.inside.codec import NotDataError
from verifiers.code.inside.frames import receive, send

_OUT = os.dup(1)
_IN = os.dup(0)


class GoneError(BaseException):
    """The program broke the rules of the conversation; no `except Exception` of a test may hide that."""


def main() -> None:
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    _, (prompt, test, entry_point, alternatives) = receive(_IN)  # pyright: ignore
    try:
        passed, reason = _judge(prompt, test, entry_point, alternatives)  # pyright: ignore
    except GoneError as error:
        passed, reason = False, str(error)
    send(_OUT, b"V", [passed, reason])


def _judge(prompt: str, test: str, entry_point: str, alternatives: object) -> tuple[bool | None, str]:
    """(verdict, reason); None where the test itself is broken."""
    namespace: dict[str, object] = {"__name__": "test"}
    try:
        # The prompt's own helpers (poly, encode_shift …): a test may use them, and must not use the program's.
        exec(compile(prompt, "prompt.py", "exec"), namespace)  # noqa: S102 - the problem's own
        namespace[entry_point] = _call
        exec(compile(test, "test.py", "exec"), namespace)  # noqa: S102 - the problem's own
        check = namespace["check"]
    except Exception as error:
        return None, f"the problem's test does not load: {type(error).__name__}: {error}"
    if "random" in test:
        import random

        random.seed(0)  # the same test for every program
    try:
        _ask([entry_point, alternatives])
    except Exception as error:
        return False, f"the program does not load: {type(error).__name__}: {error}"
    try:
        check(_call)  # pyright: ignore
    except AssertionError as error:
        return False, f"{_line(error)}: not so{f': {error}' if str(error) else ''}"
    except Exception as error:
        return False, f"{_line(error)}: {type(error).__name__}: {error}"
    return True, ""


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
        if len(answer) == 3 and answer[0] == "raised":
            raise _exception(str(answer[1]), str(answer[2]))
    raise GoneError("the program answered out of turn")


def _exception(name: str, text: str) -> Exception:
    """A built-in exception of that name, for tests that expect one; never one that would end the checker."""
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(text)
        except TypeError:  # UnicodeDecodeError and its like want more
            pass
    return RuntimeError(f"{name}: {text}")


def _line(error: BaseException) -> str:
    """The line of the test where it failed."""
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "test.py":
            number = trace.tb_lineno
        trace = trace.tb_next
    return f"line {number} of the test"


main()
