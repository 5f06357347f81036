"""`manyfew verify`: verdicts for samples that have none, or for all by another verifier. Spends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verifiers.types import Sandbox


MOST_REASONS = 5


def verify(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    verifier: str | None = typer.Option(
        None, "--verifier", help="Judge all samples by this kind, such as numeric.", metavar="KIND"
    ),
    option: list[str] | None = typer.Option(
        None,
        "--option",
        help="Set an option of the verifier, such as tolerance=0.01; repeatable.",
        metavar="KEY=VALUE",
    ),
    name: str | None = typer.Option(
        None,
        "--as",
        help="Name the set that these verdicts go into. Default: the verifier's kind.",
        metavar="NAME",
    ),
    timeout: str | None = typer.Option(
        None, "--timeout", help="Limit the time for one verdict, such as 30s.", metavar="TIME"
    ),
    workers: int | None = typer.Option(
        None,
        "--workers",
        min=1,
        max=1024,
        help="Make N verdicts at the same time. Default: one per core.",
        metavar="N",
    ),
    memory_mb: int | None = typer.Option(
        None, "--memory-mb", min=64, help="Limit the memory for one verdict.", metavar="MB"
    ),
    sandbox: str | None = typer.Option(
        None,
        "--sandbox",
        help="Run programs in bubblewrap, container or none-i-trust-this-code.",
        metavar="KIND",
    ),
    budget: str | None = typer.Option(
        None,
        "--budget",
        help="Set the budget of --verifier reward, a total over all that the ledger spends.",
        metavar="USD",
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Judge the samples that have no verdict yet.

    With --verifier, --option or --as, judges all samples by another verifier. Its verdicts become the current set;
    those of before are kept, and the command that makes them current again is printed. Spends nothing, except with
    --verifier reward.

    Example: manyfew verify runs/quickstart.db --verifier math --as strict
    """
    from dataclasses import asdict

    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import seconds
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.identity import check
    from orchestrator.ledger.file.lock import acquire
    from orchestrator.ledger.reading.compared_sets import compare_sets
    from orchestrator.ledger.reading.samples.one_sided import one_sided_models
    from orchestrator.report.live.counter import counting
    from orchestrator.report.terminal.verdict_sets import print_change, print_verified
    from orchestrator.run.missing_packages import in_words, missing_packages
    from orchestrator.run.verdicts.choose_verifier import StatedVerifier, require, verifier_of_ledger
    from orchestrator.run.verdicts.public_tests import add_public_set
    from orchestrator.run.verdicts.verify_ledger import verify_ledger
    from orchestrator.text.safe import safe

    check(db)
    if verifier == "reward":
        from orchestrator.cli.verify_reward import score

        if name is not None:
            raise InputError("--as", "names verdicts; a reward model gives scores", "leave it out")
        return score(db, _options(option or ()), budget, json_=json_)
    if budget is not None:
        raise InputError("--budget", "goes with --verifier reward; other verifiers are free", "leave it out")
    stated = StatedVerifier(
        kind=verifier,
        name=name,
        options=_options(option or ()),
        timeout_s=None if timeout is None else seconds(timeout, where="--timeout"),
        workers=workers,
        memory_mb=memory_mb,
        sandbox=_sandbox(sandbox),
    )
    executor, wanted = verifier_of_ledger(db, stated)
    require(executor.verifier, "--verifier")
    lock = acquire(db)
    try:
        with counting("verifying", json_=json_) as show:
            which = "open" if verifier is None and name is None and not option else "all"
            done = verify_ledger(lock, executor, which=which, wanted=wanted, on_progress=show)
        if done.change is not None:
            add_public_set(lock, done.change.now)
    finally:
        executor.close()
        lock.release()
    assert done.change is not None
    compared = compare_sets(db, done.change.now, done.change.before)
    missing = missing_packages(db, executor.name)
    document = {
        "name": done.change.now.name,
        "kind": executor.verifier.kind,
        "version": executor.verifier.version,
        "judged": done.judged,
        **asdict(compared.now),
        "before": None
        if done.change.before is None or compared.before is None
        else {"name": done.change.before.name, "right": compared.before.right},
        "agreement": asdict(compared.agreement),
        "reasons": dict(done.reasons.most_common(MOST_REASONS)),
        "missing_packages": dict(missing),
    }
    if json_:
        emit_json(document)
        return 0
    out = console()
    print_verified(out, db, done, compared)
    for reason, count in done.reasons.most_common(MOST_REASONS):
        out.print(f"  no verdict: {safe(reason, 200)} ({count:,})")
    for line in in_words(missing):
        out.print(f"  {line}")
    for alias, words in one_sided_models(db).items():
        out.print(f"warning: {safe(alias, 60)}: {words}", markup=False)
    print_change(out, db, done.change, compared)
    return 0


def _options(given: Sequence[str]) -> dict[str, Any]:
    """Each value as TOML writes it, else as plain text."""
    import tomllib

    from orchestrator.errors import InputError

    options: dict[str, Any] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise InputError("--option", f"{word!r} isn't KEY=VALUE", "such as --option tolerance=0.01")
        try:
            options[key.strip()] = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            options[key.strip()] = value
    return options


def _sandbox(given: str | None) -> Sandbox | None:
    from typing import get_args

    from orchestrator.errors import InputError
    from verifiers.types import Sandbox

    if given is None:
        return None
    for known in get_args(Sandbox):
        if given == known:
            return known
    raise InputError(
        "--sandbox", f"{given!r} isn't a kind of sandbox", f"use one of {', '.join(get_args(Sandbox))}"
    )
