"""`manyfew verify`: verdicts for samples that have none, or for all by another verifier."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.cli.verifying.verifier_flags import (
    CLUSTER,
    MEMORY_MB,
    NAME,
    OPTION,
    SANDBOX,
    TIMEOUT,
    VERIFIER,
    WORKERS,
    options_given,
    sandbox_given,
)


def verify(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    verifier: str | None = VERIFIER,
    option: list[str] | None = OPTION,
    name: str | None = NAME,
    timeout: str | None = TIMEOUT,
    workers: int | None = WORKERS,
    memory_mb: int | None = MEMORY_MB,
    sandbox: str | None = SANDBOX,
    cluster: str | None = CLUSTER,
    budget: str | None = typer.Option(
        None,
        "--budget",
        help="Set the budget of --verifier judge or reward, a total over all that the ledger spends.",
        metavar="USD",
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Judge the samples that have no verdict yet.

    With --verifier, --option or --as, judges all samples by another verifier. Its verdicts become the current set;
    those of before are kept, and the command that makes them current again is printed. Spends nothing, except with
    --verifier judge or reward.

    Example: manyfew verify runs/quickstart.db --verifier math --as strict
    """
    from orchestrator.cli.values import seconds
    from orchestrator.cli.verifying.verified import show_verified
    from orchestrator.errors import InputError
    from orchestrator.ledger.file.identity import check
    from orchestrator.ledger.file.lock import acquire
    from orchestrator.report.live.counter import counting
    from orchestrator.run.verdicts.choose_verifier import (
        StatedVerifier,
        kept_choice,
        require,
        verifier_of_ledger,
    )
    from orchestrator.run.verdicts.public_tests import add_public_set
    from orchestrator.run.verdicts.verify_ledger import verify_ledger

    check(db)
    if verifier == "reward":
        from orchestrator.cli.verifying.verify_reward import score

        if name is not None:
            raise InputError("--as", "names verdicts; a reward model gives scores", "leave it out")
        return score(db, options_given(option or ()), budget, json_=json_)
    stated = StatedVerifier(
        kind=verifier,
        name=name,
        options=options_given(option or ()),
        timeout_s=None if timeout is None else seconds(timeout, where="--timeout"),
        workers=workers,
        memory_mb=memory_mb,
        sandbox=sandbox_given(sandbox),
        cluster=cluster,
    )
    which = "open" if verifier is None and name is None and not option else "all"
    if (verifier or kept_choice(db, name).get("kind")) == "judge":
        from orchestrator.cli.verifying.verify_judge import judge

        return judge(db, stated, budget, which=which, json_=json_)
    if budget is not None:
        remedy = "leave it out: other verifiers are free"
        raise InputError("--budget", "goes with --verifier judge or reward", remedy)
    executor, wanted = verifier_of_ledger(db, stated)
    require(executor.verifier, "--verifier")
    lock = acquire(db)
    try:
        with counting("verifying", json_=json_) as show:
            done = verify_ledger(lock, executor, which=which, wanted=wanted, on_progress=show)
        if done.change is not None:
            add_public_set(lock, done.change.now)
    finally:
        executor.close()
        lock.release()
    return show_verified(db, done, json_=json_)
