"""In the sandbox of the program under test: loads it and calls its function with what comes from the checker.

Nothing in this process is trusted. The program may do with it what it likes: it can answer calls as it likes, and
that is all it can do. It never sees a test or an expected value.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (what a message holds is known by who sends it)

import os

from verifiers.code.inside.codec import NotDataError
from verifiers.code.inside.frames import receive, send
from verifiers.code.inside.loading import compiled, run


def main() -> None:
    calls, answers = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):  # its prints are no answers
        os.dup2(null, standard)
    _, (entry_point, alternatives) = receive(calls)  # pyright: ignore
    try:
        function = run(compiled(alternatives), "program")[entry_point]
    except BaseException as error:
        send(answers, b"A", _raised(error))
        return
    send(answers, b"A", ["value", None])
    while True:
        _, (arguments, named) = receive(calls)  # pyright: ignore
        try:
            message = ["value", function(*arguments, **named)]  # pyright: ignore
        except BaseException as error:
            message = _raised(error)
        try:
            send(answers, b"A", message)
        except (NotDataError, RecursionError) as error:
            send(answers, b"A", ["value", error])  # an object: it arrives as opaque


def _raised(error: BaseException) -> list[object]:
    """Its classes, from its own to what they all extend, what it was made with, and what it says."""
    try:
        kinds = [[str(kind.__module__), str(kind.__qualname__)] for kind in type(error).__mro__]
    except BaseException:
        kinds = [["builtins", "RuntimeError"]]
    try:
        plain = (
            all(type(one) in (str, int, float, bool) for one in error.args) and len(str(error.args)) < 9999
        )
        arguments = tuple(error.args) if plain else ()
    except BaseException:
        arguments = ()
    try:
        text = str(error)[:1000]
    except BaseException:
        text = ""
    return ["raised", kinds, arguments, text]


main()
