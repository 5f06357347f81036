"""The seam to the library math-verify: formulas compared as sympy expressions. Its own limits by SIGALRM are off, since
they fail outside a main thread and hang; a worker process that is killed at its limit bounds it instead."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

_PACKAGE = "math-verify"
_ROUNDING = 30
"""Decimals to which floats are compared; decimals are turned into fractions before, so that none should be left."""
_PRECISION = 60
"""Digits to which values without a symbolic proof are compared."""
_DECIMAL = re.compile(r"(?<![0-9.])([0-9]*)\.([0-9]+)(?![0-9.])")
_RELATIVE = 1e-12
_IMAGINARY = re.compile(r"(?<![A-Za-z\\])i(?![A-Za-z])")
_COMMAND = re.compile(r"\\(?:begin|end)\{[a-z]{1,10}\}|\\text\{[^{}]{0,60}\}|\\[A-Za-z]+")
_VARIABLE = re.compile(r"[A-Za-z](?!\()(?<![eidEI])")
_CONSTANT = re.compile(r"(?:e|i|\\pi|[^A-Za-z])*+")
_COMMAND_NAME = re.compile(
    r"\\(?:frac|sqrt|binom|cdot|times|log|ln|exp|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|div|left"
    r"|right|lfloor|rfloor|lceil|rceil|gcd|lcm|max|min|sinh|cosh|tanh|mod)(?![A-Za-z])"
)
_HUGE = re.compile(
    r"(?<=[0-9])\^\{?[-+]?[0-9]{5,}|(?<![0-9])\^\{?[-+]?[0-9]{3,}|[0-9)}]\s*\^\{[^{}]*\^|\^[0-9A-Za-z]\^"
    r"|[0-9]{4,}!|!!|[0-9]{400,}|\\(?:sum|prod|int)(?![A-Za-z])"
    r"|[0-9A-Za-z)}]\^\{[^{}]{0,40}[0-9]{5}|[0-9]\^\{[^{}]{0,60}!|[)}]!|\\binom\{?[^{}]{0,40}[0-9]{5}"
)
"""Powers of powers, long exponents, factorials of large numbers, sums: what may take for ever or all memory."""


def installed() -> bool:
    return find_spec("math_verify") is not None


def library_version() -> str:
    """ "none" if it is not installed."""
    return metadata.version(_PACKAGE) if installed() else "none"


def is_huge(latex: str) -> bool:
    """Whether working the formula out may take for ever."""
    return _HUGE.search(latex) is not None


def is_constant(latex: str) -> bool:
    """Whether a formula has no variable: only numbers, operations, known functions, e, i and π."""
    return _CONSTANT.fullmatch(_COMMAND_NAME.sub(" ", latex)) is not None


def readable(latex: str) -> bool:
    """Whether the library reads the formula at all."""
    return bool(_parsed(latex))


@lru_cache(maxsize=4096)
def same_value(gold: str, answer: str) -> bool:
    """Whether two formulas are equal as expressions, equations, inequalities or matrices. `gold` and `answer` are
    normal texts. Not symmetric: an answer may leave out `x =`, or say it."""
    golds, answers = _parsed(gold), _parsed(answer)
    if not golds or not answers:
        return False
    if _IMAGINARY.search(gold) or _IMAGINARY.search(answer):
        golds, answers = _imaginary(golds), _imaginary(answers)
    if _far_apart(golds[0], answers[0]):
        return False
    grade: Any = import_module("math_verify")  # has no type stubs

    return bool(
        grade.verify(
            golds, answers, float_rounding=_ROUNDING, numeric_precision=_PRECISION, timeout_seconds=None
        )
    )


def _imaginary(found: list[Any]) -> list[Any]:
    """The same expressions with i for the imaginary unit, which the library reads as a variable."""
    sympy: Any = import_module("sympy")
    return [
        each.subs({symbol: sympy.I for symbol in each.free_symbols if str(symbol) == "i"})
        if isinstance(each, sympy.Expr)
        else each
        for each in found
    ]


def _far_apart(gold: Any, answer: Any) -> bool:
    """Whether two constants differ in their first 12 digits. The library compares the difference alone, to which
    1/2004! and 1/2504! are the same."""
    if getattr(gold, "free_symbols", True) or getattr(answer, "free_symbols", True):
        return False
    try:
        one, other = gold.evalf(30), answer.evalf(30)
        if not one.is_number or not other.is_number:
            return False
        return bool(abs(one - other) > _RELATIVE * max(abs(one), abs(other)))
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return False


@lru_cache(maxsize=4096)
def _parsed(latex: str) -> list[Any]:
    grade: Any = import_module("math_verify")
    latex2sympy: Any = import_module("latex2sympy2_extended.latex2sympy2")
    for name in ("math_verify", "latex2sympy2_extended"):
        logging.getLogger(name).setLevel(logging.ERROR)  # it warns that its own limits are off
    exact = _DECIMAL.sub(_fraction, latex)
    steps = latex2sympy.NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none"
    )
    found: list[Any] = grade.parse(
        f"${exact}$",
        extraction_config=(grade.LatexExtractionConfig(normalization_config=steps),),
        fallback_mode="no_fallback",
        parsing_timeout=None,  # documented to switch it off
    )
    return found if all(_has_every_letter(latex, expression) for expression in found) else []


def _has_every_letter(latex: str, expression: Any) -> bool:
    """Whether the parser read the formula to its end: it leaves out what it does not know."""
    names = "".join(str(symbol) for symbol in getattr(expression, "free_symbols", ())).lower()
    return all(letter.lower() in names for letter in _VARIABLE.findall(_COMMAND.sub(" ", latex)))


def _fraction(match: re.Match[str]) -> str:
    """A decimal as an exact fraction: 0.333 is not 1/3."""
    whole, part = match.groups()
    return rf"\frac{{{int(whole + part)}}}{{{10 ** len(part)}}}"
