"""The nodes that may judge: asked once what they lack, and given work by how much each has."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from verifiers.cluster import on_node
from verifiers.cluster.on_node import Task

GONE = ("NodeDiedError", "TaskUnschedulableError", "LocalRayletDiedError")
"""Errors of Ray that say that a node is no longer there."""
_LOOK_S = 10.0
_TOLD_S = 180.0


class Nodes:
    """Thread-safe. `ray` is connected."""

    def __init__(self, ray: Any, task: Task) -> None:
        self._ray = ray
        self._task = task
        self._lock = threading.Lock()
        self._cores: dict[str, float] = {}
        self._names: dict[str, str] = {}
        self._unfit: set[str] = set()
        self._asked: set[str] = set()
        self._busy: Counter[str] = Counter()
        self._looked = float("-inf")
        self._look()

    @property
    def cores(self) -> int:
        """Of all nodes together, as they were last seen: asks nobody."""
        return max(1, int(sum(self._cores.values())))

    def lacking(self, problems: Sequence[Any]) -> list[tuple[str, tuple[str, str]]]:
        """(node, (what it lacks, the remedy)) of each node that can't judge answers to these problems."""
        self._look()
        with self._lock:
            nodes = list(self._cores)
        if not nodes:
            return [("of any kind", ("there is none with a processor", "start one: ray start --address …"))]
        given = self._ray.put(list(problems))
        asked = {node: self._remote(on_node.look, node).remote(self._task, given) for node in nodes}
        found: list[tuple[str, tuple[str, str]]] = []
        for node, answer in asked.items():
            try:
                told = self._ray.get(answer, timeout=_TOLD_S)
            except Exception as error:
                if type(error).__name__ in GONE:
                    self.lost()
                    continue
                said = " ".join(str(error).split())[-200:]
                told = (f"it can't be asked: {type(error).__name__}: {said}", "look at its logs")
            if told is not None:
                found.append((self._names[node], told))
                with self._lock:
                    self._unfit.add(node)
        return found

    def pick(self, without: Collection[str] = ()) -> str | None:
        """The node with the most to spare; None: there is none but those."""
        self._look()
        with self._lock:
            fit = [node for node in self._cores if node not in self._unfit and node not in without]
            if not fit:
                return None
            node = min(fit, key=lambda node: self._busy[node] / self._cores[node])
            self._busy[node] += 1
            return node

    def done(self, node: str) -> None:
        with self._lock:
            self._busy[node] -= 1

    def lost(self) -> None:
        """A node seems to be gone: looks anew before the next is picked."""
        self._looked = float("-inf")

    def judge(self, node: str) -> Any:
        """The remote function that judges there, if need be a second time."""
        return self._remote(on_node.judge, node)

    def _remote(self, function: Any, node: str) -> Any:
        strategies = __import__("ray.util.scheduling_strategies", fromlist=["x"])
        there = strategies.NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        return self._ray.remote(num_cpus=1, max_retries=1)(function).options(scheduling_strategy=there)

    def _look(self) -> None:
        """Which nodes there are. One that joined meanwhile is asked what it lacks before it gets any work."""
        with self._lock:
            if time.monotonic() - self._looked < _LOOK_S:
                return
            self._looked = time.monotonic()
            alive = {
                node["NodeID"]: node
                for node in self._ray.nodes()
                if node["Alive"] and node["Resources"].get("CPU")
            }
            known = self._asked or alive.keys()
            new = alive.keys() - known - self._unfit
            self._asked = {*known, *new}
            self._unfit |= new  # until they have answered
            self._names |= {key: str(node.get("NodeManagerAddress") or key) for key, node in alive.items()}
            self._cores = {
                key: float(node["Resources"]["CPU"]) for key, node in alive.items() if key not in new
            }
        for key in new:
            try:
                told = self._ray.get(self._remote(on_node.look, key).remote(self._task, []), timeout=_TOLD_S)
            except Exception:
                told = ("it can't be asked", "")
            with self._lock:
                if told is None:
                    self._unfit.discard(key)
                    self._cores[key] = float(alive[key]["Resources"]["CPU"])
