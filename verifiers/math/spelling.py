"""Ways to write the same formula, undone before anything else is read: names of functions, roots, logarithms and powers
as programmers or word processors write them, numbers and operations in words. Every step is linear in the text."""

from __future__ import annotations

import re
from fractions import Fraction

from verifiers.math.layout import plainly_set
from verifiers.numbers.parse import render

_FUNCTION = "arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|ln|log|lg|exp|gcd|lcm|det|max|min"
ALL_REALS = r"(-\infty,\infty)"
NO_SOLUTION = r"\emptyset"
_REALS = ALL_REALS.replace("\\", r"\\")
"""The same, as a replacement."""
_POWERS = {
    "hundred": 2, "thousand": 3, "lakh": 5, "million": 6, "crore": 7, "billion": 9, "trillion": 12, "quadrillion": 15,
    "quintillion": 18,
}  # fmt: skip
_PARTS = {"tenth": -1, "hundredth": -2, "thousandth": -3, "millionth": -6}
_FACTORS = {
    **{word: Fraction(10) ** power for word, power in {**_POWERS, **_PARTS}.items()},
    "dozen": Fraction(12),
    "gross": Fraction(144),
    "halve": Fraction(1, 2),
    **{
        f"{word}s": Fraction(1, at)
        for at, word in enumerate(("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"), 3)
    },
}
"""A singular such as fifth may be an ordinal, and a quarter is a coin."""
_NUMBER = r"(?P<number>[0-9]{1,60}(?:,[0-9]{3}){0,9}(?:\.[0-9]{1,60})?)"
_OPEN_TEXT = r"\s{0,9}(?P<text>\\(?:text|mathrm|textbf|mbox|textrm)\s?\{)?\s{0,9}"
_MULTIPLIED = re.compile(
    rf"(?<![0-9.]){_NUMBER}{_OPEN_TEXT}-?(?P<word>{'|'.join(_FACTORS)})s?\b(?!\s?\^)(?P<rest>[^{{}}\\$]{{0,60}})"
)
_TIMES = re.compile(
    rf"(?<=[)}}\]]){_OPEN_TEXT}(?P<word>{'|'.join(_FACTORS)})s?\b(?P<rest>[^{{}}\\$]{{0,60}})"
)
_OPERATION = re.compile(rf"(?<=[0-9)}}\]]){_OPEN_TEXT}(?P<word>squared|cubed|factorial)\b\s?(?(text)\}})")
_OPERATIONS = {"squared": "^{2}", "cubed": "^{3}", "factorial": "!"}
_ALL_REALS_SAID = (
    r"^\s{0,9}(?:\\text\s?\{\s?)?(?:x\s|[Tt]he\s)?(?:set of\s|is\s)?(?:[Aa]ll|[Aa]ny|[Ee]very|the)?\s?(?:the\s)?reals?"
    r"(?:\s(?:numbers?|line|x|values?(?: of(?: x)?)?)){0,3}\.?(?:\s?\}\s?\$?[a-z]\$?)?\s?\}?\s{0,9}\.?$"
)
_NO_SOLUTION_SAID = (
    r"^\s{0,9}(?:\\text\s?\{\s?)?(?:[A-Za-z][A-Za-z ]{0,60}\s(?:has|have|is|are)\s)?"
    r"(?:[Nn]o\s(?:real |integer |valid |such )?(?:solutions?|roots?|values?)(?: exists?)?"
    r"|(?:[Tt]he\s)?(?:[Ee]mpty|[Nn]ull)[ -]set)\.?\s?\}?\s{0,9}\.?$"
)
_AS_TEXT = r"\\(?:text|mathrm|textbf|textrm|textit|mbox)"
_ORDINAL = (
    r"(?<=[0-9])\s{0,3}\^?\s{0,3}\{?\s{0,3}(?:\\(?:text|mathrm|textrm|mbox|textsuperscript)\s?\{)?[\s-]?"
    r"(?:st|nd|rd|th)(?![A-Za-z])\s{0,3}\}{0,2}"
)
_PERCENT = (
    r"(?<=[0-9)}\]])\s{0,9}(?:\\(?:text|mathrm|mbox|textrm)\s?\{\s?)?(?:percent|per cent|pct\.?|\\?%)"
    r"(?![A-Za-z])\s?(?<!\{)\}?(?=\s{0,9}(?:$|[.,;)\]=\\]))"
)
_BELOW_ZERO = (
    r"^\s{0,9}([0-9]{1,20}(?:\.[0-9]{1,20})?)[^0-9=,;]{0,60}?\bbelow (?:zero|0)\s{0,9}\}?\s{0,9}\.?$"
)
_OTHER_NAMES = {
    "tg": "tan", "ctg": "cot", "cotg": "cot", "arctg": "arctan", "atan": "arctan", "asin": "arcsin", "acos": "arccos",
    "sqrt": "sqrt",
}  # fmt: skip
_OTHER = "|".join(_OTHER_NAMES)
_OTHER_NAME = (
    rf"\\(?:operatorname\*?|mathrm|text|mathop|rm)\s?\{{\s?({_OTHER})\s?\}}|\\(?!sqrt)({_OTHER})(?![A-Za-z])"
    rf"|(?<![A-Za-z\\])({_OTHER})(?=\s?\()"
)


