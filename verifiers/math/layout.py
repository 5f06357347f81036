"""How formulas are set, undone: signs of one character, and what stands in rows and columns. Linear in the text."""

from __future__ import annotations

import re

_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴-⁹⁺⁻]{1,20}")
_SUBSCRIPT = re.compile(r"[₀-₉]{1,20}")
_VULGAR = {
    "½": "12", "⅓": "13", "⅔": "23", "¼": "14", "¾": "34", "⅕": "15", "⅖": "25", "⅗": "35", "⅘": "45", "⅙": "16",
    "⅚": "56", "⅐": "17", "⅛": "18", "⅜": "38", "⅝": "58", "⅞": "78", "⅑": "19",
}  # fmt: skip
_SIGNS = str.maketrans(
    {"√": r"\sqrt ", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]", "⅒": r"\frac{1}{10}"}
    | {sign: rf"\frac{{{top}}}{{{bottom}}}" for sign, (top, bottom) in _VULGAR.items()}
)
_ROOT_OF = re.compile(r"([√∛∜])\s?([0-9]{1,40}(?:\.[0-9]{1,40})?)")
"""Such a sign reaches over a whole number; LaTeX's own command takes one digit."""
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉", "0123456789+-0123456789")
_ALIGNED = re.compile(r"\s{0,9}&\s{0,9}(=|<|>|\\[gl]eq?(?![a-z])|\\in(?![a-z]))\s{0,9}&?|(=)\s{0,9}&")
_BRACED = re.compile(r"\\left\s?\\\{\s{0,9}(?=\\begin)|(?<=\})\s{0,9}\\right\s?\.")
"""Around a system of equations."""
_ARRAY = re.compile(
    r"(?:\\left\s?)?(?P<open>[(\[|])\s{0,9}\\begin\s?\{(?P<name>array|matrix|smallmatrix)\}(?:\{[clr| ]{1,20}\})?"
    r"(?P<cells>.{1,2000}?)\\end\s?\{(?P=name)\}\s{0,9}(?:\\right\s?)?[)\]|]",
    re.DOTALL,
)


def plainly_set(latex: str) -> str:
    """The formula with LaTeX's own words for signs of one character, systems of equations without their alignment, and
    arrays in brackets as matrices."""
    text = latex if latex.isascii() else _in_ascii(latex)
    if "\\begin" not in text:
        return text
    return _ARRAY.sub(_matrix, _ALIGNED.sub(lambda found: found[1] or found[2], _BRACED.sub("", text)))


def _in_ascii(text: str) -> str:
    """Roots, fractions, powers and indices in one character."""
    text = _ROOT_OF.sub(r"\1{\2}", text)
    text = _SUPERSCRIPT.sub(lambda found: f"^{{{found[0].translate(_RAISED)}}}", text.translate(_SIGNS))
    return _SUBSCRIPT.sub(lambda found: f"_{{{found[0].translate(_RAISED)}}}", text)


def _matrix(found: re.Match[str]) -> str:
    name = "vmatrix" if found["open"] == "|" else "pmatrix"
    return rf"\begin{{{name}}}{found['cells']}\end{{{name}}}"
