"""`manyfew frontier`: coverage against cost, fits, comparisons, the frontier."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.bundles import ledgers
from orchestrator.text.command import command

_MOST_TEXTS_MB = 1000
_TEXTS_MB = 2.0

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

    from orchestrator.analysis.whole_document import FrontierDocuments, Verdicts


def frontier(
    db: list[Path] = typer.Argument(..., callback=ledgers, help="The ledgers.", metavar="DB…"),
    all_: bool = typer.Option(
        False, "--all", help="Show everything: each model's table, every comparison, the whole frontier."
    ),
    axis: str = typer.Option(
        "usd", "--axis", help="Measure cost in usd, flops, tokens, seconds or samples.", metavar="AXIS"
    ),
    cap: float | None = typer.Option(
        None,
        "--cap",
        help="Leave out policies that cost more than this per problem on average, in the axis' unit.",
        metavar="COST",
    ),
    hard_cap: float | None = typer.Option(
        None,
        "--hard-cap",
        help="Leave out policies that can cost more than this on any one problem.",
        metavar="COST",
    ),
    accept: str | None = typer.Option(
        None,
        "--accept",
        help="Stop at what this set of verdicts accepts, as an imperfect verifier would; needs --truth.",
        metavar="NAME",
    ),
    truth: str | None = typer.Option(
        None, "--truth", help="Count as right what this set of verdicts says.", metavar="NAME"
    ),
    false_pass: str | None = typer.Option(
        None,
        "--false-pass",
        help="Assume that a verifier accepts this share of the wrong samples, such as 0.01 or 0.01:0.05.",
        metavar="RATE[:RATE]",
    ),
    problems: int | None = typer.Option(
        None, "--problems", help="Show what money buys on N problems.", metavar="N"
    ),
    write_policy: int | None = typer.Option(
        None,
        "--write-policy",
        help="Write the sweep that buys row N of the table of best buys.",
        metavar="N",
    ),
    output: Path | None = typer.Option(
        None, "-o", "--output", help="Write that sweep to SWEEP, with --write-policy.", metavar="SWEEP"
    ),
    html: Path | None = typer.Option(
        None,
        "--html",
        help="Write the interactive report to FILE; an earlier report is overwritten.",
        metavar="FILE",
    ),
    texts: float | None = typer.Option(
        None,
        "--texts",
        help="Add up to MB of the samples' texts into the report, the hardest problems first. Default: 2.",
        metavar="MB",
    ),
    png: Path | None = typer.Option(None, "--png", hidden=True, metavar="FILE"),
    svg: Path | None = typer.Option(None, "--svg", hidden=True, metavar="FILE"),
    cite: bool = typer.Option(
        False, "--cite", help="Add a digest of the samples to the citation, even above 100,000 samples."
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show what to buy: coverage against cost, and comparisons.

    Tells whether many cheap samples beat a few expensive ones, in one screen; --all shows everything. Works while a
    run writes.

    Example: manyfew frontier runs/quickstart.db

    Example: manyfew frontier runs/quickstart.db --html report.html

    Example: manyfew frontier runs/code.db --accept code-public --truth code
    """
    _moved(db, axis, {"--png": png, "--svg": svg})
    from orchestrator.cli.values import axis_named

    chosen = axis_named(axis)
    taken = _check(html, texts)
    _check_policy(write_policy, output)
    from orchestrator.analysis.page_data import PAGE_AXES
    from orchestrator.analysis.policies import Cap
    from orchestrator.analysis.whole_document import frontier_documents
    from orchestrator.cli.output import console, emit_json
    from orchestrator.report.terminal.budget import print_budget
    from orchestrator.text.safe import safe

    allowed = Cap(_cost("--cap", cap), _cost("--hard-cap", hard_cap))
    verdicts = _verdicts(accept, truth, false_pass)
    many, axes = _problems(problems), PAGE_AXES if html is not None else ()
    with _drawing(html):
        documents = frontier_documents(
            db, chosen, allowed, verdicts=verdicts, problems=many, always_digest=cite, axes=axes
        )
    sampled, whole = documents.sampled, documents.whole
    if html is not None:
        _write(html, documents, db, taken)
    if write_policy is not None and output is not None:
        _write_policy(db, sampled, write_policy, output)
    if json_:
        emit_json(whole)
    else:
        _print(console(), db, documents, everything=all_ or accept is not None or false_pass is not None)
        if problems is not None:
            print_budget(console(), whole, problems)
        for of in whole["citation"]:
            console().print(f"Cite: {of['text']}" + _undigested(of))
    if html is not None:
        console(stderr=True).print(f"Report written to {safe(str(html))}")
    return 0


@contextmanager
def _drawing(html: Path | None) -> Generator[None]:
    """Makes the program that draws the report's charts meanwhile, which takes a second or two."""
    from concurrent.futures import ThreadPoolExecutor

    from orchestrator.report.charts.render import has_charts, program

    if html is None or not has_charts():
        yield
        return
    with ThreadPoolExecutor(1) as beside:
        beside.submit(program)
        yield


def _verdicts(accept: str | None, truth: str | None, false_pass: str | None) -> Verdicts:
    from orchestrator.analysis.whole_document import Verdicts
    from orchestrator.errors import InputError

    if accept is not None and false_pass is not None:
        raise InputError("--false-pass", "stands in place of --accept", "state one of the two")
    if accept is not None and truth is None:
        raise InputError("--accept", "needs the set that is the truth", "add --truth NAME")
    if truth is not None and accept is None and false_pass is None:
        raise InputError("--truth", "needs the set that accepts", "add --accept NAME, or --false-pass RATE")
    return Verdicts(accept, truth, None if false_pass is None else _rates(false_pass))


