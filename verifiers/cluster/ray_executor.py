"""A verifier on the nodes of a Ray cluster. Tasks, not actors: a task whose worker or node dies is done again.

A pack of texts goes to one node; a problem's data goes to the cluster once. A worker that dies is not the text's fault
until it has died on two nodes: then, or on a cluster of one node twice there, the text has no verdict.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from verifiers.cluster import on_node
from verifiers.cluster.connection import ClusterError, check_address, connect
from verifiers.cluster.nodes import GONE, Nodes
from verifiers.types import Bounds, Isolation, Lack, Verdict, Verifier
from verifiers.workers.worker_process import Item

PACK_S = 1.0
"""About how long a pack should take: less, and the way there costs more than the work; more, and a death costs more."""
MOST_A_PACK = 256
MOST_PROBLEMS = 256
_MOST_TRIES = 6
_DIED = ("WorkerCrashedError", "OutOfMemoryError")
_AGAIN = (*GONE, "ObjectLostError", "ObjectFetchTimedOutError")


class RayExecutor:
    """`judge` may be called from `concurrency` threads at once. Connects when it is first asked for anything."""

    is_inline = False
    is_batch = False
    judges_together = False
    asks = False

    def __init__(self, verifier: Verifier, options: Mapping[str, Any], bounds: Bounds, cluster: str) -> None:
        """ValueError, one line, for a kind that needs one machine, or what is no address."""
        check_address(cluster)
        if verifier.isolation == "batch":
            raise ValueError(
                f"verifier {verifier.kind} judges all of a ledger in few calls, not on a cluster"
            )
        if verifier.isolation == "asks":
            raise ValueError(
                f"verifier {verifier.kind} asks a model, which a cluster has no part in: drop cluster"
            )
        self.options = dict(options)
        self.bounds = bounds
        self.name = f"{verifier.kind}/{verifier.version}"
        self.verifier: Verifier = _OnCluster(self, verifier)
        self._cluster = cluster
        self._task = on_node.Task(
            kind=verifier.kind,
            options=self.options,
            bounds=asdict(bounds),
            version=verifier.version,
            manyfew=version("manyfew"),
            digest=on_node.sources_digest() or "",
        )
        self._lock = threading.Lock()
        self._nodes: Nodes | None = None
        self._ray: Any = None
        self._closed = False
        self._mean_s = PACK_S
        self._problems: OrderedDict[int, tuple[Mapping[str, Any], Any]] = OrderedDict()
        self._running: set[Any] = set()

    @property
    def most_at_once(self) -> int:
        return self.concurrency

    @property
    def concurrency(self) -> int:
        """Twice the cluster's cores: while one pack is judged the next is on its way."""
        return self.bounds.workers or min(1024, 2 * self._connected().cores)

    @property
    def size(self) -> int:
        return max(1, min(MOST_A_PACK, int(PACK_S / self._mean_s)))

    def lacks(self, problems: Iterable[Mapping[str, Any]] = ()) -> Lack | None:
        """What the cluster, or one of its nodes, lacks."""
        try:
            found = self._connected().lacking(list(problems))
        except ClusterError as error:
            return error.lack
        if not found:
            return None
        node, (message, remedy) = found[0]
        others = f" (so it is on {len(found)} nodes)" if len(found) > 1 else ""
        return f"node {node} of the cluster: {message}{others}", remedy

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item, in their order."""
        try:
            return self._judge(items)
        except Exception as error:
            if self._closed:
                return [Verdict(passed=None, reason="the verifier was ended")] * len(items)
            message = " ".join(f"{type(error).__name__}: {error}".split())
            return [Verdict(passed=None, reason=f"the cluster broke: {message}"[:300])] * len(items)

    def judge_apart(self, items: Sequence[Item]) -> list[Verdict]:
        return self.judge(items)

    def close(self) -> None:
        """Ends what runs, at once; calls of `judge` return."""
        with self._lock:
            self._closed = True
            ray, self._ray = self._ray, None
            running = list(self._running)
        if ray is None:
            return
        for task in running:
            try:
                ray.cancel(task, force=True)
            except Exception:  # noqa: S112 - done meanwhile
                continue
        ray.shutdown()

    def _judge(self, items: Sequence[Item]) -> list[Verdict]:
        nodes = self._connected()
        died: set[str] = set()
        deaths = 0
        for _ in range(_MOST_TRIES):
            node = nodes.pick(without=died) or nodes.pick()
            if node is None:
                time.sleep(1.0)  # one that was lost may come back
                nodes.lost()
                continue
            try:
                return self._ask(nodes, node, items)
            except Exception as error:
                if self._closed or type(error).__name__ not in (*_DIED, *_AGAIN):
                    raise
                nodes.lost()
                if type(error).__name__ in _AGAIN:
                    continue
                if len(items) > 1:  # which of them it was shows by itself
                    return [verdict for item in items for verdict in self._judge([item])]
                deaths += 1
                if deaths == 2:
                    where = "two nodes" if died and node not in died else "the only node, twice"
                    return [Verdict(passed=None, reason=f"its worker died on {where}")]
                died.add(node)
            finally:
                nodes.done(node)
        return [Verdict(passed=None, reason="no node of the cluster could judge it")] * len(items)

    def _ask(self, nodes: Nodes, node: str, items: Sequence[Item]) -> list[Verdict]:
        places: dict[int, int] = {}
        problems: list[Any] = []
        texts: list[tuple[str, int]] = []
        for text, problem in items:
            if id(problem) not in places:
                places[id(problem)] = len(problems)
                problems.append(self._sent(problem))
            texts.append((text.encode("utf-8", "replace").decode("utf-8"), places[id(problem)]))
        began = time.monotonic()
        answer = nodes.judge(node).remote(self._task, texts, *problems)
        with self._lock:
            self._running.add(answer)
        try:
            there, verdicts = self._ray.get(answer)
        finally:
            with self._lock:
                self._running.discard(answer)
        self._mean_s += 0.2 * ((time.monotonic() - began) / len(items) - self._mean_s)
        if there and there != self._task.version:
            reason = f"node {node} has another version of the verifier: {there}"[:300]
            return [Verdict(passed=None, reason=reason)] * len(items)
        return [Verdict(*verdict) for verdict in verdicts]

    def _sent(self, problem: Mapping[str, Any]) -> Any:
        """The problem's data as the cluster holds it. The problem is kept too, so that no other gets its id."""
        with self._lock:
            found = self._problems.get(id(problem))
            if found is None:
                found = self._problems[id(problem)] = (problem, self._ray.put(dict(problem)))
                if len(self._problems) > MOST_PROBLEMS:
                    self._problems.popitem(last=False)
            self._problems.move_to_end(id(problem))
            return found[1]

    def _connected(self) -> Nodes:
        """Raises ClusterError."""
        with self._lock:
            if self._nodes is None:
                self._ray = connect(self._cluster)
                self._ray.cloudpickle.register_pickle_by_value(on_node)
                self._nodes = Nodes(self._ray, self._task)
            return self._nodes


class _OnCluster:
    """A verifier as whoever asks what it lacks sees it: its nodes answer."""

    def __init__(self, executor: RayExecutor, verifier: Verifier) -> None:
        self._executor = executor
        self._verifier = verifier

    @property
    def kind(self) -> str:
        return self._verifier.kind

    @property
    def version(self) -> str:
        return self._verifier.version

    @property
    def isolation(self) -> Isolation:
        return self._verifier.isolation

    def lacks(self) -> Lack | None:
        return self._executor.lacks()

    def lacks_for(self, problems: Iterable[Mapping[str, Any]], /) -> Lack | None:
        return self._executor.lacks(problems)

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        return self._executor.judge([(text, problem)])[0]

    def close(self) -> None:
        self._executor.close()
