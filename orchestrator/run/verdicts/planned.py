"""What a plan's verdicts cost, if a model gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.run.prepare import Prepared

BYTES_A_TOKEN = 4


@dataclass(slots=True, kw_only=True)
class Verdicts:
    """One request for each sample still to be collected: equal texts cost less, but nobody knows which will be."""

    requests: int = 0
    expected_pico: int = 0
    worst_pico: int = 0
    largest_pico: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


def verdicts_of(prepared: Prepared, left: Mapping[str, Sequence[tuple[int, int]]]) -> Verdicts:
    """`left`: by alias and ordinal (samples there, samples to come). Nothing where no model is asked."""
    found = Verdicts()
    if (judging := prepared.judging) is None:
        return found
    each = prepared.expected_output(judging.alias)
    for alias, counts in left.items():
        for ordinal, (_, lacking) in enumerate(counts):
            if not lacking or alias == judging.alias:
                continue
            worst = prepared.verdict_worst(alias, ordinal)
            size = judging.verifier.most_bytes(
                prepared.problems[ordinal].data, round(BYTES_A_TOKEN * prepared.expected_output(alias))
            )
            found.requests += lacking
            found.expected_pico += lacking * prepared.verdict_expected(alias, ordinal)
            found.worst_pico += lacking * worst
            found.largest_pico = max(found.largest_pico, worst)
            found.input_tokens += lacking * (size // BYTES_A_TOKEN)
            found.output_tokens += round(lacking * each)
    return found