def _rates(given: str) -> tuple[float, float]:
    from orchestrator.errors import InputError

    low, colon, high = given.partition(":")
    try:
        rates = float(low), float(high if colon else low)
    except ValueError:
        rates = (-1.0, -1.0)
    if not 0 <= rates[0] <= rates[1] <= 1:
        raise InputError("--false-pass", f"{given!r} isn't a share", "such as 0.01, or 0.01:0.05 for a range")
    return rates


def _moved(db: list[Path], axis: str, flags: dict[str, Path | None]) -> None:
    """Flags of 0.1, answered with the line that now does the same. Raises InputError."""
    from orchestrator.errors import InputError

    old = {flag: file for flag, file in flags.items() if file is not None}
    if old:
        more = "" if axis == "usd" else f" --axis {axis}"
        lines = [command(f"figure {'{} ' * len(db)}-o {{}}{more}", *db, file) for file in old.values()]
        raise InputError(" and ".join(old), "moved to the command figure", " && ".join(lines))


def _print(out: Console, db: list[Path], documents: FrontierDocuments, *, everything: bool) -> None:
    """Printed results first, since they are few; then samples, as without any."""
    sampled, whole, repeats, _ = documents
    from orchestrator.ledger.reading.money.imported import imported_pico, merged_pico
    from orchestrator.ledger.reading.money.status import read_status
    from orchestrator.report.terminal.frontier import print_frontier
    from orchestrator.report.terminal.one_screen import Spent, print_one_screen
    from orchestrator.report.terminal.printed import print_printed
    from pricing.types import PICO_PER_USD

    if "printed" in whole:
        print_printed(out, whole["printed"], whole["comparisons"])
    document = {**sampled, "warnings": whole["warnings"]}
    if everything:
        print_frontier(out, document)
        return
    paths = [path for path in dict.fromkeys(path.resolve() for path in db) if path not in repeats]
    held = [read_status(path) for path in paths]
    sums = (
        round(sum(of[f"{key}_usd"] for of in held) * PICO_PER_USD)
        for key in ("settled", "presumed", "replayed")
    )
    elsewhere = {"imported": sum(map(imported_pico, paths)), "merged": sum(map(merged_pico, paths))}
    print_one_screen(out, document, Spent(*sums, **elsewhere))


def _write_policy(db: list[Path], document: dict[str, Any], number: int, output: Path) -> None:
    from orchestrator.cli.output import console
    from orchestrator.next_dollar.policy_sweep import write_policy
    from orchestrator.run.planning.policy_budget import expected_usd
    from orchestrator.text.frontier_words import bought

    files = write_policy(db, document, number, output, expected_usd)
    runs = " && ".join(command("run {}", file) for file in files)
    console(stderr=True).print(
        f"Policy {number}: {bought(document['best_buys'][number - 1]['policy'])}. Next: {runs}"
    )


def _check_policy(number: int | None, output: Path | None) -> None:
    from orchestrator.errors import InputError

    if number is not None and output is None:
        raise InputError("--write-policy", "needs the name of the file to write", "add -o SWEEP")
    if number is None and output is not None:
        raise InputError("-o", "goes with --write-policy N", f"for a figure: {command('figure DB -o FILE')}")


def _check(html: Path | None, texts: float | None) -> float:
    """What would fail at the end fails at the start. Gives the megabytes of texts."""
    from orchestrator.errors import InputError
    from orchestrator.report.report_file import check_target

    if html is None:
        if texts is not None:
            raise InputError("--texts", "goes with a report", "add --html FILE")
        return 0.0
    if texts is None:
        texts = _TEXTS_MB
    if not 0 <= texts <= _MOST_TEXTS_MB:
        raise InputError(
            "--texts", f"{texts:g} isn't a size in MB", f"use a number from 0 to {_MOST_TEXTS_MB}"
        )
    check_target("html", html)
    return texts


def _write(html: Path, documents: FrontierDocuments, db: list[Path], texts: float) -> None:
    from orchestrator.report.report_file import write_report

    write_report("html", html, _page(documents, db, texts).encode())


def _page(documents: FrontierDocuments, db: list[Path], texts: float) -> str:
    import shlex

    from orchestrator.analysis.page_data import report_data
    from orchestrator.ledger.reading.samples.page_samples import page_samples
    from orchestrator.ledger.reading.samples.provenance import read_provenance
    from orchestrator.report.charts.render import has_charts, program
    from orchestrator.report.page.page import page
    from orchestrator.report.page.samples import MB, Texts, packed

    data = report_data(documents.sampled, documents.read, read_provenance(db))
    models = documents.read["usd"]
    held = packed(data["grid"], lambda problem: page_samples(models, problem), int(texts * MB))
    show = tuple(f"manyfew show {shlex.quote(str(path))}" for path in db)
    return page(documents.whole, data, program() if has_charts() else "", Texts(held, show))


def _undigested(citation: dict[str, Any]) -> str:
    return "" if citation["sha256"] is not None else " (add --cite for a digest of the samples)"


def _problems(number: int | None) -> int | None:
    from orchestrator.errors import InputError

    if number is None or 0 < number <= 10**9:
        return number
    raise InputError("--problems", f"{number} isn't a number of problems", "use a whole number from 1")


def _cost(flag: str, value: float | None) -> float | None:
    from orchestrator.errors import InputError

    if value is None or 0 < value < float("inf"):
        return value
    raise InputError(flag, f"{value} isn't a cost", "use a number above 0")
