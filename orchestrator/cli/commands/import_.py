"""`manyfew import`: samples made elsewhere, into a ledger."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from orchestrator.errors import InputError
from orchestrator.grammar import by, many
from orchestrator.text.command import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from orchestrator.ledger.importing.samples import Imported
    from orchestrator.problems.types import Problem


def import_(
    file: list[Path] = typer.Argument(..., help="Files of any format below.", metavar="FILE…"),
    db: Path = typer.Option(
        ..., "--db", help="Write to the ledger at PATH, which is made if it is missing.", metavar="PATH"
    ),
    format_: str | None = typer.Option(
        None, "--format", help="Name the format. Default: as the content tells.", metavar="NAME"
    ),
    model: str | None = typer.Option(
        None, "--model", help="Name the model that made the samples.", metavar="ALIAS"
    ),
    source: str | None = typer.Option(
        None,
        "--source",
        help="Take the problems and their answers from this source, such as humaneval.",
        metavar="NAME",
    ),
    path: Path | None = typer.Option(
        None, "--path", help="Read the source's problems from FILE. Default: the hub.", metavar="FILE"
    ),
    scorer: str | None = typer.Option(
        None, "--scorer", help="Take the verdicts of this scorer or grader.", metavar="NAME"
    ),
    filter_: str | None = typer.Option(
        None, "--filter", help="Take the lines of this filter (lm-eval). Default: the first.", metavar="NAME"
    ),
    metric: str | None = typer.Option(
        None, "--metric", help="Take this metric as the verdict (lm-eval).", metavar="NAME"
    ),
    pass_at: float | None = typer.Option(
        None, "--pass-at", help="Count a score of X or more as right.", metavar="X"
    ),
    prices_on: str | None = typer.Option(
        None,
        "--prices-on",
        help="Price tokens as of this day. Default: the day of each sample.",
        metavar="YYYY-MM-DD",
    ),
    price: list[str] = typer.Option(
        [],
        "--price",
        help="Set a model's price: a name from `prices`, or dollars per million tokens, in/out or "
        "in/cached/out; repeatable.",
        metavar="ALIAS=NAME|IN/OUT",
    ),
    usd_per_sample: str | None = typer.Option(
        None, "--usd-per-sample", help="Set each sample's cost, if the file doesn't state it.", metavar="USD"
    ),
    tokenizer: str | None = typer.Option(
        None,
        "--tokenizer",
        help="Count tokens that the file doesn't state, by this tokenizer of the hub or a tokenizer.json.",
        metavar="NAME",
    ),
    aggregate: bool = typer.Option(
        False,
        "--aggregate",
        help="Read a table of printed results, CSV or JSON Lines: model, k, coverage, usd_per_attempt.",
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Read samples made elsewhere into a ledger.

    Reads logs of inspect_ai (.eval, .json) and lm-eval (samples_*.jsonl), SWE-bench predictions, trajectories of
    mini-swe-agent and SWE-agent, batch output of OpenAI and Anthropic, runs of OpenAI Evals, LiveCodeBench's and
    bigcode's files, HumanEval's and EvalPlus' samples.jsonl, files of monkey_business, and what `export` writes,
    bundles included. Their content tells which. All files are imported, or none if a record is wrong.

    Example: manyfew import logs/*.eval --db runs/old.db

    Example: manyfew import samples.jsonl --db he.db --model mine --source humaneval --path HumanEval.jsonl.gz

    Example: manyfew import table.csv --aggregate --db runs/printed.db

    Example: manyfew import quickstart.zip --db runs/cited.db
    """
    if aggregate:
        if usd_per_sample is not None or tokenizer is not None:
            _refuse_options()
        return _aggregate(file, db, json_=json_)
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.importing.bundle_file import is_bundle
    from orchestrator.ledger.importing.reader import Options
    from orchestrator.ledger.importing.samples import import_samples
    from orchestrator.report.live.counter import counting

    if any(map(is_bundle, file)):
        return _bundle(file, db, json_=json_)
    options = Options(
        format=format_,
        model=_alias(model),
        scorer=scorer,
        filter=filter_,
        metric=metric,
        pass_at=_finite(pass_at),
        usd_per_sample=_dollars(usd_per_sample),
        tokenizer=tokenizer,
        prices_on=prices_on,
        prices=_prices(price),
    )
    with counting("samples read", json_=json_) as show:
        done = import_samples(file, db, show, options, problems=_problems(source, path))
    if json_:
        emit_json({**dataclasses.asdict(done), "db": str(db)})
    else:
        console().print(_text(done, db, _verifier(source)))
    return 0


def _bundle(files: list[Path], db: Path, *, json_: bool) -> int:
    import shlex

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.importing.bundle import restore
    from orchestrator.report.live.counter import counting
    from orchestrator.text.safe import safe

    if len(files) > 1:
        message = "a bundle comes back as a ledger of its own"
        raise InputError(
            str(files[0]), message, f"import it alone; {command('merge')} joins ledgers of one sweep"
        )
    with counting("samples read", json_=json_) as show:
        done = restore(files[0], db, show)
    if json_:
        emit_json({**dataclasses.asdict(done), "db": str(db)})
        return 0
    place = safe(shlex.quote(str(db)))
    models = ", ".join(f"{safe(alias, 200)} {count:,}" for alias, count in list(done.models.items())[:20])
    out = console()
    samples, problems = many(done.samples, "sample"), many(done.problems, "problem")
    out.print(f"{samples} of {problems} restored into {place}: {models}")
    out.print(f"Cite: {safe(done.cite)}\nNext: {command('frontier {}', db)}")
    return 0


