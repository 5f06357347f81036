"""In the sandbox: runs a whole program on what is left of stdin."""

from verifiers.code_inside.frames import receive
from verifiers.code_inside.loading import compiled, run


def main() -> None:
    _, alternatives = receive(0)
    run(compiled(alternatives), "__main__")  # pyright: ignore[reportArgumentType] - our own message


main()
