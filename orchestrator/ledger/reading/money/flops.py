"""Inference FLOPs of a sample, as SQL over the ledger's token counts."""

from __future__ import annotations

import json
from typing import Any


def flops_sql(architecture: str | None) -> str:
    """An expression over `sample`; NULL if the architecture or the tokens are not known.

    The approximation of "Large Language Monkeys" (Brown et al. 2024, arXiv 2407.21787): a token at a context of C
    tokens takes 2 * (parameters + 2 * layers * width * C) FLOPs. A request's prompt is read once, at half its length
    on average, and its samples share that; each sample's tokens are decoded at the prompt and half their number.
    """
    if architecture is None:
        return "NULL"
    stated: dict[str, Any] = json.loads(architecture)
    parameters, attention = float(stated["parameters"]), 2.0 * int(stated["layers"]) * int(stated["width"])
    prompt = (
        "coalesce((SELECT request.prompt_tokens FROM request WHERE request.id = sample.request_id), "
        "(SELECT merged.prompt_tokens FROM merged_request AS merged WHERE merged.ref = sample.request_ref), "
        "prompt_tokens)"
    )
    read = f"prompt_tokens * ({parameters!r} + {attention!r} * {prompt} / 2.0)"
    decoded = f"completion_tokens * ({parameters!r} + {attention!r} * ({prompt} + completion_tokens / 2.0))"
    return f"2.0 * ({read} + {decoded})"
