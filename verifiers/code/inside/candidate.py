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
        send(answers, b"A", ["raised", type(error).__name__, _said(error)])
        return
    send(answers, b"A", ["value", None])
    while True:
        _, (arguments, named) = receive(calls)  # pyright: ignore
        try:
            message = ["value", function(*arguments, **named)]  # pyright: ignore
        except BaseException as error:
            message = ["raised", type(error).__name__, _said(error)]
        try:
            send(answers, b"A", message)
        except (NotDataError, RecursionError) as error:
            send(answers, b"A", ["value", error])  # an object: it arrives as opaque


def _said(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except BaseException:
        return ""


main()
