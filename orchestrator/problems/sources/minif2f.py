"""Source `minif2f`: competition mathematics as theorems of Lean 4, from a file or the hub.

Files as they are published: one JSON object a line with `name` (or `id`), `formal_statement` (ending in `:= sorry` or
`:= by`), `header` and, if at all, `split` and `informal_stmt`, `informal_prefix` or `nl_statement`. On the hub:
cat-searcher/minif2f-lean4, which "Large Language Monkeys" uses.

`split` is test or valid; test-math and valid-math are their problems taken from the MATH data set, whose names begin
with mathd: test-math is the 130 problems of the paper's MiniF2F-MATH. Rows of another split are passed over.

The paper's prompt gives five worked proofs, then header and statement in an open block; so does this, for base models,
if `few_shot_path` names a file in the same format with a `proof` (or `solution`) to each statement. The same
examples stand before every problem, drawn by few_shot_seed; none is the problem itself. The paper numbers its
theorems, while here they keep their names, and it opens the proof with `by (`, here `by`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.problems.hub import download
from orchestrator.problems.lines import read_objects
from orchestrator.problems.seeded_shuffle import sample_indices, seeded
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "cat-searcher/minif2f-lean4"
FILES = {"test": "test.jsonl", "valid": "valid.jsonl"}
SPLITS = ("test", "valid", "test-math", "valid-math")
MATH_PREFIX = "mathd"

TASK = "Prove this theorem in Lean 4; all of Mathlib may be used."
CHAT = (
    TASK
    + " Answer with one block fenced by ```lean4 and ``` that repeats the theorem, its statement unchanged, and"
    " proves it, without sorry and without axioms of its own.\n\n{few_shot}```lean4\n{header}\n\n{opening}\n```"
)
COMPLETION = "{few_shot}" + TASK + "\n```lean4\n{header}\n\n{opening}\n"
_END = re.compile(r":=\s*(?:by\b)?\s*(?:sorry\b)?\s*\Z")
_INFORMAL = ("informal_stmt", "informal_prefix", "informal_statement", "nl_statement")
_PROOF = ("proof", "solution", "formal_proof")


class MiniF2F:
    """Keys are the theorems' names. ProofNet has some of them several times, for one exercise of each book: the second
    is `name (2)`."""

    system: str | None = None
    few_shot = True

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "lean", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return COMPLETION if api == "completions" else CHAT

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        if spec.split not in SPLITS:
            raise InputError(
                "problems.split", f"minif2f has no split {spec.split!r}", f"one of {', '.join(SPLITS)}"
            )
        split, _, part = spec.split.partition("-")
        path = spec.path or Path(download(DATASET, FILES[split]))
        examples = _examples(spec) if spec.few_shot else []
        seen: dict[str, set[str]] = {}
        for line, row in read_objects(path):
            if row.get("split") not in (None, split):
                continue
            data = _checked(row, f"{path}:{line}")
            name = data["name"]
            if part and not name.startswith(MATH_PREFIX):
                continue
            same = seen.setdefault(name, set())
            if data["formal_statement"] in same:
                raise InputError(f"{path}:{line}", f"theorem {name!r} appears twice", "keep one of them")
            same.add(data["formal_statement"])
            key = name if len(same) == 1 else f"{name} ({len(same)})"
            others = [text for known, text in examples if known != name][: spec.few_shot]
            yield Problem(key, data | {"few_shot": "".join(others)})
        if not seen:
            raise InputError(
                str(path),
                f"holds no problem of {spec.split}",
                "MiniF2F's own format: one JSON object a line with name, formal_statement and header",
            )


def _examples(spec: ProblemsSpec) -> list[tuple[str, str]]:
    """(name, worked proof), one more than asked: a problem is never its own example."""
    if spec.few_shot_path is None:
        raise InputError(
            "problems.few_shot",
            "the hub's MiniF2F has no proofs to show",
            "state few_shot_path, a file in the same format with a proof to each statement",
        )
    rows = [
        (_checked(row, f"{spec.few_shot_path}:{line}"), _proof(row, f"{spec.few_shot_path}:{line}"))
        for line, row in read_objects(spec.few_shot_path)
    ]
    if len(rows) < spec.few_shot:
        raise InputError(
            "problems.few_shot",
            f"{many(spec.few_shot, 'example')} requested of {len(rows):,}",
            "ask for fewer",
        )
    rng = seeded("minif2f few-shot", spec.few_shot_seed)
    drawn = sample_indices(len(rows), min(spec.few_shot + 1, len(rows)), rng)
    return [(data["name"], _shown(data, proof)) for data, proof in (rows[at] for at in drawn)]


def _shown(data: Mapping[str, str], proof: str) -> str:
    return f"{TASK}\n```lean4\n{data['header']}\n\n{data['opening']}\n{proof}\n```\n\n"


def _proof(row: Mapping[str, Any], where: str) -> str:
    for name in _PROOF:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip("\n").removeprefix("by\n")
    raise InputError(where, "no proof as text", "every example needs its proof")


def _checked(row: Mapping[str, Any], where: str) -> dict[str, str]:
    """`opening` is the statement up to and with `:= by`; a solution that a row may hold stays out."""
    name = row.get("name") or row.get("id")
    statement, header = row.get("formal_statement"), row.get("header")
    if not isinstance(name, str) or not name.strip():
        raise _not_ours(where, "no name or id as text")
    if not isinstance(statement, str) or not statement.strip():
        raise _not_ours(where, "no formal_statement as text")
    if not isinstance(header, str):
        raise _not_ours(where, "no header as text")
    end = _END.search(statement)
    if end is None:
        raise _not_ours(where, "formal_statement does not end in := sorry or := by")
    data = {
        "name": name,
        "formal_statement": statement,
        "header": header.strip(),
        "opening": f"{statement[: end.start()].strip()} := by",
    }
    informal = next((row[field] for field in _INFORMAL if isinstance(row.get(field), str)), None)
    return data | ({"informal": informal} if informal else {})


def _not_ours(where: str, what: str) -> InputError:
    return InputError(where, what, 'this is not MiniF2F\'s own format; for other files source = "jsonl"')
