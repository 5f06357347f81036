"""Each format is told by its content and lands where the ledger has its columns."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.ledger.importing import logs
from tests.orchestrator.sample_files import records, rows, write


def brought(command, *arguments: str) -> dict[str, Any]:
    done = command("import", *arguments, "--db", "a.db", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def refused(command, *arguments: str) -> dict[str, Any]:
    done = command("import", *arguments, "--db", "a.db", "--json")
    assert done.returncode == 2, done.stdout
    assert not Path("a.db").exists()
    return json.loads(done.stdout)["error"]


def test_an_inspect_log_with_its_epochs(command, tmp_path):
    samples = [
        logs.inspect_sample(1, 1),
        logs.inspect_sample(1, 2, "5"),
        logs.inspect_sample("b/c", 1),
    ]
    logs.write_eval(tmp_path / "log.eval", samples)
    done = brought(command, "log.eval")
    assert done["models"] == {"openai/gpt-4o-2024-08-06": 3}
    assert done["scorers"] == {"match": 3}
    first, second, third = records(Path("a.db"))
    assert (first["sweep"], first["problem"], first["sample_index"], first["passed"]) == ("sums", "1", 0, 1)
    assert (second["sample_index"], second["passed"], second["text"], second["answer"]) == (1, 0, "5", "5")
    assert third["problem"] == "b/c"
    assert (first["prompt_tokens"], first["completion_tokens"], first["latency_s"]) == (100, 50, 2.5)
    assert (first["provider"], first["finish_reason"]) == ("openai", "stop")
    assert first["created_at"] == 1793527205.0
    (problem, *_) = rows(Path("a.db"), "SELECT data FROM problem")
    assert json.loads(problem["data"]) == {"question": "What is 1+1?", "answer": "4"}


def test_the_same_log_as_json_and_unfinished(command, tmp_path):
    samples = [logs.inspect_sample(1, 1), logs.inspect_sample(2, 1, "5")]
    logs.write_json_log(tmp_path / "log.json", samples)
    logs.write_eval(tmp_path / "part.eval", samples, finished=False)
    assert brought(command, "log.json")["samples"] == 2
    whole = [{**row, "sweep": ""} for row in records(Path("a.db"))]
    Path("a.db").unlink()
    said = brought(command, "part.eval")
    assert "unfinished" in said["notes"][0]
    assert [{**row, "sweep": ""} for row in records(Path("a.db"))] == whole


@pytest.mark.parametrize(
    ("value", "pass_at", "passed", "score"),
    [
        ("C", None, 1, None),
        ("I", None, 0, None),
        ("N", None, 0, None),
        ("P", None, None, 0.5),
        ("P", "0.5", 1, 0.5),
        (True, None, 1, None),
        (False, None, 0, None),
        (1, None, 1, None),
        (0.0, None, 0, None),
        (0.7, None, None, 0.7),
        (0.7, "0.8", 0, 0.7),
        (7, "5", 1, 7.0),
        (1, "5", 0, 1.0),
        (None, None, None, None),
    ],
)
def test_what_a_score_says(command, tmp_path, value, pass_at, passed, score):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(scores={"mine": {"value": value}})])
    brought(command, "a.eval", *(() if pass_at is None else ("--pass-at", pass_at)))
    (row,) = records(Path("a.db"))
    assert (row["passed"], row["score"]) == (passed, score)


def test_a_score_that_is_nan_is_no_verdict(command, tmp_path):
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(scores={"mine": {"value": float("nan")}})])
    brought(command, "a.eval")
    assert records(Path("a.db"))[0]["passed"] is None


def test_of_several_scorers_one_is_chosen(command, tmp_path):
    scores = {"strict": {"value": "I"}, "lenient": {"value": "C"}}
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(scores=scores)])
    error = refused(command, "a.eval")
    assert "lenient, strict" in error["message"]
    assert "--scorer" in error["remedy"]
    assert "lenient, strict" in refused(command, "a.eval", "--scorer", "none")["remedy"]
    assert brought(command, "a.eval", "--scorer", "lenient")["scorers"] == {"lenient": 1}
    assert records(Path("a.db"))[0]["passed"] == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, 93])
def test_a_sample_of_many_megabytes_is_read(command, tmp_path, method):
    """Its events are most of it; Zstandard packs what is long in several frames."""
    zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
    event = {"event": "model", "data": "x" * 1_000_000}
    data = json.dumps(logs.inspect_sample(text="4" + " " * 2_000_000, events=[event] * 12)).encode()
    with zipfile.ZipFile(tmp_path / "a.eval", "w", 8 if method == 8 else 0) as archive:
        archive.writestr("header.json", json.dumps(logs.inspect_header()))
        frames = [data[at : at + 5_000_000] for at in range(0, len(data), 5_000_000)]
        archive.writestr(
            "samples/1_epoch_1.json", data if method == 8 else b"".join(map(zstd.compress, frames))
        )
        if method == 93:  # which zipfile does not write before Python 3.14
            entry = archive.filelist[-1]
            entry.file_size, entry.CRC, entry.compress_type = len(data), zlib.crc32(data), 93
    assert len(data) > 13_000_000
    brought(command, "a.eval")
    (row,) = records(Path("a.db"))
    assert (len(row["text"]), row["passed"]) == (2_000_001, 0)


def test_parts_attachments_chats_and_further_choices(command, tmp_path):
    parts = [
        {"type": "reasoning", "reasoning": "attachment://" + "a" * 32},
        {"type": "text", "text": "so it is"},
        {"type": "text", "text": "4"},
    ]
    choices = [
        {"message": {"role": "assistant", "content": parts}, "stop_reason": "max_tokens"},
        {"message": {"role": "assistant", "content": "another"}, "stop_reason": "stop"},
    ]
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "attachment://" + "b" * 32},
    ]
    sample = logs.inspect_sample(
        1,
        2,
        input=chat,
        target=["4", "four"],
        output={"model": "m", "choices": choices},
        attachments={"a" * 32: "long thought", "b" * 32: "long question"},
    )
    logs.write_eval(tmp_path / "a.eval", [sample])
    brought(command, "a.eval", "--price", "openai/gpt-4o-2024-08-06=1/2")
    first, second = records(Path("a.db"))
    assert (first["text"], first["reasoning"], first["finish_reason"]) == (
        "so it is\n4",
        "long thought",
        "length",
    )
    assert (first["sample_index"], first["passed"], second["sample_index"], second["passed"]) == (
        1,
        1,
        3,
        None,
    )
    assert (first["completion_tokens"], second["completion_tokens"], first["token_basis"]) == (
        25,
        25,
        "split",
    )
    assert first["request"] == second["request"]
    assert first["cost_pico"] + second["cost_pico"] == 100 * 10**6 + 50 * 2 * 10**6
    (problem,) = rows(Path("a.db"), "SELECT data FROM problem")
    assert json.loads(problem["data"]) == {"question": "long question", "answer": ["4", "four"]}


def test_a_log_of_errors_alone_says_which(command, tmp_path):
    failed: dict[str, Any] = {
        "output": {"model": "", "choices": []},
        "error": {"message": "no\nroute"},
        "scores": None,
    }
    samples = [logs.inspect_sample(1, epoch, **failed) for epoch in (1, 2)]
    logs.write_eval(tmp_path / "a.eval", samples)
    error = refused(command, "a.eval")
    assert error["message"] == "holds no sample: 2 attempts ended in an error, such as 'no\\nroute'"


def test_errors_are_failed_samples_and_leave_gaps(command, tmp_path):
    lost: dict[str, Any] = {
        "output": {"model": "", "choices": []},
        "error": {"message": "boom"},
        "scores": None,
    }
    samples = [logs.inspect_sample(1, 1, **lost), logs.inspect_sample(1, 2), logs.inspect_sample(2, 1)]
    logs.write_eval(tmp_path / "a.eval", samples)
    assert brought(command, "a.eval")["failed"] == 1
    assert [(row["problem"], row["sample_index"]) for row in records(Path("a.db"))] == [("1", 1), ("2", 0)]
    (failure,) = rows(Path("a.db"), "SELECT * FROM failure")
    assert (failure["sample_index"], failure["n"], failure["message"]) == (0, 1, "boom")
    retried = [logs.inspect_sample(1, 1), logs.inspect_sample(1, 2), logs.inspect_sample(2, 1)]
    logs.write_eval(tmp_path / "b.eval", retried)
    Path("a.db").unlink()
    done = brought(command, "a.eval", "b.eval")
    assert (done["samples"], done["repeated"], done["failed"]) == (3, 2, 0)


def test_several_logs_are_one_import(command, tmp_path):
    one = logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(1, 1)])
    other = logs.inspect_header(model="anthropic/claude-haiku-4-5")
    logs.write_eval(tmp_path / "b.eval", [logs.inspect_sample(1, 1)], other)
    logs.write_eval(tmp_path / "c.eval", [logs.inspect_sample(1, 1, "6"), logs.inspect_sample(1, 2, "7")])
    done = brought(command, str(one), "b.eval", "c.eval")
    assert done["models"] == {"openai/gpt-4o-2024-08-06": 3, "anthropic/claude-haiku-4-5": 1}
    mine = [row for row in records(Path("a.db")) if row["model"].startswith("openai")]
    assert sorted(row["sample_index"] for row in mine) == [0, 1, 2]
    Path("a.db").unlink()
    bad = logs.inspect_sample(1, 3)
    bad["output"]["choices"][0]["message"]["content"] = 7
    logs.write_eval(tmp_path / "d.eval", [logs.inspect_sample(1, 1), bad])
    error = refused(command, "a.eval", "d.eval")
    assert "d.eval: samples/1_epoch_3.json" in error["where"]
    assert error["message"].startswith("output.choices[0].message.content is a whole number, not")


def test_cached_input_is_counted_once(command, tmp_path):
    apart = {
        "input_tokens": 10,
        "output_tokens": 5,
        "input_tokens_cache_read": 80,
        "input_tokens_cache_write": 10,
    }
    within = {"input_tokens": 100, "output_tokens": 5, "input_tokens_cache_read": 80, "total_tokens": 105}
    samples = [
        logs.inspect_sample(1, model_usage={"anthropic/claude": {**apart, "total_tokens": 105}}),
        logs.inspect_sample(2, model_usage={"anthropic/claude": {**apart, "total_tokens": 15}}),
        logs.inspect_sample(3, model_usage={"openai/gpt": within}),
    ]
    logs.write_eval(tmp_path / "a.eval", samples)
    brought(command, "a.eval")
    assert [row["prompt_tokens"] for row in records(Path("a.db"))] == [100, 100, 100]


def test_lm_eval_takes_one_filter_and_no_verdict_of_several_answers(command, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    date = "2026-11-01T10-00-00.123456"
    lines = [logs.lm_eval_line(i, ["a", "b", "c"], name) for i in range(2) for name in ("strict", "loose")]
    write(folder / f"samples_my_task_{date}.jsonl", *lines)
    (folder / f"results_{date}.json").write_text(
        json.dumps({"model_name": "org/model", "date": 1_790_000_000.5})
    )
    done = brought(command, f"out/samples_my_task_{date}.jsonl")
    assert (done["samples"], done["models"], done["sweeps"]) == (6, {"org/model": 6}, ["my_task"])
    assert "loose" in done["notes"][0]
    first = records(Path("a.db"))[0]
    assert (first["problem"], first["text"], first["passed"]) == ("my_task/0", "a", None)
    assert first["created_at"] == 1_790_000_000.5
    (problem, _) = rows(Path("a.db"), "SELECT data FROM problem")
    assert json.loads(problem["data"]) == {"question": "What is 0+0?", "answer": "0"}


def test_lm_eval_of_one_answer_has_its_metric_s_verdict(command, tmp_path):
    lines = [logs.lm_eval_line(i, ["a"], "strict", score=float(i)) for i in range(2)]
    write(tmp_path / "samples_t.jsonl", *lines)
    assert "--model" in refused(command, "samples_t.jsonl")["remedy"]
    done = brought(command, "samples_t.jsonl", "--model", "m", "--filter", "strict")
    assert done["scorers"] == {"exact_match,strict": 2}
    assert [row["passed"] for row in records(Path("a.db"))] == [0, 1]


def test_a_log_as_json_says_that_it_did_not_finish(command, tmp_path):
    """Its status stands before eval, which it is of."""
    log = {**logs.inspect_header(), "status": "error", "samples": [logs.inspect_sample(1, 1)]}
    (tmp_path / "log.json").write_text(json.dumps(log))
    said = "log.json is the log of an evaluation that did not finish."
    assert said in brought(command, "log.json")["notes"]


def test_a_sample_that_is_named_otherwise_is_not_passed_over(command, tmp_path):
    good, bad = logs.inspect_sample(1, 1), {**logs.inspect_sample(2, 1), "epoch": "one"}
    logs.write_eval(tmp_path / "log.eval", [good, bad])
    error = refused(command, "log.eval")
    assert error["where"] == "log.eval: samples/2_epoch_one.json"
    assert error["message"] == "epoch is text, not a whole number"


def test_what_a_log_has_null_is_not_said(command, tmp_path):
    nothing = dict.fromkeys(
        ("target", "scores", "model_usage", "total_time", "working_time", "completed_at", "uuid", "error")
    )
    empty = {**logs.inspect_sample(1, 1), **nothing, "output": {"model": None, "choices": None}}
    failed = {**empty, "id": 2, "error": "out of credit"}
    logs.write_eval(tmp_path / "log.eval", [empty, failed], logs.inspect_header(config=None))
    said = brought(command, "log.eval")
    assert (said["samples"], said["failed"], said["without_verdict"]) == (1, 1, 1)
    (row,) = records(Path("a.db"))
    assert (row["text"], row["passed"], row["cost_pico"], row["latency_s"]) == ("", None, None, None)
    item = {**logs.evals_item(7, "4", True), "results": None}
    write(tmp_path / "items.jsonl", item)
    Path("a.db").unlink()
    assert brought(command, "items.jsonl")["without_verdict"] == 1


@pytest.mark.parametrize("resps", [[[[-1.5, False]], [[-2.5, True]]], [[-1.5, False], [-2.5, True]]])
def test_multiple_choice_is_refused_in_words(command, tmp_path, resps):
    write(tmp_path / "samples_t.jsonl", logs.lm_eval_line(0, ["a"]) | {"resps": resps})
    assert "multiple choice" in refused(command, "samples_t.jsonl", "--model", "m")["message"]


PATCHES = [
    {"instance_id": "a__b-1", "model_name_or_path": "agent", "model_patch": "diff --git"},
    {"instance_id": "a__b-1", "model_name_or_path": "agent", "model_patch": None},
    {"instance_id": "a__b-2", "model_name_or_path": "agent", "model_patch": ""},
]


@pytest.mark.parametrize("form", ["lines", "list", "object"])
def test_swebench_predictions_in_every_form(command, tmp_path, form):
    if form == "lines":
        write(tmp_path / "p.json", *PATCHES)
    elif form == "list":
        (tmp_path / "p.json").write_text(json.dumps(PATCHES, indent=1))
    else:
        by_instance = {one["instance_id"]: one for one in PATCHES[1:]}
        (tmp_path / "p.json").write_text(json.dumps(by_instance))
    brought(command, "p.json")
    found = [(row["problem"], row["sample_index"], row["text"]) for row in records(Path("a.db"))]
    everything = [("a__b-1", 0, "diff --git"), ("a__b-1", 1, ""), ("a__b-2", 0, "")]
    assert found == (everything if form != "object" else [("a__b-1", 0, ""), ("a__b-2", 0, "")])


def test_trajectories_with_what_they_cost(command, tmp_path):
    for run in ("run1", "run2"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "a__b-1.traj.json").write_text(json.dumps(logs.trajectory(None, "diff", 0.25)))
    done = brought(command, "run1/a__b-1.traj.json", "run2/a__b-1.traj.json")
    assert any("retried" in note for note in done["notes"])
    assert done["models"] == {"anthropic/claude-sonnet-4-5": 2}
    for row in records(Path("a.db")):
        assert (row["problem"], row["cost_pico"], row["cost_basis"]) == ("a__b-1", 25 * 10**10, "imported")


def test_a_trajectory_of_swe_agent(command, tmp_path):
    (tmp_path / "x__y-3.traj").write_text(json.dumps(logs.swe_agent_trajectory("diff", 0.5)))
    brought(command, "x__y-3.traj")
    (row,) = records(Path("a.db"))
    assert (row["model"], row["problem"], row["text"], row["prompt_tokens"]) == (
        "gpt-4o",
        "x__y-3",
        "diff",
        1000,
    )


def test_livecodebench_with_its_grades(command, tmp_path):
    items = [logs.livecodebench_item("q1", ["a", "b"], [True, False])]
    (tmp_path / "out_eval_all.json").write_text(json.dumps(items, indent=4))
    brought(command, "out_eval_all.json", "--model", "m")
    assert [(row["problem"], row["text"], row["passed"]) for row in records(Path("a.db"))] == [
        ("q1", "a", 1),
        ("q1", "b", 0),
    ]


def test_generations_need_a_source_for_their_problems(command, tmp_path):
    (tmp_path / "generations.json").write_text(json.dumps([["a", "b"], ["c", "d"]]))
    assert "--source" in refused(command, "generations.json")["remedy"]
    write(tmp_path / "p.jsonl", *({"id": f"p{i}", "question": "?", "answer": "1"} for i in range(3)))
    done = brought(command, "generations.json", "--model", "m", "--source", "jsonl", "--path", "p.jsonl")
    assert "first 2" in done["notes"][0]
    assert [(row["problem"], row["text"]) for row in records(Path("a.db"))] == [
        ("p0", "a"),
        ("p0", "b"),
        ("p1", "c"),
        ("p1", "d"),
    ]


def test_openai_s_batch_output_at_the_batch_price(command, tmp_path):
    failed = {"custom_id": "p3", "response": None, "error": {"code": "expired", "message": "late"}}
    lines = [logs.openai_batch_line("p1", ["a", "b"]), logs.openai_batch_line("p2", ["c"]), failed]
    write(tmp_path / "batch.jsonl", *lines)
    done = brought(command, "batch.jsonl")
    assert (done["samples"], done["failed"], done["computed_cost"]) == (3, 1, 3)
    first, second, third = records(Path("a.db"))
    assert (first["model"], first["problem"], second["sample_index"]) == ("gpt-4o-2024-08-06", "p1", 1)
    assert (first["prompt_tokens"], first["completion_tokens"], third["completion_tokens"]) == (50, 20, 40)
    # gpt-4o-2024-08-06 is $2.50 in and $10 out; a batch is half of that
    assert third["cost_pico"] == (100 * 2_500_000 + 40 * 10_000_000) // 2
    assert first["cost_pico"] + second["cost_pico"] == third["cost_pico"]
    assert third["cost_basis"] == "computed"


def test_anthropic_s_batch_output(command, tmp_path):
    failed = {"custom_id": "p2", "result": {"type": "errored", "error": {"type": "overloaded"}}}
    write(tmp_path / "results.jsonl", logs.anthropic_batch_line("p1", "hello"), failed)
    done = brought(command, "results.jsonl")
    assert done["failed"] == 1
    (row,) = records(Path("a.db"))
    assert (row["text"], row["reasoning"], row["finish_reason"]) == ("hello", "hm", "length")
    assert (row["prompt_tokens"], row["cached_tokens"], row["provider"]) == (40, 30, "anthropic")


OF_OTHER_VENDORS = {
    "content in parts": {
        "content": [{"type": "text", "text": "The answer "}, {"type": "text", "text": "is 5"}]
    },
    "thinking in parts": {
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "The answer is 5"}]
    },
}


@pytest.mark.parametrize("message", OF_OTHER_VENDORS.values(), ids=OF_OTHER_VENDORS)
def test_batch_output_of_other_vendors_has_contents_in_parts(command, tmp_path, message):
    line = logs.openai_batch_line("p1", [""])
    line["response"]["body"]["choices"][0]["message"] = {"role": "assistant", **message}
    write(tmp_path / "batch.jsonl", line)
    brought(command, "batch.jsonl")
    (row,) = records(Path("a.db"))
    assert row["text"] == "The answer is 5"
    assert row["reasoning"] == ("hm" if "thinking" in str(message) else None)


def test_batch_output_in_other_vendors_envelopes(command, tmp_path):
    """Fireworks leaves out the body; others write fractions for counts, texts for objects, or an error of nulls."""
    plain = logs.openai_batch_line("p", ["5"])
    body = plain["response"]["body"]
    bare = {"custom_id": "p1", "response": body}
    counted = {
        "status_code": "200",
        "body": body | {"usage": {"prompt_tokens": 100.0, "completion_tokens": 40.0}},
    }
    as_text = {"status_code": 200, "body": json.dumps(body)}
    lines = [
        bare,
        plain | {"custom_id": "p3", "response": counted},
        plain | {"custom_id": "p4", "response": as_text},
        plain | {"custom_id": "p5", "error": {"code": None, "message": None}},
    ]
    write(tmp_path / "batch.jsonl", *lines)
    done = brought(command, "batch.jsonl")
    assert (done["samples"], done["failed"]) == (4, 0)
    found = records(Path("a.db"))
    assert sorted(row["problem"] for row in found) == ["p1", "p3", "p4", "p5"]
    assert {(row["text"], row["prompt_tokens"], row["completion_tokens"]) for row in found} == {
        ("5", 100, 40)
    }


def test_replies_without_an_answer_in_batch_output_are_lost(command, tmp_path):
    plain = logs.openai_batch_line("p0", ["5"])
    body = plain["response"]["body"]
    failed = {
        "object": "response",
        "status": "failed",
        "model": "m",
        "output": [],
        "error": {"code": "server_error"},
    }
    bodies = [{"error": {"message": "bad"}}, body | {"choices": []}, failed]
    lines = [
        plain | {"custom_id": f"p{at}", "response": {"status_code": 200, "body": one}}
        for at, one in enumerate(bodies, start=1)
    ]
    write(tmp_path / "batch.jsonl", plain, *lines)
    done = brought(command, "batch.jsonl")
    assert (done["samples"], done["failed"]) == (1, 3)


def test_refusals_and_reasoning_of_responses_in_batch_output(command, tmp_path):
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]},
    ]
    body = {"id": "r", "object": "response", "status": "completed", "model": "gpt-5", "output": output}
    write(tmp_path / "batch.jsonl", {"custom_id": "p", "response": {"status_code": 200, "body": body}})
    brought(command, "batch.jsonl")
    (row,) = records(Path("a.db"))
    assert (row["text"], row["reasoning"], row["finish_reason"]) == ("No.", "hm", "refusal")


def test_anthropics_batch_output_from_gateways(command, tmp_path):
    """A text stands for the block of it, and cache writes may be told by their lifetime alone."""
    line = logs.anthropic_batch_line("p1", "")
    line["result"]["message"] |= {
        "content": "5",
        "usage": {
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_creation": {"ephemeral_5m_input_tokens": 100},
        },
    }
    write(tmp_path / "results.jsonl", line)
    brought(command, "results.jsonl")
    (row,) = records(Path("a.db"))
    assert (row["text"], row["prompt_tokens"], row["cache_write_tokens"]) == ("5", 110, 100)


def test_an_inspect_log_of_early_2024(command, tmp_path):
    """It has one score, without a name."""
    sample = logs.inspect_sample(1, 1, "4", score={"value": "C", "answer": "4"})
    del sample["scores"]
    logs.write_json_log(tmp_path / "log.json", [sample])
    done = brought(command, "log.json")
    assert done["scorers"] == {"score": 1}
    (row,) = records(Path("a.db"))
    assert row["passed"] == 1


def test_grades_of_other_versions(command, tmp_path):
    item = logs.livecodebench_item("q", ["a", "b"], [True, False]) | {
        "graded_list": [1, -2],
        "code_list": ["a", None],
    }
    (tmp_path / "x_eval_all.json").write_text(json.dumps([item]))
    brought(command, "x_eval_all.json", "--model", "m")
    assert [(row["text"], row["passed"]) for row in records(Path("a.db"))] == [("a", 1), ("", 0)]


def test_an_answer_of_lm_eval_may_stand_in_a_list_of_its_own(command, tmp_path):
    write(tmp_path / "samples_t.jsonl", logs.lm_eval_line(0, ["4"]) | {"resps": [[["4"]]]})
    brought(command, "samples_t.jsonl", "--model", "m")
    assert [row["text"] for row in records(Path("a.db"))] == ["4"]


@pytest.mark.parametrize("form", ["lines", "list", "page"])
def test_runs_of_openai_s_evals(command, tmp_path, form):
    items = [logs.evals_item(1, "2", True), logs.evals_item(1, "3", False), logs.evals_item(2, "4", True)]
    page = {"object": "list", "data": items, "has_more": False}
    text = {"lines": "\n".join(map(json.dumps, items)), "list": json.dumps(items), "page": json.dumps(page)}
    (tmp_path / "run.json").write_text(text[form])
    done = brought(command, "run.json")
    assert done["scorers"] == {"String check": 3}
    found = [(r["problem"], r["sample_index"], r["text"], r["passed"]) for r in records(Path("a.db"))]
    assert found == [("1", 0, "2", 1), ("1", 1, "3", 0), ("2", 0, "4", 1)]


def test_a_task_id_may_be_a_number_and_a_program_a_solution(command, tmp_path):
    lines = [{"task_id": 11, "solution": "def f(): ..."}, {"task_id": 11, "solution": "def g(): ..."}]
    (tmp_path / "s.jsonl").write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    brought(command, "s.jsonl", "--model", "m")
    assert [(r["problem"], r["sample_index"]) for r in records(Path("a.db"))] == [("11", 0), ("11", 1)]


OTHERS = {
    "LiteLLM": {"id": "i", "call_type": "acompletion", "messages": [], "response": {}, "model": "m"},
    "Hugging Face hub": {"features": [], "rows": [], "num_rows_total": 1},
    "HELM": {"adapter_spec": {}, "request_states": []},
    "promptfoo": {"evalId": "e", "results": {}},
    "lighteval": {"config_general": {}, "results": {}, "versions": {}},
    "Braintrust": {"span_attributes": {}, "root_span_id": "s", "input": "i"},
    "Phoenix": {"span_kind": "LLM", "context": {}, "attributes": {}},
    "oaieval": {"spec": {"completion_fns": ["gpt"]}},
    "AlpacaEval": [{"instruction": "i", "output": "o", "generator": "g"}],
    "FastChat": {"question_id": 1, "answer_id": "a", "model_id": "m", "choices": []},
    "batch's input": {
        "custom_id": "c",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m"},
    },
    "--log_samples": {"results": {}, "configs": {}, "versions": {}},
    "EvalPlus": {"date": "d", "hash": "h", "eval": {"HumanEval/0": []}},
    "OpenCompass": {"0": {"origin_prompt": "p", "prediction": "4", "gold": "4"}},
    "--aggregate": {"model": "m", "k": 1, "coverage": 0.5, "usd_per_attempt": 0.1},
    "'foo', 'bar'": {"foo": 1, "bar": 2},
}


@pytest.mark.parametrize(("word", "content"), OTHERS.items(), ids=OTHERS.keys())
def test_a_log_of_another_tool_is_named(command, tmp_path, word, content):
    (tmp_path / "log.json").write_text(json.dumps(content))
    error = refused(command, "log.json")
    assert word in f"{error['message']} {error['remedy']}"


def test_what_is_no_log_at_all_is_named(command, tmp_path):
    (tmp_path / "ledger.bin").write_bytes(b"SQLite format 3\x00" + bytes(100))
    assert "merge" in refused(command, "ledger.bin")["remedy"]
    (tmp_path / "x.bin").write_bytes(bytes(range(200)) * 10)
    assert "no text" in refused(command, "x.bin")["message"]
    assert "no format" in refused(command, "x.bin", "--format", "mine")["message"]


def test_a_scorer_s_verdicts_are_a_set_by_its_name(command, tmp_path):
    def told() -> dict[str, tuple[bool, int]]:
        found = json.loads(command("verdicts", "a.db", "--json").stdout)["sets"]
        return {one["name"]: (one["current"], one["right"]) for one in found}

    one = logs.inspect_sample(1, 1)
    logs.write_eval(tmp_path / "a.eval", [one, logs.inspect_sample(1, 2, "5")])
    other = logs.inspect_sample(1, 1, scores={"numeric": {"value": "C"}})
    logs.write_eval(tmp_path / "b.eval", [other], logs.inspect_header(task="others"))
    brought(command, "a.eval", "b.eval")
    assert told() == {"match": (True, 1), "numeric": (False, 1)}
    assert [row["passed"] for row in records(Path("a.db"))] == [1, 0, None]
    done = command("verify", "a.db", "--verifier", "exact", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["before"] == {"name": "match", "right": 1}
    assert command("verdicts", "a.db", "--use", "numeric").returncode == 0
    assert [row["passed"] for row in records(Path("a.db"))] == [None, None, 1]


def test_what_is_imported_beside_a_set_of_ours_is_kept_apart(command, tmp_path):
    write(tmp_path / "own.jsonl", {"model": "m", "problem": "p", "sample_index": 0, "text": "4", "gold": "4"})
    brought(command, "own.jsonl")
    assert command("verify", "a.db", "--verifier", "numeric").returncode == 0
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(scores={"numeric": {"value": "I"}})])
    brought(command, "a.eval")
    names = [one["name"] for one in json.loads(command("verdicts", "a.db", "--json").stdout)["sets"]]
    assert names == ["numeric", "numeric (imported)"]
    assert [row["passed"] for row in records(Path("a.db"))] == [1, None]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", ["array", "objects"])
def test_samples_need_not_be_a_line_each(command, tmp_path, form, indent):
    lines = [
        {"model": "m", "problem": "p", "sample_index": at, "text": "4", "cost_usd": 0.25} for at in range(3)
    ]
    text = json.dumps(lines, indent=indent)
    if form == "objects":
        text = "\n".join(json.dumps(line, indent=indent) for line in lines)
    (tmp_path / "s.json").write_text(text)
    assert brought(command, "s.json")["samples"] == 3
    assert [row["cost_pico"] for row in records(Path("a.db"))] == [25 * 10**10] * 3
    Path("a.db").unlink()
    (tmp_path / "h.json").write_text(text.replace('"problem"', '"task_id"').replace('"text"', '"completion"'))
    assert brought(command, "h.json", "--model", "m")["samples"] == 3
    (tmp_path / "s.json").write_text(text.replace('"sample_index": 2', '"sample_index": -2'))
    Path("a.db").unlink()
    assert "negative" in refused(command, "s.json")["message"]


def test_a_parquet_file_of_other_columns_is_named(command, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs the extra hub")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"full_prompt": ["a"], "predictions": ["b"]}), tmp_path / "a.parquet")
    assert "Parquet" in refused(command, "a.parquet")["message"]
