"""One way of writing for answers that say the same: spacing, sizes, fonts, units and degree signs undone, fractions and
roots with their braces. What is left is LaTeX without blanks, or plain words. Every step is linear in the text."""

from __future__ import annotations

import re

from verifiers.math.spelling import plainly_spelt
from verifiers.math.units import without_unit

_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑﹣－", "-"),
        **dict.fromkeys("\u00a0\u202f\u2007\u2009\u2008\u2006\u3000\t\n\r\x0b\x0c\u2028\u2029\x85", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\x00", ""),
        "π": r"\pi ", "θ": r"\theta ", "∞": r"\infty ", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ",
        "÷": "/", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
        "±": r"\pm ", "∅": r"\emptyset ", "°": "",
        "，": ",", "（": "(", "）": ")", "＝": "=", "．": ".", "£": "", "€": "", "∗": "*",
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    }
)  # fmt: skip
_Steps = tuple[tuple[re.Pattern[str], str], ...]


def _steps(*pairs: tuple[str, str]) -> _Steps:
    return tuple((re.compile(pattern), by) for pattern, by in pairs)


_ROW = "\x02"
"""Stands for \\\\, which ends a row."""
_FIRST = _steps(
    (r"\\(?:begin|end)\{(?:align|aligned|equation|gather|split)\*?\}|\\(?:boxed|fbox)(?![A-Za-z])", ""),
    (r"\\(?:label|tag|hspace|vspace|(?:text)?color|kern|[hv]?phantom)\*?\{[^{}]{0,60}\}", ""),
    (r"\\color\s*[a-z]{1,20}\b", ""),
    (r"\\!|\{,\}\\?!?", "\\\\!"),  # what groups digits, see _GROUPED
    (r"\\(?:[,;:> ]|(?:quad|qquad|thinspace|enspace|space|nobreak)(?![A-Za-z]))|~", " "),
    (
        (
            r"\\(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|mathopen|mathclose"
            r"|mathstrut|strut|ensuremath|underline|tiny|small|normalsize|[lL]arge|LARGE|[hH]uge)(?![A-Za-z])\.?"
        ),
        "",
    ),
    (r"\\[()\[\]]|\$|\\textdollar(?![A-Za-z])", " "),
    (r"\\(?:mathbf|boldsymbol|bm|mathit|mathsf|mathcal|mathbb|bold|bf|it|rm|emph)(?![A-Za-z])", ""),
    (
        r"\\(?:textbf|textit|textrm|textsf|texttt|textnormal|mbox|hbox|mathrm|operatorname\*?)\s*(?=\{)",
        r"\\text",
    ),
    (r"\\text\s+\{", r"\\text{"),
    (r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])", ""),
    (r"\\(?:[dtc]|nice|s|flat)frac(?![A-Za-z])", r"\\frac"),
    (r"\{([^{}]{1,80}?)\\over(?![A-Za-z])([^{}]{1,80})\}", r"\\frac{\1}{\2}"),
    (r"\\leq(?:slant)?(?![A-Za-z])", r"\\le"),
    (r"\\geq(?:slant)?(?![A-Za-z])", r"\\ge"),
    (r"\\neq(?![A-Za-z])", r"\\ne"),
    (r"\\(?:varnothing|empty)(?![A-Za-z])", r"\\emptyset"),
    (r"\\(?:lbrace)(?![A-Za-z])", r"\\{"),
    (r"\\(?:rbrace)(?![A-Za-z])", r"\\}"),
    (r"\\l?vert(?![A-Za-z])|\\rvert(?![A-Za-z])|\\mid(?![A-Za-z])", "|"),
    (r"\\(?:lbrack)(?![A-Za-z])", "["),
    (r"\\(?:rbrack)(?![A-Za-z])", "]"),
    (r"\\langle(?![A-Za-z])", "("),
    (r"\\rangle(?![A-Za-z])", ")"),
    (r"\*\*", ""),
    (r";", ","),
    (r"<=", r"\\le "),
    (r">=", r"\\ge "),
)
_GROUPED = re.compile(r"(?<=[0-9])(?:,?\\!|\\!,| (?=[0-9]{3}(?![0-9])))(?=[0-9]{3})")
_WORDS = _steps(
    (r"(?:,\s*)?\\text\{\s*(?:,?\s*and|,?\s*or|,)\s*\}", " , "),
    (
        r"^\s*\\text\{\s*(?:[Tt]he\s)?(?:ordered )?(?:the|point|pair|triple|interval|set|line|value|number)s?\s*\}",
        " ",
    ),
    (r"\\text\{\s*\}|^\s*\\text\{[^{}]{0,60}(?:\bis|\bare|:)\s*\}", " "),
    (r"\\text\{([-+0-9., /]{1,40})\}", r"\1"),
    (
        r"(?<=[0-9)}\]])\s*(?:,\s*)?(?:\b(?:and|or)\b|\\&|\\lor(?![A-Za-z]))\s*(?=[-+0-9(\\\[{]|[a-z]\s?(?:=|<|>|\\[gl]e(?![a-z])|\\in(?![a-z])))",
        " , ",
    ),
    (r"(?<![A-Za-z\\])(?:infinity|inf|oo)(?![A-Za-z])", r"\\infty "),
    (r"(?<![A-Za-z\\])(?:pi)(?![A-Za-z])", r"\\pi "),
    (r"(?<![A-Za-z\\])sqrt\s*\(([^()]{1,60})\)", r"\\sqrt{\1}"),
    (r"(?<![A-Za-z\\])sqrt\s*(?=[{\[0-9])", r"\\sqrt"),
)
_LAST = _steps(
    (r"\\frac\s*(\\[A-Za-z]+)\s*([0-9])", r"\\frac{\1}{\2}"),
    (r"\\frac\s*([0-9A-Za-z])\s*([0-9A-Za-z])", r"\\frac{\1}{\2}"),
    (r"\\frac\s*([0-9A-Za-z])\s*\{", r"\\frac{\1}{"),
    (r"(\\frac\s*\{[^{}]{1,80}\})\s*([0-9A-Za-z])", r"\1{\2}"),
    (r"\\sqrt\s*([0-9A-Za-z])", r"\\sqrt{\1}"),
    (r"\\sqrt\s*(\[[^\]]{1,9}\])\s*([0-9A-Za-z])", r"\\sqrt\1{\2}"),
    (r"\s{0,40}([-+=<>,;:/*^_(){}\[\]|&])\s*", r"\1"),
    (r"(?<=[0-9]) (?=[0-9])", r"\\,"),  # two numbers side by side are not one
    (r"(\\[A-Za-z]+) (?=[A-Za-z])", "\\1\x01"),
    (r" ", ""),
    (r"\x01", " "),
    (r"\\,(?=[0-9]+/[0-9]+$)", " "),  # 1 1/2
    (r"\^\{([0-9A-Za-z])\}", r"^\1"),
    (r"(?<!\\log)_\{([0-9A-Za-z])\}", r"_\1"),
)
_BLANKS = re.compile(r" {2,60}")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’ .-]*")
_LETTER = re.compile(r"\(?([A-Z])\)?(?:[.):].*)?|\(([A-Z])\)\s.*", re.DOTALL)
_SEVERAL_LETTERS = re.compile(
    r"^\(?[A-Z]\)?\s{0,9}(?:,|/|or\b|and\b|\bor\b|&)\s{0,9}(?:or |and )?\(?[A-Z]\)?(?![A-Za-z])"
)
_SHORT_WORDS = frozenset(("yes", "no", "odd", "red", "one", "two", "six", "ten"))
_BETWEEN = re.compile(r"(?<!\s)\s*,\s*(?:and\s+)?|(?<!\s)\s+and\s+")
_LETTERS = re.compile(r"[A-Za-z]+")
_NO_LETTERS = re.compile(r"[^a-z]+")
_ARTICLE = re.compile(r"^(?:the|an?) ")
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")


