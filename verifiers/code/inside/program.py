"""In the sandbox: runs a whole program on the rest of stdin, or on one input after another."""

import sys

from verifiers.code.inside.frames import receive
from verifiers.code.inside.in_turn import await_test, own_stdin
from verifiers.code.inside.loading import compiled, run


def main() -> None:
    _, (alternatives, program_filter, cpu_s, output_bytes) = receive(0)  # pyright: ignore
    if program_filter:
        await_test(program_filter, cpu_s, output_bytes)  # pyright: ignore
    else:
        own_stdin(None)
    try:
        run(compiled(alternatives), "__main__")  # pyright: ignore
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != "program.py":
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)


main()
