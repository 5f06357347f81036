"""`[models.ALIAS.serve]` and `[serve]`: what they may say, what they mean, and which of it defines a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from orchestrator.sweep.messages import names_a_secret
from orchestrator.sweep.types import Serve

if TYPE_CHECKING:
    from orchestrator.sweep.schema import ModelTable, NodeTable, ServeTable
    from orchestrator.sweep.source import SweepText
    from orchestrator.sweep.types import Model, Sweep

VLLM = ("vllm", "serve", "{model}", "--host", "127.0.0.1", "--port", "{port}")
PLACEHOLDERS = ("model", "port", "gpus")
_PLACEHOLDER = re.compile(r"\{\{\w+\}\}|\{(\w+)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INSTEAD = ("servers", "base_url", "gpus", "api_key_env", "batch")
_WHY = {
    "servers": "serve starts its own server",
    "base_url": "serve starts its own server",
    "gpus": "the GPUs are those that its server holds",
    "api_key_env": "serve gives its server a key of its own",
    "batch": "a server of your own has no batch API",
}

# What bears on speed, memory, place and words alone, by vLLM's, SGLang's and llama.cpp's names. All else may bear on
# what a sample is.
_WORDS = """
    tensor-parallel-size tp tp-size pipeline-parallel-size pp pp-size data-parallel-size dp dp-size
    data-parallel-size-local data-parallel-address data-parallel-rpc-port data-parallel-backend enable-expert-parallel
    ep-size nnodes node-rank dist-init-addr distributed-executor-backend max-parallel-loading-workers api-server-count
    max-num-seqs max-num-batched-tokens max-num-partial-prefills long-prefill-token-threshold scheduling-policy
    max-running-requests max-total-tokens max-prefill-tokens chunked-prefill-size schedule-policy
    schedule-conservativeness gpu-memory-utilization mem-fraction-static kv-cache-memory-bytes num-gpu-blocks-override
    swap-space cpu-offload-gb block-size page-size enable-prefix-caching no-enable-prefix-caching disable-radix-cache
    enable-chunked-prefill no-enable-chunked-prefill enforce-eager no-enforce-eager cuda-graph-sizes cuda-graph-max-bs
    disable-cuda-graph disable-custom-all-reduce compilation-config async-scheduling no-async-scheduling
    port host uds root-path api-key hf-token served-model-name alias download-dir load-format device
    ssl-keyfile ssl-certfile ssl-ca-certs allowed-origins allowed-methods allowed-headers allow-credentials
    uvicorn-log-level disable-uvicorn-access-log disable-access-log-for-endpoints log-level log-level-http log-requests
    log-requests-level disable-log-requests enable-log-requests disable-log-stats max-log-len enable-log-outputs
    log-config-file log-file log-colors log-disable log-prefix log-timestamps log-verbosity verbose v
    enable-request-id-headers enable-server-load-tracking show-hidden-metrics-for-version enable-metrics metrics
    collect-detailed-traces otlp-traces-endpoint disable-frontend-multiprocessing watchdog-timeout timeout to
    n-gpu-layers gpu-layers ngl threads t threads-batch tb threads-http parallel np batch-size b ubatch-size ub
    cont-batching cb no-cont-batching flash-attn fa mlock no-mmap numa split-mode sm tensor-split ts main-gpu mg
    no-warmup warmup slots no-slots offline"""
_NOT_DEFINING = frozenset(_WORDS.split())


def check_serve(source: SweepText, alias: str, model: ModelTable) -> None:
    """Raises InputError for the first thing in the table that can't be."""
    table, at = model.serve, ("models", alias)
    assert table is not None
    if model.provider not in ("vllm", "openai-compatible"):
        return  # said by the rule of providers
    for key in _INSTEAD:
        if key in model.model_fields_set and getattr(model, key):
            remedy = f"state gpus in [models.{alias}.serve]" if key == "gpus" else "keep one of them"
            raise source.error((*at, key), f"can't be combined with serve: {_WHY[key]}", remedy)
    if model.provider != "vllm" and table.command is None:
        message = f"has no command, and provider {model.provider} has none of its own"
        remedy = 'such as command = ["llama-server", "-m", "model.gguf", "--port", "{port}"]'
        raise source.error((*at, "serve"), message, remedy)
    lists = {"command": table.command or (), "args": table.args, "env": tuple(table.env.values())}
    for key, texts in lists.items():
        for text in texts:
            _check_placeholders(source, (*at, "serve", key), text)
    every = " ".join(chain(table.command or VLLM, table.args, table.env.values()))
    if "{port}" not in every:
        message = "names no {port}, so that nobody knows where its server listens"
        raise source.error((*at, "serve", "command"), message, 'such as "--port", "{port}"')
    for name in table.env:
        if not _NAME.fullmatch(name):
            message = f"{name!r} is no name of an environment variable"
            raise source.error((*at, "serve", "env"), message, 'such as env = { HF_HUB_OFFLINE = "1" }')
        if names_a_secret(name) and table.env[name]:
            message = "looks like a secret, and no secret belongs in a sweep file"
            remedy = (
                "delete it, and set it where you start manyfew: a server inherits all but the keys of vendors"
            )
            raise source.error((*at, "serve", "env", name), message, remedy)
    for key in ("health", "ready"):
        if not getattr(table, key).startswith("/"):
            raise source.error((*at, "serve", key), "is no path on the server", 'such as "/health"')


