"""Models of one address and key that each ran into a rate limit: their vendor may count them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.sweep.types import Model
from orchestrator.text.safe import safe


def shared_limits(models: Mapping[str, Model], rates: Mapping[str, RateLimit]) -> list[str]:
    """The `group` line that would join them, one sentence for each such address. `rates`: by alias."""
    together: dict[tuple[str | None, ...], dict[str, float]] = {}
    for alias, rate in rates.items():
        model = models[alias]
        found = rate.ran_into
        if found is not None and model.provider not in ("vllm", "replay") and model.limits.group is None:
            key = (model.provider, model.base_url, model.api_key_env)
            together.setdefault(key, {})[alias] = found
    return [
        f"{_listed([safe(alias, 40) for alias in found])} each ran into a rate limit at the same address "
        f"(about {_listed([f'{rate:,.0f}' for rate in found.values()])} requests per minute). If their vendor counts "
        f"them together, set {_lines(models, list(found))}: then they find it once, and none costs the other "
        "rejections"
        for found in together.values()
        if len({id(rates[alias]) for alias in found}) > 1
    ]


def _lines(models: Mapping[str, Model], aliases: Sequence[str]) -> str:
    """The lines that put these models into one group; each takes the place of the one that is there."""
    by_line: dict[str, list[str]] = {}
    for alias in aliases:
        stated = {**asdict(models[alias].limits), "group": "shared"}
        keys = ", ".join(f"{name} = {_toml(value)}" for name, value in stated.items() if value is not None)
        by_line.setdefault(f"limits = {{ {keys} }}", []).append(safe(alias, 40))
    if len(by_line) == 1:
        return f"{next(iter(by_line))} in each"
    return _listed([f"{line} in {_listed(of)}" for line, of in by_line.items()])


def _toml(value: int | str) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
