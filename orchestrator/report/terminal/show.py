"""`show` for people: a table problems × models, or one problem with its samples. All of it may be hostile text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from orchestrator.grammar import many
from orchestrator.report.cells import fit, wrap
from orchestrator.report.short_names import short_names
from orchestrator.text.command import command
from orchestrator.text.money import per_thousand, usd
from orchestrator.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from orchestrator.ledger.reading.samples.dialogue import Call
    from orchestrator.ledger.reading.samples.pass_table import Passes, ProblemRow
    from orchestrator.ledger.reading.samples.problem_samples import ProblemSamples
    from orchestrator.ledger.reading.samples.sampled_models import Which

GAP = "  "
NARROWEST, WIDEST = 8, 18
"""Cells of a model's column."""
PROBLEM = 30
HEAD, TAIL = 3, 3
"""Lines of a text that stand for all of it …"""
LINES_OF_PROMPT = 12
READ = 4000
"""… and characters from each end that they are made of."""
NAME = 60
_ENDS = {"cap": "its cap", "time": "attempt_s", "error": "an error"}
_SPEAKERS = {"system": "system", "tool": "output of the tool"}
VERDICTS = {1: ("right", "green"), 0: ("wrong", "red"), None: ("no verdict", "yellow")}


def pass_table(rows: Sequence[ProblemRow], db: Path, which: Which, width: int) -> Iterator[Text]:
    """A row a problem, in as many tables as the width asks for."""
    such = "" if which == "all" else f" with samples that {_THAT[which]}"
    problems = many(len(rows), "problem")
    if not rows:
        yield Text(f"{safe(db.name)} has no problems{such}.")
        return
    counted = "samples that passed, of those with a verdict" if which == "all" else "such samples"
    yield Text(f"{problems}{such}, the hardest first: {counted}, by model.", "bold")
    yield Text(f"Read a problem's samples with: {command('show {} {}', db, rows[0].problem)}", "dim")
    models = list(rows[0].models)
    names = short_names([row.problem for row in rows], min(PROBLEM, max(NARROWEST, width // 3)))
    cells = [[_cell(of, which) for of in row.models.values()] for row in rows]
    first = max(cell_len("problem"), *map(cell_len, names))
    least = max(len(said) for row in cells for said, _ in row)
    each = max(least, min(WIDEST, max(NARROWEST, (width - first) // len(models) - len(GAP))))
    heads = short_names(models, each)
    wide = [max(cell_len(head), least) for head in heads]
    for some in _tables(wide, width - first):
        yield Text("")
        yield Text(
            fit("problem", first) + "".join(GAP + fit(heads[m], wide[m], "right") for m in some), "dim"
        )
        for name, row in zip(names, cells, strict=True):
            line = Text(fit(name, first))
            for m in some:
                line.append(GAP + fit(row[m][0], wide[m], "right"), row[m][1])
            yield line
    if which == "all" and any(of.no_verdict for row in rows for of in row.models.values()):
        yield Text("")
        yield Text(f"? some samples have no verdict. To judge them: {command('verify {}', db)}")


_THAT: dict[Which, str] = {
    "right": "passed",
    "wrong": "are wrong",
    "no-verdict": "have no verdict",
    "cut": "were cut off at max_tokens",
}


def _tables(wide: Sequence[int], width: int) -> Iterator[list[int]]:
    """Columns by place, as many to a table as there is room for."""
    some: list[int] = []
    used = 0
    for place, cells in enumerate(wide):
        if some and used + len(GAP) + cells > width:
            yield some
            some, used = [], 0
        some.append(place)
        used += len(GAP) + cells
    yield some


def _cell(of: Passes, which: Which) -> tuple[str, str]:
    if not of.samples:
        return "–", "dim"
    if which != "all":
        return f"{of.samples:,}", ""
    judged = of.samples - of.no_verdict
    if not judged:
        return "?", "yellow"
    style = "red" if not of.passed else "green" if of.passed == judged else ""
    return f"{of.passed:,}/{judged:,}{'?' if of.no_verdict else ''}", style


def problem_lines(of: ProblemSamples, which: Which, width: int, *, full: bool) -> Iterator[Text]:
    """The prompt, the gold answer, then every sample meant, model by model. `full`: whole texts."""
    yield Text(f"problem {safe(of.problem)}", "bold")
    prompts = of.prompts()
    for prompt, names in prompts.items():
        to = "" if len(prompts) == 1 else f" to {', '.join(safe(name, NAME) for name in names)}"
        yield Text("")
        yield Text(f"prompt{to}", "bold")
        yield from _texts(prompt, width, full=full, most=LINES_OF_PROMPT)
    if of.gold is not None:
        gold = of.gold if isinstance(of.gold, str) else json.dumps(of.gold, ensure_ascii=False)
        yield Text("")
        yield Text("gold", "bold")
        yield from _texts(gold, width, full=full, most=LINES_OF_PROMPT)
    for model in of.models:
        yield Text("")
        meant, total = of.counts(model)
        every = many(total, "sample")
        counted = every if which == "all" else f"{meant:,} of {every} {_THAT[which]}"
        yield Text(safe(model.name, NAME), "bold").append(f": {counted}", "")
        for sample in of.samples(model):
            yield from _sample(sample, width, of.calls(sample), full=full)
    if not full:
        yield Text("")
        yield Text("Long texts are shortened here; --full shows all of them, and the reasoning.", "dim")


def _sample(sample: dict[str, Any], width: int, calls: Sequence[Call], *, full: bool) -> Iterator[Text]:
    said, style = VERDICTS[sample["passed"]]
    facts = [
        "" if sample["extracted"] is None else f"answer {safe(sample['extracted'], NAME)}",
        "" if not sample["reason"] else safe(sample["reason"], 200),
        "" if sample["completion_tokens"] is None else f"{sample['completion_tokens']:,} tokens",
        "" if not sample["reasoning_tokens"] else f"{sample['reasoning_tokens']:,} of them reasoning",
        "" if sample["cost_pico"] is None else _cost(sample["cost_pico"], attempt=bool(calls)),
        ""
        if not calls
        else f"an attempt of {_calls(len(calls))}, ended by {_ENDS.get(sample['finish_reason'], 'itself')}",
    ]
    yield Text("")
    yield (
        Text(f"#{sample['sample_index']} ", "bold")
        .append(said, style)
        .append("".join(f" · {fact}" for fact in facts if fact))
    )
    if full and sample["reasoning"]:
        yield Text(f"{GAP}reasoning:", "dim")
        yield from _texts(sample["reasoning"], width, full=True, style="dim")
        yield Text(f"{GAP}answer:", "dim")
    for call in calls:
        yield from _call(call, width, full=full)
    if calls:
        yield Text(f"{GAP}output:", "dim")
    yield from _texts(sample["text"], width, full=full)


def _calls(number: int) -> str:
    return many(number, "call")


def _cost(pico: int, *, attempt: bool) -> str:
    return usd(pico) if attempt else f"{per_thousand(pico)} per 1,000"


def _call(call: Call, width: int, *, full: bool) -> Iterator[Text]:
    """What it added, and the answer."""
    tokens = (
        ""
        if call.prompt_tokens is None
        else f" · {call.prompt_tokens:,} tokens in, {call.completion_tokens:,} out"
    )
    for part in call.heard:
        yield Text(f"{GAP}{_SPEAKERS.get(part.by, 'user')}:", "dim")
        yield from _texts(part.text, width, full=full)
    state = "" if call.state == "settled" else f" · {call.state}"
    yield Text(f"{GAP}call {call.call}{tokens} · {usd(call.cost_pico)}{state}", "cyan")
    for part in call.said:
        yield from _texts(f"$ {part.text}" if part.by == "call" else part.text, width, full=full)


def _texts(
    text: str, width: int, *, full: bool, most: int = HEAD + TAIL + 2, style: str = ""
) -> Iterator[Text]:
    """Indented lines; without `full`, at most `most` of them, from both ends."""
    if full:
        for line in _lines(text):
            yield Text(GAP + line, style)
        return
    room = max(20, width - len(GAP))
    if len(text) <= 2 * READ:
        lines = [part for line in _lines(text.strip()) for part in wrap(line, room, most + 1) or [""]]
        if len(lines) <= most:
            yield from (Text(GAP + line, style) for line in lines)
            return
    before = [part for line in _lines(text[:READ].strip()) for part in wrap(line, room, HEAD + 1) or [""]]
    after = [part for line in _lines(text[-READ:].strip()) for part in _last(line, room) or [""]]
    head, tail = before[: most - TAIL - 1], after[-TAIL:]
    yield from (Text(GAP + line, style) for line in head)
    yield Text(f"{GAP}… ({len(text):,} characters in all)", "dim")
    yield from (Text(GAP + line, style) for line in tail)


def _last(line: str, room: int) -> list[str]:
    """The end of a line, wrapped."""
    return wrap(line[-room * TAIL :], room, 2 * TAIL)


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\r\n", "\n").expandtabs(4).split("\n"):
        yield safe(line)
