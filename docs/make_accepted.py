"""Writes docs/verdicts-accepted.md, what each kind of verifier accepts, from the cases that its tests run. A test holds
them together.

python -m docs.make_accepted
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.verifiers.choice_cases import RULES as CHOICE
from tests.verifiers.code.code_cases import RULES as CODE
from tests.verifiers.math.math_cases import TRAPS
from tests.verifiers.math.setting_cases import RULES as SETTINGS
from tests.verifiers.math.spelling_cases import COPIED, FINAL, UNBOXED
from tests.verifiers.math.spelling_cases import RULES as SPELLINGS
from tests.verifiers.numeric_cases import RULES as NUMERIC
from tests.verifiers.proofs.lean_cases import TRUE, UNTAKEN, cheats

PAGE = Path(__file__).with_name("verdicts-accepted.md")
_EXAMPLES, _WIDTH = 5, 70
_HEAD = """\
# What each kind accepts

Written by `python -m docs.make_accepted` from the cases that the tests of each kind run, so a test holds every example.
⏎ is a line break. [Verifiers](verifiers.md) says how the kinds are set up, and
[how far verifiers agree](verifiers-agreement.md) how often they agree with labels that others made.
"""

Pair = tuple[str, str, bool]


def written() -> str:
    return "\n".join([_HEAD, *_numeric(), *_math(), *_choice(), *_code(), *_lean()])


def _numeric() -> Iterator[str]:
    yield "## `numeric`\n\nAn answer is right if its final number is the gold number, as exact fractions.\n"
    yield _table(NUMERIC.items())


def _math() -> Iterator[str]:
    yield "## `math`\n\nAn answer is right if it is equal in value to the gold, whatever its form.\n"
    last = ("the last sentence, if nothing is in a box", UNBOXED)
    yield _table([*TRAPS.items(), *SPELLINGS.items(), *SETTINGS.items(), last])
    yield 'With `form = "final"`, an answer must be worked out:\n'
    yield _table([("worked out", FINAL)])
    yield "The question's own formula is never an answer to it:\n"
    yield _table([("copied", [(gold, text, right) for _, gold, text, right in COPIED])])


def _choice() -> Iterator[str]:
    yield "## `choice`\n\nAn answer is right if the option that it finally names is the gold one.\n"
    yield "| rule | names an option | names none |\n|---|---|---|"
    for rule, cases in CHOICE.items():
        named = _listed(f"{_code_span(text)} {letter}" for text, letter in cases if letter)
        yield f"| {_cell(rule)} | {named} | {_listed(_code_span(text) for text, letter in cases if not letter)} |"
    yield ""


def _code() -> Iterator[str]:
    yield "## `code`\n\nA program is right if it passes all tests of its problem. Held by tests:\n"
    yield from (f"- {rule}" for rule in CODE)
    yield ""


def _lean() -> Iterator[str]:
    yield "## `lean`\n\nA proof is right if Lean's kernel accepts it for the given statement. Held on a real Lean:\n"
    yield f"- right: {_listed(TRUE, len(TRUE))}"
    before = "no verdict, and the sweep is rejected before money is spent: a statement with"
    yield f"- {before} {_listed(UNTAKEN, len(UNTAKEN))}"
    yield f"- wrong: {_listed((cheat.name for cheat in cheats()), 200)}\n"


def _table(rules: Iterable[tuple[str, Sequence[Pair]]]) -> str:
    lines = ["| rule | right | wrong |", "|---|---|---|"]
    for rule, cases in rules:
        right, wrong = (
            _listed(
                f"{_code_span(text)} for {_code_span(gold)}"
                for gold, text, passed in cases
                if passed is which
            )
            for which in (True, False)
        )
        lines.append(f"| {_cell(rule)} | {right} | {wrong} |")
    return "\n".join([*lines, ""])


def _listed(items: Iterable[str] | Mapping[str, object], most: int = _EXAMPLES) -> str:
    """Short ones: a long text says no more in a table."""
    short = [item for item in items if len(item) <= 2 * _WIDTH]
    return "; ".join(short[:most])


def _code_span(text: str) -> str:
    shown = text.replace("\n", " ⏎ ").replace("|", "\\|")
    fence = "``" if "`" in shown else "`"
    pad = " " if fence == "``" or shown.startswith(" ") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("**", "`**`")


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
