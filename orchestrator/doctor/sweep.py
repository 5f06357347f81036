"""What a sweep needs: keys, prices, problems, tapes, endpoints, and a place for its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.doctor.agents import agent_findings
from orchestrator.doctor.endpoints import endpoints
from orchestrator.doctor.finding import Finding
from orchestrator.doctor.place import place
from orchestrator.doctor.servers import server_findings
from orchestrator.errors import InputError
from orchestrator.ledger.reading.for_run.unsolved import unsolved
from orchestrator.problems.registry import load
from orchestrator.problems.types import Problem
from orchestrator.run.prices import price_of
from orchestrator.run.verdicts.choose_verifier import lack_of, verifier_of_sweep
from orchestrator.run.verdicts.gold_check import gold_judged_wrong
from orchestrator.sweep.load import key_problem
from orchestrator.sweep.source import located
from orchestrator.sweep.types import Model, Sweep
from pricing.types import Price

MOST_GOLDS = 200


def sweep_findings(sweep: Sweep, ledger: Path) -> list[Finding]:
    """Sends one free request to each endpoint; reads the problems, from the hub where they come from there."""
    finding, problems = _problems(sweep)
    tokens = sum(model.samples * model.max_tokens for model in sweep.models.values()) * len(problems)
    return [
        *_keys(sweep),
        *(_price(sweep, model) for model in sweep.models.values()),
        finding,
        _verifier(sweep, problems),
        *_tapes(sweep),
        *agent_findings(sweep),
        *server_findings(sweep),
        *endpoints({alias: model for alias, model in sweep.models.items() if model.serve is None}),
        *place(ledger, most_tokens=tokens),
    ]


def _keys(sweep: Sweep) -> Iterator[Finding]:
    """A key is recognised by its variable's name alone."""
    users: dict[str, list[Model]] = {}
    for model in sweep.models.values():
        if model.api_key_env is not None:
            users.setdefault(model.api_key_env, []).append(model)
    for name, models in users.items():
        problem = key_problem(models[0])
        aliases = ", ".join(model.alias for model in models)
        if problem is None:
            yield Finding("ok", "key", f"{name} is set, for {aliases}")
        else:
            yield Finding("missing", "key", f"{problem[0]} ({aliases})", problem[1])


def _price(sweep: Sweep, model: Model) -> Finding:
    try:
        price = price_of(sweep, model)
    except InputError as error:
        return Finding("missing", "price", f"{model.alias}: {error.message}", error.remedy)
    return Finding("ok", "price", f"{model.alias}: {_told(price)}")


def _told(price: Price) -> str:
    named = (price.source, price.version, price.name) if price.version else (price.source,)  # else as stated
    source = " ".join(filter(None, named))
    rates = price.bands[0].rates
    if not rates.input and not rates.output:
        return source
    return f"${rates.input:f} in, ${rates.output:f} out per million tokens, from {source}"


def _problems(sweep: Sweep) -> tuple[Finding, Sequence[Problem]]:
    try:
        with located(sweep):
            problems = unsolved(sweep.problems, load(sweep.problems))
    except InputError as error:
        return Finding("missing", "problems", f"{error.where}: {error.message}", error.remedy), ()
    if not problems:
        return Finding("missing", "problems", "the source has no problems", "check [problems]"), ()
    return Finding("ok", "problems", f"{len(problems):,} from {sweep.problems.source}"), problems


def _verifier(sweep: Sweep, problems: Sequence[Problem]) -> Finding:
    try:
        executor, _ = verifier_of_sweep(sweep)
    except InputError as error:
        return Finding("missing", "verifier", f"{error.where}: {error.message}", error.remedy)
    lacking = lack_of(executor.verifier, problems)
    if lacking is not None:
        return Finding("missing", "verifier", *lacking)
    try:
        wrong = gold_judged_wrong(executor, problems, MOST_GOLDS)
    finally:
        executor.close()
    if wrong is not None:
        remedy = "choose another verifier, or say in its option field which field has the answer"
        return Finding("note", "verifier", wrong, remedy)
    where = "every node of the cluster" if sweep.verifier.cluster else "this machine"
    inside = f", in the sandbox {sweep.verifier.sandbox}" if sweep.verifier.sandbox else ""
    return Finding("ok", "verifier", f"{executor.verifier.kind} can judge on {where}{inside}")


def _tapes(sweep: Sweep) -> Iterator[Finding]:
    for model in sweep.models.values():
        if model.tape is None:
            continue
        tape = _tape(model.tape)
        if tape.is_file():
            yield Finding("ok", "tape", f"{model.alias}: {tape.name}")
        else:
            yield Finding(
                "missing", "tape", f"{model.alias}: {tape} doesn't exist", "record it or choose another"
            )


def _tape(name: str) -> Path:
    if name != "quickstart":
        return Path(name)
    from orchestrator.quickstart import tape_path

    return Path(str(tape_path()))
