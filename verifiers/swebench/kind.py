"""Kind `swebench`: patches judged by a repository's own tests, through the swebench package's harness and docker.

The harness takes one patch an instance and run, so many samples of a problem are judged in layers: the first patch
of every problem, then the second, and so on. A patch is named by its content. So the same patch is judged once,
whichever sample or ledger it comes from, and what a run that was killed has finished is found again by its name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from verifiers.swebench import harness as harness
from verifiers.swebench import patch as patches
from verifiers.swebench.report import discard_unreadable, verdict_of, why_not
from verifiers.types import Bounds, Isolation, Lack, Package, Verdict

DATASET = "SWE-bench/SWE-bench_Lite"
WORK = "runs/swebench"
DOCKER = "install docker and start its daemon; give this user access to it; `docker info` must work"
_INSTANCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_FILES = (".json", ".jsonl", ".parquet")


class Swebench:
    """Options: `dataset` and `split` as the harness takes them, `work` (where its logs and reports stay),
    `python` (the interpreter that has swebench), `namespace` (of the images; swebench 4 only). Paths are taken from
    where the command runs. Of the bounds, `timeout_s` is the harness's limit on one instance's tests, and `workers`
    how many instances run at once."""

    OPTIONS: ClassVar[tuple[str, ...]] = ("dataset", "split", "work", "python", "namespace")
    TIMEOUT_S: ClassVar[float] = 1800.0
    """The harness's own."""
    kind = "swebench"
    isolation: Isolation = "batch"

    def __init__(
        self,
        *,
        bounds: Bounds | None = None,
        dataset: str = DATASET,
        split: str = "test",
        work: str = WORK,
        python: str = sys.executable,
        namespace: str | None = None,
    ) -> None:
        bounds = bounds or Bounds(timeout_s=self.TIMEOUT_S)
        for name, value in {"dataset": dataset, "split": split, "work": work, "python": python}.items():
            if not isinstance(value, str) or not value:  # pyright: ignore[reportUnnecessaryIsInstance]  # a file's
                raise ValueError(f"{name} is not text")
        self._workers = bounds.workers or max(1, (os.cpu_count() or 1) * 3 // 4)
        self._dataset = str(Path(dataset).resolve()) if dataset.endswith(_FILES) else dataset
        self._split = split
        self._work = Path(work)
        self._timeout_s = ceil(bounds.timeout_s)
        self._python = python
        self._namespace = namespace
        self._children = harness.Children()

    @cached_property
    def _found(self) -> harness.Found:
        return harness.probe(self._python)

    @cached_property
    def version(self) -> str:
        """The harness's version, the data set and the tests' limit decide what is right."""
        return f"2 swebench {self._found.swebench or 'missing'} {self._identity}"

    @cached_property
    def _identity(self) -> str:
        """The data set by name, a local one by content; the split and the limit."""
        data = self._dataset
        if data.endswith(_FILES):
            try:
                data = hashlib.sha256(Path(data).read_bytes()).hexdigest()[:16]
            except OSError:
                data = "unreadable"
        return f"{data} {self._split} {self._timeout_s}s"

    @property
    def _run_id(self) -> str:
        return f"manyfew-{hashlib.sha256(self.version.encode()).hexdigest()[:12]}"

    def lacks(self) -> Lack | None:
        """Asks the interpreter for swebench, and docker's daemon whether it answers."""
        if self._found.swebench is None:
            message = f"the swebench package is not installed for {self._python}"
            return message, Package("swebench", self._python, "swebench>=4.1")
        if self._found.docker is not None:
            return f"docker's daemon doesn't answer: {' '.join(self._found.docker.split())[:200]}", DOCKER
        return None

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """One answer: a harness run of its own."""
        return self.verify_many([(text, problem)])[0]

    def verify_many(self, items: Sequence[tuple[str, Mapping[str, Any]]], /) -> list[Verdict]:
        """The verdicts in the order of the items; blocks for hours if patches are many. What was judged before
        is read from the work folder, also after a kill."""
        asked = [_asked(text, problem) for text, problem in items]
        known: dict[tuple[str, str], Verdict] = {}
        wanted = dict.fromkeys(each for each in asked if not isinstance(each, Verdict))
        if wanted:
            self._work.mkdir(parents=True, exist_ok=True)
            try:
                with harness.alone(self._work) as held:
                    known = self._judge(list(wanted), held)
            except BlockingIOError:
                taken = Verdict(passed=None, reason=f"another process works in {self._work}")
                known = dict.fromkeys(wanted, taken)
        return [each if isinstance(each, Verdict) else known[each] for each in asked]

    def close(self) -> None:
        self._children.end()

    def _judge(self, wanted: list[tuple[str, str]], held: tuple[int, ...]) -> dict[tuple[str, str], Verdict]:
        """Layer after layer, each at most one patch an instance."""
        verdicts: dict[tuple[str, str], Verdict] = {}
        waiting: dict[str, list[str]] = {}
        for instance, patch in wanted:
            name = patches.name_of(patch)
            done = verdict_of(self._folder(instance, name), instance, name)
            if done is None:
                waiting.setdefault(instance, []).append(patch)
            else:
                verdicts[instance, patch] = done
        while waiting:
            layer = {instance: left[0] for instance, left in waiting.items()}
            ended = self._run(layer, held)
            told = self._collect(layer, ended)
            verdicts.update(told)
            waiting = {instance: left[1:] for instance, left in waiting.items() if left[1:]}
            if ended.trouble and all(verdict.passed is None for verdict in told.values()):
                # It broke before it judged anything: the next layer would break the same way.
                for instance, left in waiting.items():
                    verdicts.update({(instance, patch): _broken(ended, patch, None) for patch in left})
                break
        return verdicts

    def _run(self, layer: Mapping[str, str], held: tuple[int, ...]) -> harness.Ended:
        """One call of the harness; a second one without the instances that its data set does not have."""
        ended = self._call(layer, held)
        if ended.unknown & layer.keys() and ended.unknown < layer.keys():
            again = self._call({i: patch for i, patch in layer.items() if i not in ended.unknown}, held)
            return harness.Ended(again.trouble, ended.unknown)
        return ended

    def _call(self, layer: Mapping[str, str], held: tuple[int, ...]) -> harness.Ended:
        for instance, patch in layer.items():
            discard_unreadable(self._folder(instance, patches.name_of(patch)), instance)
        predictions = self._work.resolve() / "predictions.jsonl"
        harness.write_predictions(
            predictions,
            (
                {"instance_id": i, "model_name_or_path": patches.name_of(patch), "model_patch": patch}
                for i, patch in layer.items()
            ),
        )
        arguments = ["--dataset_name", self._dataset, "--split", self._split]
        arguments += ["--predictions_path", str(predictions), "--run_id", self._run_id]
        arguments += ["--max_workers", str(self._workers), "--timeout", str(self._timeout_s)]
        if self._namespace is not None:
            arguments += ["--namespace", self._namespace]
        return harness.run(
            self._python,
            arguments,
            work=self._work,
            run_id=self._run_id,
            stuck_after_s=self._timeout_s + harness.SET_UP_S,
            held=held,
            children=self._children,
        )

    def _collect(self, layer: Mapping[str, str], ended: harness.Ended) -> dict[tuple[str, str], Verdict]:
        told: dict[tuple[str, str], Verdict] = {}
        for instance, patch in layer.items():
            name = patches.name_of(patch)
            folder = self._folder(instance, name)
            verdict = None if instance in ended.unknown else verdict_of(folder, instance, name)
            if instance in ended.unknown:
                reason = f"{self._dataset} has no instance {instance} in its split {self._split}"
                verdict = Verdict(passed=None, answer=name, reason=reason)
            told[instance, patch] = verdict or _broken(ended, patch, why_not(folder))
        return told

    def _folder(self, instance: str, name: str) -> Path:
        return self._work / "logs" / "run_evaluation" / self._run_id / name / instance


def _asked(text: str, problem: Mapping[str, Any]) -> tuple[str, str] | Verdict:
    """(instance, patch) for the harness, or the verdict that needs none."""
    instance = problem.get("instance_id")
    if not isinstance(instance, str) or not _INSTANCE.fullmatch(instance):
        return Verdict(passed=None, reason="the problem has no instance_id of SWE-bench")
    patch = patches.extract(text)
    if patch is None:
        return Verdict(passed=False, reason="no patch in the answer")
    try:
        json.dumps(patch, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return Verdict(passed=False, reason="the patch is no valid text: it holds half a surrogate pair")
    return instance, patch


def _broken(ended: harness.Ended, patch: str, why: str | None) -> Verdict:
    """The harness ran and left no result: no verdict, so that a later `verify` tries again."""
    reason = why or ended.trouble or "the harness left neither a report nor a reason"
    return Verdict(passed=None, answer=patches.name_of(patch), reason=reason[:300])