def normal(latex: str) -> str:
    """The answer in its one way of writing; "" for none."""
    plain = plainly_spelt(latex).translate(_CHARACTERS).replace("\\\\", _ROW).replace(r"\$", "")
    for pattern, by in _FIRST:
        plain = pattern.sub(by, plain)
    plain = _GROUPED.sub("", plain).replace("\\!", "").replace(r"\%", "%")
    for pattern, by in _WORDS:
        plain = pattern.sub(by, plain)
    plain = _BLANKS.sub(" ", plain).strip().rstrip(".,;: \\").strip()
    plain = without_unit(plain)
    for pattern, by in _LAST:
        plain = pattern.sub(by, plain)
    return _unwrapped(plain).replace(_ROW, "\\\\")


def words(latex: str) -> str | None:
    """An answer in words, in lower case and without marks: `\\text{Even.}` gives even. None for a formula: what has no
    word of two letters, or a sign that no word has."""
    plain = latex.translate(_CHARACTERS)
    wrapped = "\\text" in plain or "\\mathrm" in plain or "\\mbox" in plain
    for pattern, by in _FIRST:
        plain = pattern.sub(by, plain)
    plain = _TEXT.sub(r"\1", plain).strip(" .\"'`*{}")
    bare = _BETWEEN.sub(" ", plain)
    if not _WORD.fullmatch(bare) or not (wrapped or _looks_like_words(bare)):
        return None
    return _ARTICLE.sub("", _NO_LETTERS.sub(" ", bare.lower()).strip()) or None


def _looks_like_words(text: str) -> bool:
    """Whether letters that are not marked as text are words: p - q, xyz and sin x are formulas."""
    pieces = _LETTERS.findall(text)
    longest = max(len(piece) for piece in pieces)
    if any(len(piece) == 1 and piece.lower() not in ("a", "i") for piece in pieces):
        return False
    return longest >= 4 or text.lower() in _SHORT_WORDS or (longest == 3 and not text.islower())


def letter(latex: str) -> str | None:
    """The letter of a choice: `\\text{(B)}`, `B`, `(B) 12`; of several, such as `(A) or (B)`, all that is said."""
    plain = _TEXT.sub(r"\1", latex.translate(_CHARACTERS))
    for pattern, by in _FIRST:
        plain = pattern.sub(by, plain)
    plain = _TEXT.sub(r"\1", plain).strip(" .{}")
    match = _LETTER.fullmatch(plain)
    if match is None:
        return None
    return plain if _SEVERAL_LETTERS.search(plain) else match.group(1) or match.group(2)


def _unwrapped(text: str) -> str:
    """Without braces around the whole."""
    while text.startswith("{") and text.endswith("}") and _closes_at(text, 0) == len(text) - 1:
        text = text[1:-1]
    return text


def _closes_at(text: str, at: int) -> int:
    depth = 0
    for index in range(at, len(text)):
        if text[index] in "{}" and (index == 0 or text[index - 1] != "\\"):
            depth += 1 if text[index] == "{" else -1
            if depth == 0:
                return index
    return -1
