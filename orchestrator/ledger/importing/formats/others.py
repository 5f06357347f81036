"""Files of tools that `manyfew import` doesn't read, so that each is named as what it is."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.ledger.importing.look import Look, as_list, as_object
from orchestrator.text.command import command

_SAMPLES = "import the samples themselves"


def _has(*keys: str) -> Callable[[Look], bool]:
    return lambda seen: seen.has(*keys)


def _holds(key: str, *inner: str) -> Callable[[Look], bool]:
    def told(seen: Look) -> bool:
        value = seen.keys.get(key)
        value = next(iter(as_list(value)), value)
        return any(name in as_object(value) for name in inner)

    return told


_TOOLS: tuple[tuple[Callable[[Look], bool], str, str], ...] = (
    (_has("adapter_spec", "request_states"), "a scenario state of HELM", _SAMPLES),
    (_has("evalId", "results"), "results of promptfoo", _SAMPLES),
    (_has("spec"), "a log of OpenAI's evals library (oaieval)", _SAMPLES),
    (_has("run_id", "event_id", "sample_id"), "a log of OpenAI's evals library (oaieval)", _SAMPLES),
    (_holds("testCases", "actualOutput", "metricsData"), "results of DeepEval", _SAMPLES),
    (_has("test_results"), "results of DeepEval", _SAMPLES),
    (_has("instruction", "output", "generator"), "outputs of AlpacaEval", "they have one answer a prompt"),
    (_has("answer_id", "model_id", "choices"), "answers of FastChat's MT-Bench", _SAMPLES),
    (_has("custom_id", "method", "url"), "a batch's input, which holds no answers", "import the batch's output file"),
    (_has("custom_id", "params"), "a batch's input, which holds no answers", "import the batch's output file"),
    (_has("results", "configs", "versions"), "lm-eval's results, without samples",
     "run lm-eval with --log_samples and import samples_*.jsonl"),
    (_holds("eval", "base_status", "plus_status"), "EvalPlus' results", "import its samples.jsonl"),
    (_has("eval", "hash"), "EvalPlus' results",
     "import its samples.jsonl"),
    (_holds("0", "origin_prompt", "prediction"), "predictions of OpenCompass", _SAMPLES),
    (_has("resolved_ids"), "a report of SWE-bench's harness, without patches", "import the predictions that it judged"),
    (_has("trial_results"), "results of Harbor (Terminal-Bench)", _SAMPLES),
    (_holds("results", "is_resolved", "task_id"), "results of Terminal-Bench", _SAMPLES),
    (_has("mapping", "conversation_id"), "conversations exported from ChatGPT", _SAMPLES),
    (_has("dotted_order", "run_type"), "runs of LangSmith", _SAMPLES),
    (_has("call_type", "response", "messages"), "a log of LiteLLM, which doesn't say which problem a call answers",
     _SAMPLES),
    (_has("features", "rows"), "rows of a data set on the Hugging Face hub, which hold no answers of a model",
     "name the data set in a sweep file: source = \"hf\" under [problems]"),
    (_has("traceId", "observations"), "traces of Langfuse", _SAMPLES),
    (_has("span_attributes", "root_span_id"), "spans of Braintrust", _SAMPLES),
    (_has("span_kind", "context"), "spans of Phoenix", _SAMPLES),
    (_has("config_general", "results"), "lighteval's results, without samples", _SAMPLES),
    (_has("op_name", "trace_id"), "calls of W&B Weave", _SAMPLES),
    (_has("conversations"), "a data set of conversations", _SAMPLES),
    (_has("usd_per_attempt", "coverage"), "a table of printed results", "add --aggregate"),
)  # fmt: skip


def of_tool(seen: Look) -> tuple[str, str] | None:
    """(what the file is, what to do), if a tool is known that writes it."""
    return next(((name, remedy) for told, name, remedy in _TOOLS if told(seen)), None)


def unknown(seen: Look) -> tuple[str, str]:
    """The same of a file that no tool is known for."""
    if seen.kind == "ledger":
        return (
            "a ledger or another SQLite database",
            f"{command('merge')} joins ledgers; the other commands read one as it is",
        )
    if seen.kind == "parquet":
        return "a Parquet file of columns that aren't known", "write it as JSON Lines"
    if seen.kind == "zip":
        return "a zip file that is neither a bundle of manyfew nor a log of inspect_ai", "unpack it"
    if seen.kind == "empty":
        return "an empty file", "a file with samples"
    if seen.kind == "binary":
        return "no text, and of no format that is read", f"see {command('import --help')}"
    keys = list(seen.keys)[:8]
    said = f"of no format that is known (its first record has {', '.join(map(repr, keys))})" if keys else ""
    return said or "of no format that is known", f"see {command('import --help')}, or state --format NAME"
