"""One line of a file to import: from bytes to values that the ledger can hold, or what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple, NoReturn

import msgspec

from pricing.types import PICO_PER_USD, Tokens

MAX_INDEX = 10_000_000
"""As many samples a problem as a sweep file may ask for."""
MAX_TOKENS = 10**12
MAX_COST_USD = 10**6
MAX_COST_PICO = MAX_COST_USD * PICO_PER_USD
MAX_SECONDS = 1e11
MAX_SCORE = 1e300
LARGEST_INT = 2**63 - 1

_SHORT = 1_000
"""Characters of a gold that is remembered."""
_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
_AGREES = 10**9
"""cost_usd, a double, tells dollars to fifteen digits; nine of them must be those of cost_pico."""


class Wrong(Exception):  # noqa: N818 - reads as what it is
    """What is wrong with a line, and the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Billed(NamedTuple):
    """Tokens that a sample used of one model: what its cost can be computed from."""

    model: str
    """As the file names it, with its vendor if it says so."""
    tokens: Tokens
    batch: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, checked. `values` are by `VALUE_COLUMNS`; `gold` is the answer as JSON; None: not said."""

    sweep: str | None
    model: str
    provider: str | None
    problem: str
    sample_index: int
    question: str | None
    gold: str | None
    values: tuple[Any, ...]
    cost_pico: int | None
    """None: not said."""
    unknown: frozenset[str] = frozenset()
    """Keys that mean nothing here."""
    judge: str | None = None
    """Who gave the verdict: the name of its set."""
    billed: tuple[Billed, ...] = ()
    """Empty where the file doesn't tell tokens."""


def parse(raw: bytes) -> Line:
    """Reads and checks one line. Raises Wrong."""
    found = decode(raw)
    try:
        return Line(
            sweep=_checked("sweep", found.get("sweep"), _name),
            model=_given("model", found.get("model"), _name),
            provider=_checked("provider", found.get("provider"), _text),
            problem=_given("problem", found.get("problem"), _name),
            sample_index=_given("sample_index", found.get("sample_index"), _index),
            question=_checked("question", found.get("question"), _text),
            gold=_checked("gold", found.get("gold"), _json),
            values=tuple(_checked(name, found.get(name), check) for name, check in _VALUES.items()),
            cost_pico=_cost(found),
            unknown=frozenset(found.keys() - _KNOWN),
        )
    except ArithmeticError:
        raise Wrong("a number is out of range", "write it out") from None


def checked_values(
    model: str,
    sample_index: int,
    about: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    cost_pico: int | None,
    unknown: frozenset[str] = frozenset(),
    sweep: str | None = None,
    provider: str | None = None,
    judge: str | None = None,
    billed: tuple[Billed, ...] = (),
) -> Line:
    """A sample of another format, held to the same rules. `about`: problem, question, gold. Raises Wrong."""
    return Line(
        sweep=_checked("task", sweep, _name),
        model=_given("model", model, _name),
        provider=provider,
        problem=_given("problem", about.get("problem"), _name),
        sample_index=_index(sample_index),
        question=_checked("question", about.get("question"), _text),
        gold=_checked("gold", about.get("gold"), _json),
        values=_row(values),
        cost_pico=cost_pico,
        unknown=unknown,
        judge=judge,
        billed=billed,
    )


def _row(values: Mapping[str, Any]) -> tuple[Any, ...]:
    found: list[Any] = [None] * len(VALUE_COLUMNS)
    name = ""
    try:
        for name, value in values.items():
            if value is not None:
                at, check = _COLUMNS[name]
                found[at] = check(value)
    except Wrong as wrong:
        raise Wrong(f"{name} {wrong.message}", wrong.remedy) from None
    return tuple(found)


def decode(raw: bytes) -> Mapping[str, Any]:
    """A line's object, with decimal numbers. Raises Wrong."""
    remedy = "one JSON object a line, as export --format jsonl writes them"
    try:
        value: object = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise Wrong(f"not UTF-8 (byte {error.start + 1} of the line)", "save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise Wrong(f"not JSON: {error.msg} at column {error.colno}", remedy) from None
    except (ValueError, ArithmeticError) as error:
        said = "a number is out of range" if isinstance(error, ArithmeticError) else str(error)[:120]
        raise Wrong(f"not usable JSON: {said}", remedy) from None
    except RecursionError:
        raise Wrong("not usable JSON: nested too deep", remedy) from None
    if not isinstance(value, dict):
        raise Wrong(f"is {kind_of(value)}, not a JSON object", remedy)
    return value  # pyright: ignore[reportUnknownVariableType]


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} appears twice")
    return found


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
Check = Callable[[Any], Any]


def _checked(name: str, value: Any, check: Check) -> Any:
    if value is None:
        return None
    try:
        return check(value)
    except Wrong as wrong:
        raise Wrong(f"{name} {wrong.message}", wrong.remedy) from None


def _given(name: str, value: Any, check: Check) -> Any:
    if value is None:
        raise Wrong(f"has no {name}", "every line needs model, problem and sample_index")
    return _checked(name, value, check)