def _verifier(source: str | None) -> str | None:
    if source is None:
        return None
    from orchestrator.problems.registry import default_verifier  # heavy

    return default_verifier(source)[0]


def _dollars(usd_per_sample: str | None) -> Decimal | None:
    if usd_per_sample is None:
        return None
    from orchestrator.sweep.load import parse_usd  # heavy

    return parse_usd(usd_per_sample, where="--usd-per-sample")


def _finite(pass_at: float | None) -> float | None:
    import math

    if pass_at is not None and not math.isfinite(pass_at):
        raise InputError("--pass-at", "must be a finite number", "such as --pass-at 0.5")
    return pass_at


def _prices(stated: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in stated:
        alias, equals, word = text.rpartition("=")
        if not equals or not alias or not word.strip():
            raise InputError(
                "--price", f"{text!r} names no model and price", "write ALIAS=NAME or ALIAS=IN/OUT"
            )
        found[alias] = word.strip()
    return found


def _alias(model: str | None) -> str | None:
    if model is None or model.strip():
        return model
    raise InputError("--model", "is empty", "name the model that made the samples")


def _problems(source: str | None, path: Path | None) -> Callable[[], Iterable[Problem]] | None:
    if source is None:
        if path is not None:
            raise InputError("--path", "goes with --source", "name the source, such as --source humaneval")
        return None
    from orchestrator.problems.registry import source as source_of  # heavy
    from orchestrator.problems.types import ProblemsSpec

    chosen, spec = source_of(source), ProblemsSpec(source=source, path=path)
    return lambda: chosen.read(spec)


def _refuse_options() -> NoReturn:
    message = "can't be combined with --tokenizer or --usd-per-sample, which are for samples"
    raise InputError("--aggregate", message, "state usd_per_attempt in the table")


def _aggregate(files: list[Path], db: Path, *, json_: bool) -> int:
    import shlex

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.importing.printed_results import import_aggregate
    from orchestrator.text.safe import safe

    if len(files) > 1:
        raise InputError("--aggregate", "takes one table", "import the others one by one")
    rows = import_aggregate(files[0], db)
    models = list(dict.fromkeys(row.model for row in rows))
    if json_:
        emit_json({"rows": len(rows), "models": models, "db": str(db)})
        return 0
    place = safe(shlex.quote(str(db)))
    names = ", ".join(safe(name, 200) for name in models[:20])
    console().print(
        f"{len(rows):,} printed results imported into {place}: {names}\nNext: {command('frontier {}', db)}"
    )
    return 0


def _text(done: Imported, db: Path, verifier: str | None) -> str:
    import shlex

    from orchestrator.text.safe import safe

    place = safe(shlex.quote(str(db)))
    models = ", ".join(f"{safe(alias, 200)} {count:,}" for alias, count in list(done.models.items())[:20])
    samples, problems = many(done.samples, "sample"), many(done.problems, "problem")
    lines = [f"{samples} of {problems} imported into {place}: {models}"]
    if done.ignored:
        lines.append(f"Ignored unknown keys: {', '.join(safe(name, 60) for name in done.ignored)}.")
    if done.failed:
        lines.append(f"{many(done.failed, 'attempt')} ended in an error without a sample: counted as failed.")
    if done.repeated:
        lines.append(f"Samples that several of the files hold: {done.repeated:,}, counted once.")
    if done.scorers:
        said = ", ".join(f"{safe(name, 60)} {count:,}" for name, count in list(done.scorers.items())[:20])
        lines.append(f"Verdicts by {said}.")
    lines += [safe(note) for note in done.notes[:20]]
    if done.without_text:
        have = by(done.without_text, "has", "have")
        lines.append(f"{done.without_text:,} {have} no text: verify would judge texts that are empty wrong.")
    lines += _costs(done)
    if done.other_problems:
        lines.append(
            f"Problems that have another question or gold answer in the ledger: {done.other_problems:,}; "
            "the ledger's own were kept."
        )
    if done.described is not None:
        lines.append(
            f"{done.described:,} of the problems {by(done.described, 'was', 'were')} found in the source."
        )
    if done.without_verdict:
        judge = "" if verifier is None else f" --verifier {verifier}"
        have = by(done.without_verdict, "has", "have")
        lines.append(f"{done.without_verdict:,} {have} no verdict. Next: {command('verify {}', db)}{judge}")
    else:
        lines.append(f"Next: {command('frontier {}', db)}")
    return "\n".join(lines)


def _costs(done: Imported) -> list[str]:
    from orchestrator.text.safe import safe

    lines: list[str] = []
    if done.computed_cost:
        their = by(done.computed_cost, "its", "their")
        lines.append(f"The cost of {done.computed_cost:,} was computed from {their} tokens.")
    if done.without_cost:
        what = "all" if done.without_cost == done.samples else f"{done.without_cost:,}"
        remedy = "add --usd-per-sample USD to set it"
        for alias, why in list(done.unpriced.items())[:5]:
            lines.append(f"{safe(alias, 200)} has no price: {safe(why, 200)}.")
            remedy = f"add --price '{safe(alias, 200)}=IN/OUT' or --usd-per-sample USD"
        lines.append(f"The cost of {what} of them is unknown: {remedy}.")
    return lines