def _usual_name(found: re.Match[str]) -> str:
    name = next(filter(None, found.groups()))
    return rf"\{_OTHER_NAMES[name]}" + ("" if name == "sqrt" else " ")


_STEPS = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        # a number in words about it
        (rf"^\s{{0,9}}{_AS_TEXT}\s?\{{([^{{}}]{{0,80}}[0-9][^{{}}]{{0,80}})\}}\s{{0,9}}\.?$", r"\1"),
        (
            rf"^\s{{0,9}}(?:{_AS_TEXT}\s?\{{\s?)?(?:[Nn]egative|[Mm]inus)\s{{0,9}}\}}?\s{{0,9}}(?=[0-9.\\(])",
            "-",
        ),
        (_BELOW_ZERO, r"-\1"),
        (rf"([0-9]):00(?=\s?(?:{_AS_TEXT}\s?\{{)?\s{{0,9}}[apAP]\.?\s?[mM]\b)", r"\1"),
        # all real numbers, but for those that are excepted
        (_ALL_REALS_SAID, _REALS),
        (r"\\(?:mathbb|Bbb)\s?(?:\{\s?R\s?\}|R(?![A-Za-z]))|\\R(?:eals)?(?![A-Za-z])|ℝ", _REALS),
        (_NO_SOLUTION_SAID, r"\\emptyset "),
        # 0.333… and 0.(3), also with a dot above
        (r"(?<=\.)(?P<d>[0-9])(?P=d){2,20}\s?(?:\\l?dots|\\cdots|\.\.\.|…)\s{0,9}$", r"\\overline{\g<d>}"),
        (r"(?<=[0-9.])\\dot\s?\{([0-9])\}([0-9]{0,9})\\dot\s?\{([0-9])\}", r"\\overline{\1\2\3}"),
        (r"(?<=[0-9.])\\dot\s?(?:\{([0-9])\}|([0-9]))", r"\\overline{\1\2}"),
        (r"(?<=[0-9])(\.[0-9]{0,20})\(([0-9]{1,20})\)", r"\1\\overline{\2}"),
        (r"(?<=[0-9.])\\bar\s?\{([0-9]{1,20})\}", r"\\overline{\1}"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (
            r"(?<![0-9A-Za-z)}])(?:\{\s?\})?[_^]\s?\{?([0-9]{1,4})\}?\s?C\s?_\s?\{?([0-9]{1,4})\}?",
            r"\\binom{\1}{\2}",
        ),
        (r"\{?\s?([0-9A-Za-z]{1,20})\s?\\choose\s?([0-9A-Za-z]{1,20})(?:\s?\})?", r"\\binom{\1}{\2}"),
        # the point A(3,4)
        (r"^\s{0,9}[A-Z]\s?(?=\([^()]{1,60},[^()]{1,60}\)\s{0,9}$)", ""),
        # x**2 and x ** 2, but not **bold**
        (r"(?<=[0-9A-Za-z)}\]])\*\*\s?(-?[0-9]{1,20}(?:\.[0-9]{1,20})?|-?[A-Za-z])(?![A-Za-z0-9])", r"^{\1}"),
        (r"(?<=[0-9A-Za-z)}\]])\*\*(?=[({\\])", "^"),
        (r"(?<=[0-9A-Za-z)}\]]) \*\* (-?[0-9]{1,20}|-?[A-Za-z])(?![A-Za-z0-9])", r"^{\1}"),
        (r"(?<=[0-9A-Za-z)}\]]) \*\* (?=[({\\])", "^"),
        # 10th
        (_ORDINAL, " "),
        (r"^\s{0,9}[Tt]he\s(?=[0-9(])", ""),
        (_PERCENT, "%"),
        # functions by their names
        (_OTHER_NAME, _usual_name),
        (r"\\(?:mathrm|text|rm|mathbf)\s([A-Za-z0-9])(?![A-Za-z])", r"\1"),
        (rf"\\(?:operatorname\*?|mathrm|text|mathop|mathbf|rm)\s?\{{\s?({_FUNCTION})\s?\}}", r"\\\1 "),
        (rf"(?<![A-Za-z\\])({_FUNCTION})(?=\s?[(_^{{\\]|\s[0-9a-z](?![a-z]))", r"\\\1 "),
        (r"\\lg(?![A-Za-z])", r"\\log_{10} "),
        (r"\\log\s?_\s?(?:\{([^{}]{1,20})\}|([0-9A-Za-z]))\s?", r"\\log_{\1\2} "),
        (
            r"\\(?:text|mathrm|textrm|operatorname|mathbf)\s?\{\s?([abceijknpqrtuvwxyz])\s?\}",
            r" \1 ",
        ),  # see units.py
        (r"(?<![0-9.,A-Za-z_^{}\\])1(?=[ijkxyz](?![A-Za-z])|e(?![A-Za-z0-9+-]))", ""),
        (
            r"(?<=[0-9])\s?\\circ(?![A-Za-z])|(?<=[0-9])\^\s?\{?\s?(?:\\(?:mathrm|text|rm)\s?\{\s?)?o(?:\s?\}){0,2}(?![A-Za-z])|\\deg(?![A-Za-z])",
            "",
        ),
    )
)
_ROOT = re.compile(r"\\sqrt\s?(\[[^\[\]]{1,9}\])?\s?\(")
_CASES = re.compile(
    r"\\begin\s?\{(?:d?cases|array|aligned?)\}(?:\{[clr|]{1,20}\})?([^&]{1,2000}?)\\end\s?\{\w{5,8}\}"
)
_ROWS = re.compile(r",?\s{0,9}\\\\(?:\[[0-9a-z.]{1,9}\])?\s{0,9}")
_NAME = re.compile(r"(?!\\pi$|π$|e$)\\?[A-Za-z]{1,20}(?:_\{?\w\}?)?")
_APPROXIMATELY = re.compile(
    r"\\(?:approx|simeq|thickapprox|doteq)(?![A-Za-z])|≈|≃|(?:\\(?:sim|cong)(?![A-Za-z])|≅|∼|~)(?=\s?\\?\$?-?[0-9]{0,9}\.[0-9])"
    r"|=(?=\s?-?[0-9]{0,9}\.[0-9]{2,40}\s?(?:\\l?dots|\\cdots|\.\.\.|…)\s{0,9}$)"
)