def _check_placeholders(source: SweepText, at: tuple[str, ...], text: str) -> None:
    for found in _PLACEHOLDER.finditer(text):
        if found[1] is not None and found[1] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            message = f"has an unknown placeholder {found[0]}"
            raise source.error(at, message, f"known: {known}; write {{{found[0]}}} for the text {found[0]}")


def serve_of(table: ServeTable | None) -> Serve | None:
    """As the rest of the program reads it."""
    if table is None:
        return None
    return Serve(
        command=tuple(table.command or VLLM),
        args=tuple(table.args),
        env=dict(table.env),
        gpus=table.gpus,
        copies=None if table.copies == "all" else table.copies,
        ready_timeout_s=table.ready_timeout_s,
        stop_grace_s=table.stop_grace_s,
        health=table.health,
        ready=table.ready,
    )


def gpus_of(source: SweepText, table: NodeTable) -> tuple[str, ...] | None:
    """The names in `[serve] gpus`. Raises InputError for one that stands there twice."""
    if table.gpus is None:
        return None
    names = tuple(map(str, table.gpus))
    for index, name in enumerate(names):
        if name in names[:index]:
            raise source.error(("serve", "gpus", index), f"lists GPU {name} twice", "list each GPU once")
        if not name.strip() or "," in name:
            raise source.error(("serve", "gpus", index), "is no GPU", 'such as 0 or "GPU-…" or "MIG-…"')
    return names


def check_together(source: SweepText, sweep: Sweep) -> None:
    """One server has one price and is started in one way, whatever models ask it."""
    for first, *others in sweep.served_together():
        one = sweep.models[first]
        for alias in others:
            other = sweep.models[alias]
            keys: dict[tuple[str, ...], tuple[object, object]] = {}
            keys["gpu_usd_per_hour",] = (one.gpu_usd_per_hour, other.gpu_usd_per_hour)
            for key in ("gpus", "copies", "ready_timeout_s", "stop_grace_s", "health", "ready"):
                keys["serve", key] = (getattr(one.serve, key), getattr(other.serve, key))
            for key, (ours, theirs) in keys.items():
                if ours != theirs:
                    raise source.error(
                        ("models", alias, *key),
                        f"differs from models.{first}, and both ask the same server",
                        f"state the same {key[-1]} in both, or give them other args",
                    )


def defining(model: Model) -> dict[str, str]:
    """The options of its server that may bear on what a sample is, by name."""
    if model.serve is None:
        return {}
    return dict(_options(chain(model.serve.command, model.serve.args)))


def _options(texts: Sequence[str] | Iterator[str]) -> Iterator[tuple[str, str]]:
    name, values = None, list[str]()
    for text in chain(texts, ["--"]):
        if re.match(r"--?[A-Za-z]|--$", text):
            if name is not None and name.lstrip("-") not in _NOT_DEFINING:
                yield name, " ".join(values) or "on"
            flag, is_, value = text.partition("=")
            name, values = flag.replace("_", "-"), [value] if is_ else []
        else:
            values.append(text)


def as_json(options: Mapping[str, str]) -> dict[str, str]:
    """In one order, however they are written."""
    return dict(sorted(options.items()))
