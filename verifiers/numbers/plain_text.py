"""Makes a model's text plain: one kind of digit and minus, LaTeX and markup undone. Every step is linear in the text.

What is kept on purpose: line breaks, `####`, `\\boxed{…}`, `<answer>`, braces (they read as blanks later) and bold `**`
(see `without_bold`).
"""

from __future__ import annotations

import re
from functools import cache

_DIGIT_BLOCKS = (0x0660, 0x06F0, 0x0966, 0x09E6, 0xFF10, *range(0x1D7CE, 0x1D7FF, 10))
"""First code points of the decimal digits that models write: Arabic, Persian, Devanagari, Bengali, full-width and
the mathematical alphabets. Superscripts are left alone: m² is no 2."""
_VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
_CHARACTERS = {
    **dict.fromkeys("−–‐‑﹣－", "-"),
    **dict.fromkeys("\u00a0\u202f\u2007\u2008\u2006", "\u2009"),  # blanks that may group digits
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u0000\u0001", ""),
    **dict.fromkeys("\u2028\u2029\u0085\x0b\x0c", "\n"),
    "．": ".", "，": ",", "＄": "$", "＝": "=", "：": ":", "％": "%", "／": "/", "⁄": "/", "∕": "/", "＋": "+",
    "’": "'", "‘": "'", "∗": "*", "✕": "×", "✖": "×", "⋅": "·", "∙": "·", "≃": "≈", "≅": "≈", "∼": "≈",
}  # fmt: skip

_STYLE_COMMANDS = (
    r"\\(?:text|textbf|textit|textrm|textsf|texttt|mathrm|mathbf|mathit|mathsf|mathtt|mbox|emph|operatorname"
    r"|boldsymbol|bm|bf|rm|it|displaystyle|left|right|large|Large|LARGE|huge|Huge|big|Big|bigg|Bigg)(?![A-Za-z])"
)
_LATEX_WORDS = {
    "times": "×", "cdot": "·", "div": "÷", "approx": "≈", "simeq": "≈", "sim": "≈", "pm": "±", "pi": "π",
    "pounds": "£", "euro": "€", "degree": "°", "circ": "°", "quad": "\u2009", "qquad": "\u2009",
    "thinspace": "\u2009", "enspace": "\u2009", "dollar": "$", "textdollar": "$", "percent": "%", "eq": "=",
}  # fmt: skip
_Steps = tuple[tuple[re.Pattern[str], str], ...]
_LATEX: _Steps = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"\\(?:tag|label|ref|eqref|cite)\{[^{}\n]{0,60}\}", ""),
        (r"\\([$%#&_])", r"\1"),
        (r"\\!", ""),
        (r"\\[,;:> ]", "\u2009"),
        (r"\\[()\[\]]", " "),
        (r"\\\\", "\n"),
        (_STYLE_COMMANDS, ""),
        (r"\\sqrt(?:\[[^\]\n]{0,9}\])?[ ]?(?:\{[^{}\n]{0,80}\}|[0-9])", " √ "),
        (r"\\(?<=[0-9]\\)[dtc]?frac", r" \\frac"),  # 1\frac{1}{2} is a mixed number
        (r"\\[dtc]?frac[ ]?\{[ ]?([0-9.,$]{1,40})[ ]?\}[ ]?\{[ ]?([0-9.,$]{1,40})[ ]?\}", r"\1/\2"),
        (r"\\[dtc]?frac[ ]?([0-9])[ ]?([0-9])", r"\1/\2"),
        (r"\\[dtc]?frac[ ]?\{([^{}\n]{0,80})\}[ ]?\{([^{}\n]{0,80})\}", r"(\1)/(\2)"),
        (r"\^[ ]?(?:\{[ ]?\\circ[ ]?\}|\\circ)", "°"),
    )
)
_APART = r"(?<![0-9.,])([1-9][0-9]{0,2}) ([0-9]{3})"
_STEPS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = tuple(
    (signs, re.compile(pattern), by)
    for signs, pattern, by in (
        (("{,}",), r"\{,\}", ","),
        (("√",), r"√[ ]?\(?[0-9.,]{1,40}\)?", " √ "),
        (("^",), r"\^[ ]?\{[ ]?([-+]?[0-9]{1,6})[ ]?\}", r"^\1"),
        (("^",), r"\^(?<=[A-Za-z})]\^)[-+]?[0-9]{1,6}", ""),  # the exponent of a unit
        (("**",), r"\*\*(?<=[0-9)][ ]\*\*)(?=[ ][0-9(])", "^"),
        (("$", "£", "€"), r"([$£€][1-9][0-9]{0,2}) ([0-9]{3})(?![0-9])", "\\1\u2009\\2"),  # $118 000
        (
            ("€", "EUR", "euro", "USD", "dollar", "kr", "CHF", "zł"),
            _APART + r"(?=(?:,[0-9]{2})? ?(?:€|EUR|euros?\b|USD|dollars?\b|kr\b|CHF|zł))",
            "\\1\u2009\\2",
        ),  # 1 200 €
        (("\u2009",), r" (?<=\u2009[0-9]{3} )([0-9]{3})(?![0-9])", "\u2009\\1"),
        (("&",), r"&nbsp;|&#160;", "\u2009"),
        (("&",), r"&#36;|&dollar;", "$"),
        (("<",), r"</?(?!answer>|s>|eos>|end_of_turn>)[A-Za-z][^<>\n]{0,80}>", ""),
        (
            ("Rs.", "pprox.", "No.", "Ans.", "ans.", "Tk."),
            r"\b(Rs|approx|Approx|No|Ans|ans|Tk)\.(?=[ ]?[$0-9])",
            r"\1 ",
        ),
    )
)
"""Each with the signs that it needs one of: to look for them first takes a tenth of the time. A pattern that begins
with a sign, not with a look at what is before it, is searched for several times as fast."""
_WORD = re.compile(r"\\([A-Za-z]{1,40})")
_KEPT_WORDS = frozenset(("boxed", "fbox"))
_ANNOTATION = re.compile(r"<<([^<>\n]{0,200})>>([ ]?[$]?[0-9.]?)")
_BOLD = re.compile(r"\*\*(?:(?<![0-9]\*\*)|(?![0-9]))|__(?:(?<![A-Za-z0-9_]__)|(?![A-Za-z0-9_]))")


