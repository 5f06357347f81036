"""What the validator found, in plain words: one error, the most telling one."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from orchestrator.sweep.examples import example
from orchestrator.sweep.lines import line_of
from orchestrator.sweep.schema import (
    AgentTable,
    ArchitectureTable,
    LimitsTable,
    ModelTable,
    NodeTable,
    PolicyTable,
    PriceTable,
    ProblemsTable,
    PromptTable,
    SamplingTable,
    ServeTable,
    SweepTable,
    VerifierTable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from orchestrator.errors import InputError
    from orchestrator.sweep.lines import Key
    from orchestrator.sweep.source import SweepText

_PLAIN = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "is_instance_of": "must be a number",
    "decimal_type": "must be a number",
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
    "list_type": "must be a list in brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "string_too_short": "must not be empty",
    "missing": "is missing",
}
_BOUND = {
    "greater_than_equal": "at least",
    "less_than_equal": "at most",
    "greater_than": "above",
    "less_than": "below",
}
_TABLES: dict[str, type[Any]] = {
    "problems": ProblemsTable,
    "prompt": PromptTable,
    "sampling": SamplingTable,
    "verifier": VerifierTable,
    "policy": PolicyTable,
    "serve": NodeTable,
}
_MODEL_TABLES: dict[str, type[Any]] = {
    "price": PriceTable,
    "limits": LimitsTable,
    "architecture": ArchitectureTable,
    "agent": AgentTable,
    "serve": ServeTable,
}
_KEY_CHARACTERS = 20
"""As few as a vendor's key has."""
LOOKS_LIKE_A_SECRET = re.compile(
    r"(api|secret|auth|access).*(key|token)|^(key|token|password|authorization)$", re.IGNORECASE
)

_SECRET_VARIABLE = re.compile(r"(^|_)(key|token|secret|password|passwd|credentials?)$", re.IGNORECASE)


def names_a_secret(variable: str) -> bool:
    """Of an environment variable."""
    return bool(LOOKS_LIKE_A_SECRET.search(variable) or _SECRET_VARIABLE.search(variable))


def input_error(source: SweepText, found: ValidationError) -> InputError:
    """The most telling error: an unknown key first (a missing one is often it, misspelt), then by line."""

    def rank(error: ErrorDetails) -> tuple[bool, int]:
        return error["type"] != "extra_forbidden", line_of(source.lines, error["loc"]) or 0

    error = min(found.errors(include_url=False), key=rank)
    key = error["loc"]
    if error["type"] == "extra_forbidden":
        return unknown_key(source, key)
    return source.error(key, _plain(error), _of_policy(source, key) or _remedy(error, key))


def _of_policy(source: SweepText, key: Key) -> str:
    """What names models is shown with the sweep's own, so that it works when pasted."""
    models = source.data.get("models")
    if len(key) < 2 or key[0] != "policy" or not isinstance(models, dict):
        return ""
    aliases = [str(alias) for alias in models]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if key[1] == "order":
        return f"such as order = [{', '.join(map(json.dumps, aliases))}]"
    if key[1] == "pair" and len(aliases) > 1:
        return f"such as pair = [{', '.join(map(json.dumps, aliases[:2]))}]"
    if key[1] == "pass_rates":
        named = [str(key[2])] if len(key) > 2 else aliases[:2]
        rates = ", ".join(f"{_key(alias)} = {rate}" for alias, rate in zip(named, (0.2, 0.6), strict=False))
        return f"such as pass_rates = {{ {rates} }}"
    return ""


def _key(alias: str) -> str:
    """As TOML writes it."""
    return alias if re.fullmatch(r"[A-Za-z0-9_-]+", alias) else json.dumps(alias)


def unknown_key(source: SweepText, key: Key, also: Iterable[str] = ()) -> InputError:
    """`also`: what the table takes beside its usual keys."""
    name = str(key[-1])
    if LOOKS_LIKE_A_SECRET.search(name) and name != "api_key_env":
        return source.error(
            key, "is not a key of a sweep file, and no secret belongs in one",
            'name the environment variable that holds it: api_key_env = "…"',
        )  # fmt: skip
    if name == "seed":
        return source.error(key, "a constant seed would make repeated samples identical", "delete it")
    known = [*_known(key[:-1]), *also]
    return source.error(key, "is not a known key", suggestion(name, known) or _elsewhere(name, known))


def is_like_a_key(text: str) -> bool:
    """Whether it is rather a vendor's key than a name of a vendor or of a variable: those as long hold no digits beside
    small letters."""
    return len(text) >= _KEY_CHARACTERS and bool(re.search(r"\d", text)) and bool(re.search(r"[a-z]", text))


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean temperature?`, or nothing if nothing is near."""
    names = {other.replace("-", "_"): other for other in known}
    asked = name.lower().replace("-", "_")
    near = difflib.get_close_matches(asked, names, n=1, cutoff=0.7)
    near = near or [other for other in names if len(asked) > 2 and other.startswith(asked)]
    return f"did you mean {names[near[0]]}?" if near else ""


def _known(table: Key) -> list[str]:
    """The keys that the table at this place takes."""
    if not table:
        return list(SweepTable.model_fields)
    if table[0] == "models":
        inner = _MODEL_TABLES.get(str(table[2])) if len(table) > 2 else ModelTable
        return list(inner.model_fields) if inner and len(table) > 1 else []
    kind = _TABLES.get(str(table[0]))
    return list(kind.model_fields) if kind else []


def _elsewhere(name: str, known: Iterable[str]) -> str:
    """Where the key would belong, if anywhere."""
    homes = [f"[{title}]" for title, kind in _TABLES.items() if name in kind.model_fields]
    if name in ModelTable.model_fields:
        homes.append("[models.ALIAS]")
    if name in SweepTable.model_fields:
        homes = ["the top of the file, before the first [table]"]
    if homes:
        return f"it belongs in {' or '.join(homes)}"
    here = ", ".join(known)
    return f"known here: {here}" if here else ""


def _plain(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, ")
    if kind in _BOUND:
        limit = next(iter(context.values()))
        return f"must be {_BOUND[kind]} {_figure(limit)}"
    if kind == "literal_error":
        return f"must be one of {context['expected'].replace(' or ', ', ')}".replace("'", '"')
    if kind == "too_short":
        least = context["min_length"]
        return "must not be empty" if least == 1 else f"must have at least {_figure(least)} items"
    if kind == "too_long":
        return f"has more than {_figure(context['max_length'])} items"
    if kind == "string_too_long":
        return f"is longer than {_figure(context['max_length'])} characters"
    return _PLAIN.get(kind) or error["msg"]


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _remedy(error: ErrorDetails, key: Key) -> str:
    if error["type"] == "literal_error":
        near = suggestion(str(error["input"]), re.findall(r"'([^']*)'", (error.get("ctx") or {})["expected"]))
        other = 'of any other vendor: provider = "openai-compatible" with base_url'
        return near or (other if key[-1] == "provider" else "write one of them")
    written = example(key)
    if not written:
        return ""
    return f"{'add' if error['type'] == 'missing' else 'such as'} {written}"