_TRIG_OF_DEGREES = re.compile(
    r"((?<![A-Za-z])(?:sin|cos|tan|cot|sec|csc)\s?(?:\^\s?\{?[0-9]\}?\s?)?)(?:\\left\s?)?[({]?\s?"
    r"([0-9]{1,4}(?:\.[0-9]{1,4})?)\s?(?:\^\s?(?:\{\s?\\circ\s?\}|\\circ(?![A-Za-z]))|°|\\degree(?![A-Za-z]))"
    r"(?:\s?(?:\\right\s?)?[)}])?"
)


_BESIDE = re.compile(
    r"(?<=[0-9A-Za-z)}\]])\s{0,9}(?:\\[,; ]\s?)?(?:\\left\s?)?\(\s{0,9}(?:\\approx|≈|\\sim)[^()=]{0,40}\)\s{0,9}$"
    r"|(?<=[0-9A-Za-z)}\]])\s{0,9},?\s{0,9}(?:\\(?:text|mathrm)\s?\{\s?)?(?:or |which is )?"
    r"(?:about|approximately|approx\.?|roughly)\s{0,9}\}?\s{0,9}\\?\$?-?[0-9.,]{1,20}\s?(?:\\?%)?\s?\}?\s{0,9}$"
)
"""An approximation in parentheses or in words after the exact value."""