@cache
def _table() -> dict[int, str]:
    table = {ord(key): value for key, value in _CHARACTERS.items()}
    for first in _DIGIT_BLOCKS:
        table.update({first + digit: str(digit) for digit in range(10)})
    table.update({ord(key): f" {value}" for key, value in _VULGAR.items()})
    return table


def clean(text: str) -> str:
    """The text with its numbers in plain ASCII and its formulas as far undone as a reader of numbers needs."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if not plain.isascii() or "\x00" in plain:
        plain = plain.translate(_table())
    if "<<" in plain:
        plain = _ANNOTATION.sub(_annotation, plain)
    if "\\" in plain:
        for pattern, by in _LATEX:
            plain = pattern.sub(by, plain)
    for signs, pattern, by in _STEPS:
        for sign in signs:
            if sign in plain:
                plain = pattern.sub(by, plain)
                break
    return _WORD.sub(_word, plain) if "\\" in plain else plain


def without_bold(text: str) -> str:
    """Without the `**` and `__` of bold text; a power such as 2**5 stays."""
    return _BOLD.sub("", text) if "**" in text or "__" in text else text


def _annotation(match: re.Match[str]) -> str:
    """GSM8K's <<9*2=18>>: dropped if the number follows it, else its result stands for it."""
    if match.group(2).strip():
        return match.group(2)
    return match.group(1).rpartition("=")[2] + match.group(2)


def _word(match: re.Match[str]) -> str:
    name = match.group(1)
    if name in _KEPT_WORDS:
        return match.group()
    return _LATEX_WORDS.get(name, " ")
