"""The verifier that a sweep file, a ledger or the command line names, ready to be run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.installer import install, install_extra
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.verdict_sets.change import WantedSet, checked_name
from orchestrator.ledger.verdict_sets.read import read_sets
from orchestrator.problems.registry import default_verifier
from orchestrator.problems.types import Problem
from orchestrator.sweep.tables.judge import graded_by
from orchestrator.sweep.types import Sweep
from orchestrator.text.command import command
from verifiers.cluster.connection import check_address
from verifiers.registry import FOREIGN, KINDS, bounds_for, get
from verifiers.types import Bounds, NeedyVerifier, Package, Sandbox, Verifier
from verifiers.workers.executor import Executor, LocalExecutor


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedVerifier:
    """What the command line of `verify` says of a verifier; None: nothing."""

    kind: str | None = None
    name: str | None = None
    """Of the set of verdicts."""
    options: Mapping[str, Any] | None = None
    timeout_s: float | None = None
    workers: int | None = None
    memory_mb: int | None = None
    sandbox: Sandbox | None = None
    cluster: str | None = None


def verifier_of_sweep(sweep: Sweep) -> tuple[Executor, dict[str, Any]]:
    """The sweep's verifier, and what the ledger keeps of the choice: kind, options and the limits stated, but no
    consent to do without a sandbox. Raises InputError."""
    kind, options = default_verifier(sweep.problems.source)
    choice = sweep.verifier
    if choice.kind is not None and choice.kind != kind:
        kind, options = choice.kind, {}
    options = {**options, **choice.options}
    if sweep.judge is not None:
        options["graded_by"] = graded_by(sweep.models[sweep.judge])
    kept: dict[str, Any] = {"kind": kind, "options": options}
    kept |= (
        {"name": checked_name(choice.name, f"{sweep.path}: verifier.name")} if choice.name is not None else {}
    )
    kept |= {"timeout_s": choice.timeout_s} if choice.timeout_s is not None else {}
    kept |= {"memory_mb": choice.memory_mb} if choice.memory_mb is not None else {}
    try:
        bounds = bounds_for(
            kind,
            timeout_s=choice.timeout_s,
            workers=choice.workers,
            memory_mb=choice.memory_mb,
            sandbox=choice.sandbox,
            folder=str(sweep.path.parent),
        )
        return executor_for(kind, options, bounds, choice.cluster, during=choice.during), kept
    except ValueError as error:
        raise InputError(f"{sweep.path}: verifier", str(error)) from error


def executor_for(
    kind: str, options: Mapping[str, Any], bounds: Bounds, cluster: str | None, *, during: bool = False
) -> Executor:
    """On the cluster named, else on this machine; quick kinds here in any case, since sending their texts takes longer
    than judging them. `during`: a kind that judges afterwards judges beside sampling too. ValueError, one line, for an
    option out of range or what names no cluster."""
    verifier = get(kind, options, bounds)
    if cluster is not None:
        check_address(cluster)
    if cluster is None or verifier.isolation == "inline":
        return LocalExecutor(verifier, options, bounds, during=during)
    from verifiers.cluster.ray_executor import RayExecutor

    return RayExecutor(verifier, options, bounds, cluster)


def verifier_of_ledger(
    path: Path, stated: StatedVerifier, again: str | None = None
) -> tuple[Executor, WantedSet]:
    """The verifier stated, else the one of the set that is named, else of the current set or the ledger's last run,
    else numeric; and the set that its verdicts are. `again`: the command, for the user to complete. Raises
    InputError."""
    kept = kept_choice(path, stated.name) if stated.kind is None else {}
    kind: str = stated.kind or kept.get("kind", "numeric")
    options = {**kept.get("options", {}), **(stated.options or {})}
    name = stated.name or kept.get("name", kind)
    if kind in FOREIGN and stated.kind is None:
        raise InputError(
            "--verifier",
            f"the ledger names code to run ({kind}: {_words(options)}), which only you can tell to run",
            f"{again or command('verify {}', path)} --verifier {kind} {_words(options)}",
        )
    try:
        bounds = bounds_for(
            kind,
            timeout_s=stated.timeout_s or kept.get("timeout_s"),
            workers=stated.workers,
            memory_mb=stated.memory_mb or kept.get("memory_mb"),
            sandbox=stated.sandbox,
        )
        executor = executor_for(kind, options, bounds, stated.cluster)
    except ValueError as error:
        raise InputError("--verifier", str(error)) from error
    wanted = WantedSet(
        name=checked_name(name, "--as"),
        kind=kind,
        version=executor.verifier.version,
        options=options,
        where="--as" if stated.name is not None else "--verifier",
        remedy=f"give these verdicts a name of their own, such as --as {kind}-2, or use that set: "
        + command("verdicts {} --use {}", path, name),
    )
    return executor, wanted


def require(verifier: Verifier, where: str, problems: Iterable[Problem] = ()) -> None:
    """Raises InputError if this machine lacks what the verifier needs: before money is spent on its samples."""
    lacking = lack_of(verifier, problems)
    if lacking is not None:
        raise InputError(where, *lacking)


def lack_of(verifier: Verifier, problems: Iterable[Problem]) -> tuple[str, str] | None:
    """What this machine lacks to judge answers to these problems, and the remedy as a line that works here."""
    return lack_of_data(verifier, (problem.data for problem in problems))


def lack_of_data(verifier: Verifier, problems: Iterable[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The same, by the problems' data."""
    lacking = verifier.lacks()
    if lacking is None and isinstance(verifier, NeedyVerifier):
        lacking = verifier.lacks_for(problems)
    if lacking is None:
        return None
    message, remedy = lacking
    return message, remedy if isinstance(remedy, str) else _installation(remedy)


def _installation(package: Package) -> str:
    if package.python == sys.executable:
        return install_extra(package.extra)
    return install(package.requirement, python=package.python)


def kept_choice(path: Path, name: str | None) -> dict[str, Any]:
    """Of the set of that name, where there is one; else of the current set, and of the last run's verifier."""
    with reading(path), closing(open_reader(path)) as connection:
        row = connection.execute(
            "SELECT verifier FROM sweep WHERE verifier IS NOT NULL ORDER BY id"
        ).fetchone()
        run: dict[str, Any] = {} if row is None else json.loads(row["verifier"])
        sets = read_sets(connection)
    found = next((one for one in sets if one.name == name), None)
    found = found or next((one for one in sets if one.current), None)
    if found is None or found.kind not in KINDS:  # imported verdicts, which no verifier here can complete
        return run
    limits = run if run.get("kind") == found.kind else {}
    return {**limits, "name": found.name, "kind": found.kind, "options": dict(found.options)}


def _words(options: Mapping[str, Any]) -> str:
    """The options as they are typed."""
    return " ".join(f"--option {key}='{json.dumps(value)}'" for key, value in options.items())
