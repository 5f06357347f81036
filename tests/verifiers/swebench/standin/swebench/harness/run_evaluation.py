"""Takes the harness's arguments and leaves the files that it leaves (formats: SWE-bench 5.0.2, run_evaluation.py,
reporting.py, grading.py). What happens to a patch stands in the patch itself, as a word in one of its lines:

FIXES, BREAKS, NOAPPLY, SLOW, NOTESTS, ENVIRONMENT, DAEMON (an error of docker's), CRASH (the harness dies),
HALF (it dies while it writes that report), LINGERS (it hangs, its container running, unless STANDIN_LINGERS is 0).
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

LOGS = Path("logs/run_evaluation")
STAMP = "2026-11-24 12:00:00,000"


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("-d", "--dataset_name", default="SWE-bench/SWE-bench_Lite")
    parser.add_argument("-s", "--split", default="test")
    parser.add_argument("-i", "--instance_ids", nargs="+")
    parser.add_argument("-p", "--predictions_path", required=True)
    parser.add_argument("--max_workers", type=int, default=4)
    parser.add_argument("-t", "--timeout", type=int, default=1800)
    parser.add_argument("-id", "--run_id", required=True)
    parser.add_argument("--report_dir", default=".")
    args = parser.parse_args()
    dataset = [json.loads(line) for line in Path(args.dataset_name).read_text().splitlines()]
    listed = [json.loads(line) for line in Path(args.predictions_path).read_text().splitlines()]
    predictions = {prediction["instance_id"]: prediction for prediction in listed}
    with Path("calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"ids": [p["instance_id"] for p in listed], **vars(args)}) + "\n")
    known = {row["instance_id"] for row in dataset}
    if predictions.keys() - known:
        missing = " ".join(predictions.keys() - known)
        raise ValueError(f"Some prediction IDs not found in dataset!\nMissing IDs:\n{missing}")
    for row in dataset:
        prediction = predictions.get(row["instance_id"])
        if prediction and prediction["model_patch"] and not report_of(args.run_id, prediction).exists():
            evaluate(row, prediction, args)
    write_run_report(args, dataset, predictions)


def report_of(run_id: str, prediction: dict[str, str]) -> Path:
    name = prediction["model_name_or_path"].replace("/", "__")
    return LOGS / run_id / name / prediction["instance_id"] / "report.json"


def evaluate(row, prediction, args) -> None:
    instance, patch = row["instance_id"], prediction["model_patch"]
    path = report_of(args.run_id, prediction)
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "patch.diff").write_text(patch)
    log = (path.parent / "run_instance.log").open("w")

    def failed(message: str) -> None:
        log.write(
            f'{STAMP} - INFO - Traceback (most recent call last):\n  File "x.py", line 1, in run_instance\n'
        )
        log.write(f"swebench.harness.utils.EvaluationError: Error in evaluation for {instance}: {message}\n")
        log.write(f"Check ({path.parent}/run_instance.log) for more information.\n\n")
        log.close()
        print(f"Error in evaluation for {instance}: {message}", flush=True)  # noqa: T201

    log.write(f"{STAMP} - INFO - Creating container for {instance}...\n")
    if "DAEMON" in patch:
        return failed("500 Server Error for http+docker://localhost: no space left on device")
    if "CRASH" in patch:
        sys.stdout.flush()
        os._exit(7)
    if "LINGERS" in patch and os.environ.get("STANDIN_LINGERS") != "0":
        (Path(os.environ["STANDIN_CONTAINERS"]) / f"sweb.eval.{instance}.{args.run_id}").touch()
        time.sleep(600)
    if "NOAPPLY" in patch:
        output = "error: patch failed: app/core.py:1\nerror: app/core.py: patch does not apply"
        log.write(f"{STAMP} - INFO - >>>>> Patch Apply Failed:\n{output}\n")
        return failed(f">>>>> Patch Apply Failed:\n{output}")
    log.write(f"{STAMP} - INFO - Git diff before:\n{patch}\n")
    if "SLOW" in patch:
        return failed(f"Test timed out after {args.timeout} seconds.")
    content = json.dumps({instance: graded(row, patch)}, indent=4)
    if "HALF" in patch:
        path.write_text(content[: len(content) // 2])
        os._exit(7)
    path.write_text(content)
    log.close()
    print(f"1 ran successfully: {instance}", flush=True)  # noqa: T201
    return None


def graded(row, patch: str) -> dict[str, object]:
    report: dict[str, object] = {
        "patch_is_None": False,
        "patch_exists": True,
        "patch_successfully_applied": True,
        "resolved": False,
        "infra_failure": False,
    }
    if "NOTESTS" in patch or "ENVIRONMENT" in patch:
        report["patch_successfully_applied"] = False
        if "ENVIRONMENT" in patch:
            report |= {"infra_failure": True, "infra_failure_reason": "network_unreachable"}
        return report
    fixed, broken = json.loads(row["FAIL_TO_PASS"]), json.loads(row["PASS_TO_PASS"])
    good = "FIXES" in patch
    sides = {
        "FAIL_TO_PASS": {"success": fixed if good else [], "failure": [] if good else fixed},
        "PASS_TO_PASS": {"success": broken[1:] if "BREAKS" in patch else broken, "failure": []},
        "FAIL_TO_FAIL": {"success": [], "failure": []},
        "PASS_TO_FAIL": {"success": [], "failure": []},
    }
    if "BREAKS" in patch:
        sides["PASS_TO_PASS"]["failure"] = broken[:1]
    report["resolved"] = good and "BREAKS" not in patch
    report["tests_status"] = sides
    return report


def write_run_report(args, dataset, predictions) -> None:
    done = {i: json.loads(report_of(args.run_id, p).read_text())[i]["resolved"]
            for i, p in predictions.items() if report_of(args.run_id, p).exists()}  # fmt: skip
    resolved = sorted(i for i, good in done.items() if good)
    unresolved = sorted(i for i, good in done.items() if not good)
    errors = sorted(predictions.keys() - done.keys())
    document = {
        "total_instances": len(dataset),
        "submitted_instances": len(predictions),
        "completed_instances": len(done),
        "resolved_instances": len(resolved),
        "unresolved_instances": len(unresolved),
        "empty_patch_instances": 0,
        "error_instances": len(errors),
        "completed_ids": sorted(done),
        "incomplete_ids": sorted({row["instance_id"] for row in dataset} - predictions.keys()),
        "empty_patch_ids": [],
        "submitted_ids": sorted(predictions),
        "resolved_ids": resolved,
        "unresolved_ids": unresolved,
        "error_ids": errors,
        "schema_version": 2,
    }
    name = next(iter(predictions.values()))["model_name_or_path"]
    Path(args.report_dir, f"{name}.{args.run_id}.json").write_text(json.dumps(document, indent=4) + "\n")


if __name__ == "__main__":
    main()
