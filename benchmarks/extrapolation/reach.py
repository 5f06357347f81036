"""How far manyfew extrapolates."""

from orchestrator.coverage import grid


def farthest(n: int) -> int:
    """The last k that manyfew draws: 100 times n, or the last step before it."""
    return int(grid.beyond(n)[-1])