def _text(value: Any) -> str:
    if type(value) is str and value.isascii():
        return value
    if not isinstance(value, str):
        raise Wrong(f"is {kind_of(value)}, not text", "write it as a string")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Wrong(
                "holds half a surrogate pair, which is not text", "remove it, or write \\ufffd"
            ) from None
    return value


def _name(value: Any) -> str:
    name = _text(value)
    if not name:
        raise Wrong("is empty", "name it")
    return name


def _whole(most: int) -> Check:
    """A whole number from 0 to `most`, also if it is written 12.0."""

    def check(value: Any) -> int:
        if type(value) is int and 0 <= value <= most:
            return value
        number = _number(value)
        if number < 0:
            raise Wrong("is negative", "write a whole number from 0")
        if number > most:
            raise Wrong(f"is more than {most:,}", "no real sample has that")
        if number != int(number):
            raise Wrong("is not a whole number", "write a whole number from 0")
        return int(number)

    return check


def _real(least: float, most: float) -> Check:
    def check(value: Any) -> float:
        if type(value) is float and least <= value <= most:
            return value
        number = _number(value)
        if not least <= number <= most:
            raise Wrong(f"is not between {least:g} and {most:g}", "no real sample has that")
        return float(number)

    return check


def _number(value: Any) -> int | float | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Wrong(f"is {kind_of(value)}, not a number", "write a number, or leave it out")
    if not isinstance(value, int) and not isfinite(value):
        raise Wrong("is not a number", "write a number, or leave it out")
    return value


def _one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if value not in words:
            raise Wrong("is not known", f"one of {', '.join(words)}")
        return value

    return check


def _passed(value: Any) -> int:
    if isinstance(value, bool) or value not in (0, 1):
        raise Wrong("is neither 1 nor 0", "1: right, 0: wrong, null: no verdict")
    return int(value)


def _request(value: Any) -> int | str:
    if isinstance(value, str):
        return _text(value)
    return _whole(LARGEST_INT)(value)


def _json(value: Any) -> str:
    """A gold answer may be anything that JSON can say; a problem keeps it as JSON."""
    return text_as_json(value) if type(value) is str and len(value) <= _SHORT else _as_json(value)


def _as_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=float)
        text.encode()
    except UnicodeEncodeError:
        raise Wrong("holds half a surrogate pair, which is not text", "remove it") from None
    except (ValueError, OverflowError):
        raise Wrong("holds a number that is out of range", "write it as text") from None
    return text


@lru_cache(maxsize=1024)
def text_as_json(value: str) -> str:
    """A problem's gold comes with each of its samples."""
    return _as_json(value)


def _cost(found: Mapping[str, Any]) -> int | None:
    """Whole pico-dollars: cost_pico, else cost_usd's own digits to the nearest. None: neither is said."""
    pico: int | None = _checked("cost_pico", found.get("cost_pico"), _COST_PICO)
    usd: Decimal | None = _checked("cost_usd", found.get("cost_usd"), _usd)
    if usd is None:
        return pico
    if pico is None:
        return int(_EXACT.to_integral_value(_EXACT.multiply(usd, Decimal(PICO_PER_USD))))
    told = _EXACT.multiply(usd, Decimal(PICO_PER_USD))
    if abs(told - pico) > max(1, pico // _AGREES):
        raise Wrong("cost_usd and cost_pico disagree", "leave one of them out")
    return pico


def pico_of(usd: Any) -> int:
    """Dollars as a file states them, to the nearest pico-dollar. Raises Wrong."""
    if isinstance(usd, float):
        usd = Decimal(repr(usd))
    return int(_EXACT.to_integral_value(_EXACT.multiply(_usd(usd), Decimal(PICO_PER_USD))))


def _usd(value: Any) -> Decimal:
    number = _number(value)
    if number < 0:
        raise Wrong("is negative", "write dollars from 0")
    if number > MAX_COST_USD:
        raise Wrong(f"is more than {MAX_COST_USD:,}", "no real sample has that")
    return Decimal(number)


def kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a number"


_index = _whole(MAX_INDEX - 1)
_COST_PICO = _whole(MAX_COST_PICO)
_TOKENS = _whole(MAX_TOKENS)
_VALUES: Mapping[str, Check] = {
    "text": _text,
    "reasoning": _text,
    "finish_reason": _text,
    "prompt_tokens": _TOKENS,
    "cached_tokens": _TOKENS,
    "cache_write_tokens": _TOKENS,
    "cache_write_1h_tokens": _TOKENS,
    "completion_tokens": _TOKENS,
    "reasoning_tokens": _TOKENS,
    "token_basis": _one_of("reported", "split"),
    "passed": _passed,
    "score": _real(-MAX_SCORE, MAX_SCORE),
    "answer": _text,
    "server": _text,
    "request": _request,
    "stop_rule": _one_of("none", "first_success", "cascade", "solve", "narrow"),
    "latency_s": _real(0, MAX_SECONDS),
    "created_at": _real(0, MAX_SECONDS),
}
VALUE_COLUMNS = tuple(_VALUES)
_COLUMNS = {name: (at, check) for at, (name, check) in enumerate(_VALUES.items())}
_OTHERS = ("sweep", "model", "provider", "problem", "sample_index", "question", "gold")
_KNOWN = frozenset([*VALUE_COLUMNS, *_OTHERS, "cost_usd", "cost_pico", "cost_basis"])
