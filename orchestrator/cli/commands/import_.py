"""`manyfew import`: samples made elsewhere, into a ledger."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from orchestrator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.ledger.importing.monkeys import Options
    from orchestrator.ledger.importing.samples import Imported
    from orchestrator.problems.types import Problem


def import_(
    file: Path = typer.Argument(
        ..., help="JSON Lines, one sample per line; or a file of monkey_business.", metavar="FILE"
    ),
    db: Path = typer.Option(
        ..., "--db", help="Write to the ledger at PATH, which is made if it is missing.", metavar="PATH"
    ),
    model: str | None = typer.Option(
        None,
        "--model",
        help="Name the model that lines of task_id and completion come from.",
        metavar="ALIAS",
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
    usd_per_sample: str | None = typer.Option(
        None, "--usd-per-sample", help="Set each sample's cost, if the file doesn't state it.", metavar="USD"
    ),
    tokenizer: str | None = typer.Option(
        None,
        "--tokenizer",
        help="Count tokens by this tokenizer of the hub, or a tokenizer.json (monkey_business).",
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

    Reads what `export --format jsonl` writes, HumanEval's samples.jsonl (task_id, completion), and files in the format
    of ScalingIntelligence/monkey_business (JSON, JSON Lines, Parquet); their content tells which. All samples are
    imported, or none if a line is wrong. A line needs model, problem and sample_index; with question and gold, verify
    can judge it.

    Example: manyfew import samples.jsonl --db runs/samples.db

    Example: manyfew import samples.jsonl --db he.db --model mine --source humaneval --path HumanEval.jsonl.gz

    Example: manyfew import table.csv --aggregate --db runs/printed.db
    """
    if aggregate:
        if usd_per_sample is not None or tokenizer is not None:
            _refuse_options()
        return _aggregate(file, db, json_=json_)
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.importing.samples import import_samples
    from orchestrator.problems.registry import default_verifier
    from orchestrator.report.live.counter import counting

    with counting("lines read", json_=json_) as show:
        done = import_samples(
            file,
            db,
            show,
            _options(usd_per_sample, tokenizer),
            model=_alias(model),
            problems=_problems(source, path),
        )
    if json_:
        emit_json({**dataclasses.asdict(done), "db": str(db)})
    else:
        console().print(_text(done, db, None if source is None else default_verifier(source)[0]))
    return 0


def _options(usd_per_sample: str | None, tokenizer: str | None) -> Options | None:
    from orchestrator.ledger.importing.monkeys import Options
    from orchestrator.sweep.load import parse_usd

    if usd_per_sample is None and tokenizer is None:
        return None
    usd = None if usd_per_sample is None else parse_usd(usd_per_sample, where="--usd-per-sample")
    return Options(usd_per_sample=usd, tokenizer=tokenizer)


def _alias(model: str | None) -> str | None:
    if model is None or model.strip():
        return model
    raise InputError("--model", "is empty", "name the model that made the samples")


def _problems(source: str | None, path: Path | None) -> Callable[[], Iterable[Problem]] | None:
    from orchestrator.problems.registry import source as source_of
    from orchestrator.problems.types import ProblemsSpec

    if source is None:
        if path is not None:
            raise InputError("--path", "goes with --source", "name the source, such as --source humaneval")
        return None
    chosen, spec = source_of(source), ProblemsSpec(source=source, path=path)
    return lambda: chosen.read(spec)


def _refuse_options() -> NoReturn:
    message = "can't be combined with --tokenizer or --usd-per-sample, which are for samples"
    raise InputError("--aggregate", message, "state usd_per_attempt in the table")


def _aggregate(file: Path, db: Path, *, json_: bool) -> int:
    import shlex

    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.importing.printed_results import import_aggregate
    from orchestrator.text.safe import safe

    rows = import_aggregate(file, db)
    models = list(dict.fromkeys(row.model for row in rows))
    if json_:
        emit_json({"rows": len(rows), "models": models, "db": str(db)})
        return 0
    place = safe(shlex.quote(str(db)))
    names = ", ".join(safe(name, 60) for name in models[:20])
    console().print(
        f"{len(rows):,} printed results imported into {place}: {names}\nNext: manyfew frontier {place}"
    )
    return 0


def _text(done: Imported, db: Path, verifier: str | None) -> str:
    import shlex

    from orchestrator.text.safe import safe

    place = safe(shlex.quote(str(db)))
    models = ", ".join(f"{safe(alias, 60)} {count:,}" for alias, count in list(done.models.items())[:20])
    lines = [f"{done.samples:,} samples of {done.problems:,} problems imported into {place}: {models}"]
    if done.ignored:
        lines.append(f"Ignored unknown keys: {', '.join(safe(name, 60) for name in done.ignored)}.")
    if done.without_text:
        lines.append(f"{done.without_text:,} have no text: verify would judge them wrong, as empty.")
    if done.without_cost:
        what = "all" if done.without_cost == done.samples else f"{done.without_cost:,}"
        lines.append(f"The cost of {what} of them is unknown: add --usd-per-sample USD to set it.")
    if done.other_problems:
        lines.append(
            f"{done.other_problems:,} problems have another question or gold answer in the ledger; "
            "the ledger's own were kept."
        )
    if done.described is not None:
        lines.append(f"{done.described:,} of the problems were found in the source.")
    if done.without_verdict:
        judge = "" if verifier is None else f" --verifier {verifier}"
        lines.append(f"{done.without_verdict:,} have no verdict. Next: manyfew verify {place}{judge}")
    else:
        lines.append(f"Next: manyfew frontier {place}")
    return "\n".join(lines)
