"""`manyfew verify`: verdicts for what has none, or anew with another verifier. Spends nothing."""

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
        None, "--verifier", help="Judge everything anew with this kind, such as numeric.", metavar="KIND"
    ),
    option: list[str] | None = typer.Option(
        None,
        "--option",
        help="An option of the kind, such as tolerance=0.01. Repeatable.",
        metavar="KEY=VALUE",
    ),
    timeout: str | None = typer.Option(
        None, "--timeout", help="How long one verdict may take, such as 30s.", metavar="TIME"
    ),
    workers: int | None = typer.Option(
        None, "--workers", min=1, max=1024, help="Verdicts at once. Default: one a core."
    ),
    memory_mb: int | None = typer.Option(
        None, "--memory-mb", min=64, help="Memory of one verdict.", metavar="MB"
    ),
    sandbox: str | None = typer.Option(
        None, "--sandbox", help="bubblewrap, container or none-i-trust-this-code.", metavar="KIND"
    ),
    budget: str | None = typer.Option(
        None,
        "--budget",
        help="Dollars, over all that the ledger spends; for --verifier reward.",
        metavar="USD",
    ),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Judge the samples that have no verdict; with --verifier or --option, all of them anew.

    Example: manyfew verify runs/quickstart.db --verifier numeric
    """
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import seconds
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.identity import check
    from orchestrator.ledger.file.lock import acquire
    from orchestrator.report.live.counter import counting
    from orchestrator.run.verdicts.choose_verifier import StatedVerifier, require, verifier_of_ledger
    from orchestrator.run.verdicts.verify_ledger import verify_ledger
    from orchestrator.text.safe import safe

    check(db)
    if verifier == "reward":
        from orchestrator.cli.verify_reward import score

        return score(db, _options(option or ()), budget, json_=json_)
    if budget is not None:
        raise InputError("--budget", "only --verifier reward costs money", "leave it out")
    stated = StatedVerifier(
        kind=verifier,
        options=_options(option or ()),
        timeout_s=None if timeout is None else seconds(timeout, where="--timeout"),
        workers=workers,
        memory_mb=memory_mb,
        sandbox=_sandbox(sandbox),
    )
    executor = verifier_of_ledger(db, stated)
    require(executor.verifier, "--verifier")
    lock = acquire(db)
    try:
        with counting("verifying", json_=json_) as told:
            which = "open" if verifier is None and not option else "all"
            done = verify_ledger(db, executor, which=which, told=told)
    finally:
        executor.close()
        lock.release()
    document = {
        "verifier": executor.name,
        "judged": done.judged,
        "passed": done.passed,
        "failed": done.failed,
        "undecided": done.undecided,
        "reasons": dict(done.reasons.most_common(MOST_REASONS)),
    }
    if json_:
        emit_json(document)
        return 0
    out = console()
    out.print(
        f"{done.judged:,} samples judged by {safe(executor.name, 80)}: {done.passed:,} right, {done.failed:,} wrong"
        + (f", {done.undecided:,} could not be told" if done.undecided else "")
        + f". Next: manyfew frontier {db}"
    )
    for reason, count in done.reasons.most_common(MOST_REASONS):
        out.print(f"  could not be told: {safe(reason, 200)} ({count:,})")
    return 0


def _options(given: Sequence[str]) -> dict[str, Any]:
    """Each value as TOML writes it, else as plain text."""
    import tomllib

    from orchestrator.errors import InputError

    options: dict[str, Any] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise InputError("--option", f"{word!r} is not KEY=VALUE", "such as --option tolerance=0.01")
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
        "--sandbox", f"{given!r} is no kind of sandbox", f"one of {', '.join(get_args(Sandbox))}"
    )