_COUNTED = re.compile(
    r"(?<![A-Za-z0-9\\_^])(?P<kind>[CP])\s?\(\s?(?P<of>[0-9]{1,4})\s?,\s?(?P<take>[0-9]{1,4})\s?\)"
    r"|(?<![A-Za-z0-9\\_^{])(?P<n>[0-9]{1,4})\s?(?P<between>[CP])\s?(?P<k>[0-9]{1,4})(?![0-9A-Za-z])"
    rf"|(?:{_AS_TEXT}\s?\{{\s?)?(?<![A-Za-z\\])(?P<first>[CAP])(?:(?<=\{{[CAP])\}})?\s?_\s?\{{?(?P<sub>[0-9]{{1,4}})\}}?"
    r"\s?\^\s?\{?(?P<sup>[0-9]{1,4})\}?"
)
"""C(5,2), 5C2, C_5^2; P or A where their order counts."""


def counted(latex: str) -> str:
    """Numbers of choices as binomials and quotients of factorials."""
    return _COUNTED.sub(_choices, latex)


def _choices(found: re.Match[str]) -> str:
    kind = found["kind"] or found["between"] or found["first"]
    total, taken = (
        int(found[a] or found[b] or found[c]) for a, b, c in (("of", "n", "sub"), ("take", "k", "sup"))
    )
    if kind == "C" or taken > total:
        return rf"\binom{{{total}}}{{{taken}}}"
    return rf"\frac{{{total}!}}{{{total - taken}!}}"


def in_radians(latex: str) -> str:
    """\\sin 30^\\circ as the sine of \\pi/6: elsewhere a degree sign is a unit, and not compared."""
    return _TRIG_OF_DEGREES.sub(r"\1(\\frac{\2\\pi}{180})", latex)


def plainly_spelt(latex: str) -> str:
    """The same answer in LaTeX's usual words."""
    text = exact_side(_BESIDE.sub("", plainly_set(latex)))
    text = _MULTIPLIED.sub(_multiplied, text)
    text = _TIMES.sub(_times, text)
    text = _OPERATION.sub(lambda found: _OPERATIONS[found["word"]], text)
    for pattern, by in _STEPS:
        text = pattern.sub(by, text)
    return _CASES.sub(_rows, _roots(text))


def exact_side(latex: str) -> str:
    """The exact value that an approximation follows: `\\frac{1}{3} \\approx 0.33`. A name alone has no value."""
    first, *others = _APPROXIMATELY.split(latex)
    if not others:
        return latex
    head = first.strip(" $")
    if not head or _NAME.fullmatch(head) or head.endswith("="):
        return f"{head}={others[0]}" if head and not head.endswith("=") else head + others[0]
    return first


def _multiplied(found: re.Match[str]) -> str:
    value = Fraction(found["number"].replace(",", "")) * _FACTORS[found["word"]]
    return render(value) + _unit(found)


def _times(found: re.Match[str]) -> str:
    return rf"\cdot {render(_FACTORS[found['word']])}" + _unit(found)


def _unit(found: re.Match[str]) -> str:
    """What follows the word, in its braces again."""
    if not found["text"]:
        return found["rest"]
    return found["text"] + found["rest"] if found["rest"].strip() else found["text"]


def _roots(text: str) -> str:
    """`\\sqrt(2)` as `\\sqrt{2}`."""
    at = 0
    while found := _ROOT.search(text, at):
        depth, end = 0, found.end() - 1
        for end in range(found.end() - 1, min(len(text), found.end() + 400)):
            depth += (text[end] == "(") - (text[end] == ")")
            if depth == 0:
                break
        at = found.end()
        if depth == 0:
            inside = text[found.end() : end]
            text = f"{text[: found.start()]}\\sqrt{found[1] or ''}{{{inside}}}{text[end + 1 :]}"
    return text


def _rows(found: re.Match[str]) -> str:
    """A system of equations as the list of them."""
    rows = [row.strip(" ,;") for row in _ROWS.split(found[1])]
    return ", ".join(row for row in rows if row)
