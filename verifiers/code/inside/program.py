"""In the sandbox: runs a whole program on the rest of stdin."""

import os
import sys

from verifiers.code.inside.frames import receive
from verifiers.code.inside.loading import compiled, run


def main() -> None:
    _, alternatives = receive(0)
    _own_stdin()
    try:
        run(compiled(alternatives), "__main__")  # pyright: ignore[reportArgumentType] - our own message
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != "program.py":
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)


def _own_stdin() -> None:
    """The input as a file that holds nothing else: programs ask for its size, or open /dev/stdin anew."""
    file = os.open("stdin", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    while chunk := os.read(0, 1 << 20):
        view = memoryview(chunk)
        while view:
            view = view[os.write(file, view) :]
    os.lseek(file, 0, os.SEEK_SET)
    os.dup2(file, 0)
    os.close(file)
    os.remove("stdin")  # noqa: PTH107 - pathlib takes longer to import than the rest to run


main()
