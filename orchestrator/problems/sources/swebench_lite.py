"""Source `swebench-lite`: issues of Python repositories to be solved by a patch (Jimenez et al. 2024), from a file in
its own format (one JSON object a line) or the hub.

"Large Language Monkeys" sampled whole attempts of an agent (Moatless Tools) that searches and edits the repository.
This source asks once for a patch: a model sees what the prompt holds and cannot look anything up. Of the plain data
set that is the issue alone, which little can be solved from; the data sets with retrieved files (a `text` column,
such as SWE-bench_Lite_oracle) bring the files and the request with them, and are sent as they are. Coverage is
therefore not comparable with the paper's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.problems.hub import read_parquet
from orchestrator.problems.lines import read_objects
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "SWE-bench/SWE-bench_Lite"
SPLITS = ("dev", "test")
COLUMNS = ("instance_id", "repo", "base_commit", "version", "problem_statement", "hints_text")
"""What a prompt or the verifier names. The solution and the tests stay out, so that no template can send them; the
harness has its own copy of the data set."""
NEEDED = ("instance_id", "repo", "base_commit", "problem_statement")

ISSUE = """\
This issue was reported for the repository {repo} (commit {base_commit}):

<issue>
{problem_statement}
</issue>

Change the repository's code so that the issue is solved and what worked before still works. The change is judged by
the repository's tests; leave the tests as they are. Answer with one patch in unified diff format that `git apply`
takes at the root of the repository, with paths from there, in a single block:

```diff
diff --git a/path/to/file.py b/path/to/file.py
--- a/path/to/file.py
+++ b/path/to/file.py
@@ -1,3 +1,3 @@
 …
```"""


class SwebenchLite:
    """Keys are instance_id. `question` is the whole request: the row's own `text` if it has one, else the issue
    with what is asked for. A template of one's own may name the columns instead, hints_text too."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "swebench", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return "{question}"

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for where, row in _rows(spec.path, spec.split):
            problem = _problem(row, where)
            if problem.key in seen:
                raise InputError(
                    where, f"instance_id {problem.key!r} is taken by {seen[problem.key]}", "keep one of them"
                )
            seen[problem.key] = where
            yield problem
        if not seen:
            raise InputError(str(spec.path or DATASET), "holds no problem", "one JSON object a line")


def _rows(path: Path | None, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, row) of each line of a local file, or of the hub's split."""
    if path is not None:
        for line, row in read_objects(path):
            yield f"{path}:{line}", row
        return
    if split not in SPLITS:
        raise InputError(
            "problems.split", f"swebench-lite has no split {split!r}", f"one of {', '.join(SPLITS)}"
        )
    for number, row in enumerate(
        read_parquet(DATASET, f"data/{split}-00000-of-00001.parquet", list(COLUMNS))
    ):
        yield f"{DATASET} {split} row {number}", row


def _problem(row: Mapping[str, Any], where: str) -> Problem:
    for name in NEEDED:
        value = row.get(name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(
                where,
                f"no {name} as text",
                'this is not SWE-bench\'s own format; for other files source = "jsonl"',
            )
    data: dict[str, Any] = {name: row[name] for name in COLUMNS if row.get(name) is not None}
    text = row.get("text")
    if isinstance(text, str) and text.strip():
        data["question"] = text
    else:
        fields = ("repo", "base_commit", "problem_statement")
        question = ISSUE
        for name in fields:  # the issue last: its own braces are text
            question = question.replace(f"{{{name}}}", data[name], 1)
        data["question"] = question
    return Problem(data["instance_id"], data)
