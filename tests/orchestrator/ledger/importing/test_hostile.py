"""Files made to do harm, or damaged: each is refused in one line that names the place, and nothing is imported."""

from __future__ import annotations

import json
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.importing import zip_entries
from orchestrator.ledger.importing.zip_entries import ZipEntries
from tests.orchestrator.ledger.importing import logs
from tests.orchestrator.sample_files import LINE, records, write


def refused(command, *arguments: str) -> dict[str, Any]:
    done = command("import", *arguments, "--db", "a.db", "--json")
    assert done.returncode == 2, done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert not Path("a.db").exists()
    return json.loads(done.stdout)["error"]


def changed(**fields: Any) -> dict[str, Any]:
    return logs.inspect_sample(2, 1) | fields


BAD = {
    "id true": changed(id=True),
    "epoch nought": changed(epoch=0),
    "epoch beyond": changed(epoch=10**12),
    "epoch text": changed(epoch="1"),
    "content a number": changed(output={"choices": [{"message": {"content": 7}}]}),
    "choices an object": changed(output={"choices": {}}),
    "score a dict": changed(scores={"s": {"value": {"a": 1, "b": 0}}}),
    "score a list": changed(scores={"s": {"value": [1]}}),
    "score a word": changed(scores={"s": {"value": "maybe"}}),
    "score beyond": changed(scores={"s": {"value": 1e305}}),
    "tokens negative": changed(model_usage={"m": {"input_tokens": -1, "output_tokens": 1}}),
    "tokens beyond": changed(model_usage={"m": {"input_tokens": 10**15, "output_tokens": 1}}),
    "tokens text": changed(model_usage={"m": {"input_tokens": "7", "output_tokens": 1}}),
    "cost negative": changed(model_usage={"m": {"input_tokens": 1, "total_cost": -0.5}}),
    "cost beyond": changed(model_usage={"m": {"input_tokens": 1, "total_cost": 1e12}}),
    "cost NaN": changed(model_usage={"m": {"input_tokens": 1, "total_cost": float("nan")}}),
    "cost text": changed(model_usage={"m": {"input_tokens": 1, "total_cost": "1"}}),
    "time negative": changed(working_time=-1.0),
    "time NaN": changed(working_time=float("nan")),
    "target a number": changed(target=4),
    "the same again": logs.inspect_sample(1, 1),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("form", ["eval", "json"])
def test_one_bad_sample_of_an_inspect_log(command, tmp_path, form, bad):
    if form == "eval":
        with zipfile.ZipFile(tmp_path / "a.eval", "w") as archive:
            archive.writestr("header.json", json.dumps(logs.inspect_header()))
            for at, sample in enumerate((logs.inspect_sample(1, 1), bad)):
                archive.writestr(f"samples/{at}_epoch_1.json", json.dumps(sample))
        error = refused(command, "a.eval")
        assert error["where"].startswith("a.eval: samples/1_epoch_1.json")
    else:
        logs.write_json_log(tmp_path / "a.json", [logs.inspect_sample(1, 1), bad])
        error = refused(command, "a.json")
        assert error["where"].startswith("a.json: sample 2")
    assert error["message"]
    assert error["remedy"]


def test_half_a_surrogate_pair_and_bytes_that_are_no_text(command, tmp_path):
    for at, content in enumerate(
        (b'{"id": 1, "epoch": 1, "input": "\\ud83d"}', b'{"id": "caf\xe9", "epoch": 1}', b"{")
    ):
        with zipfile.ZipFile(tmp_path / f"{at}.eval", "w") as archive:
            archive.writestr("header.json", json.dumps(logs.inspect_header()))
            archive.writestr("samples/1_epoch_1.json", content)
        assert "samples/1_epoch_1.json" in refused(command, f"{at}.eval")["where"]


def test_an_entry_that_unpacks_to_too_much(command, tmp_path, monkeypatch):
    monkeypatch.setattr(zip_entries, "LARGEST_ENTRY", 10_000)
    logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(1, 1, "x" * 50_000)])
    assert "unpacks to more than" in refused(command, "a.eval")["message"]


def test_an_entry_that_unpacks_to_more_than_it_says(command, tmp_path):
    path = logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(1, 1, "x" * 50_000)])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("samples/1_epoch_1.json")
    central = data.rindex(b"samples/1_epoch_1.json") - 46
    assert struct.unpack_from("<I", data, central + 24)[0] == entry.file_size
    struct.pack_into("<I", data, central + 24, 1000)
    path.write_bytes(data)
    assert "damaged" in refused(command, "a.eval")["message"]


BLANKS = b" " * (16 << 20)


def hostile_zstd(kind: str, zstd: Any) -> tuple[bytes, int]:
    """(what an entry is packed into, the size that the zip file states)."""
    flag = {zstd.CompressionParameter.content_size_flag: 0}
    match kind:
        case "more than stated":
            return zstd.compress(BLANKS), 1000
        case "more than stated, in many frames":
            return zstd.compress(BLANKS[: 1 << 20]) * 16, 1000
        case "no size in the frame":
            return zstd.compress(BLANKS, options=flag), 1000
        case "another size in the frame":
            packed = bytearray(zstd.compress(BLANKS))
            assert packed[4] >> 6 == 2  # the size has four bytes, behind the window's
            at = 5 if packed[4] & 32 else 6
            struct.pack_into("<I", packed, at, 2**32 - 1)
            return bytes(packed), 1000
        case "less than stated":
            return zstd.compress(b"{}"), 1 << 20
        case "cut off":
            return zstd.compress(BLANKS)[:-5], len(BLANKS)
        case _:
            return b"\x28\xb5\x2f\xfd" + b"\xff" * 50, 1000


@pytest.mark.parametrize(
    "kind",
    [
        "more than stated",
        "more than stated, in many frames",
        "no size in the frame",
        "another size in the frame",
        "less than stated",
        "cut off",
        "no frame",
    ],
)
def test_zstandard_that_is_not_what_the_zip_file_says(tmp_path, kind):
    import tracemalloc

    zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
    packed, size = hostile_zstd(kind, zstd)
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(logs.inspect_header()))
        archive.writestr("samples/1_epoch_1.json", packed)
        entry = archive.filelist[-1]
        entry.file_size, entry.compress_type = size, 93
    with ZipEntries(path) as entries:
        bad = entries.find("samples/1_epoch_1.json")["samples/1_epoch_1.json"]
        tracemalloc.start()
        try:
            with pytest.raises(InputError, match=r"samples/1_epoch_1\.json.* damaged"):
                entries.read(bad)
            (_, most) = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < (3 * len(BLANKS) if kind == "cut off" else 4 << 20)


@pytest.mark.parametrize("cut", [1, 30, 200, 2000])
def test_a_zip_file_that_is_cut_off(command, tmp_path, cut):
    path = logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(1, at) for at in range(1, 30)])
    path.write_bytes(path.read_bytes()[:-cut])
    assert "damaged" in refused(command, "a.eval")["message"]


def test_flipped_bytes_are_found_or_change_nothing(command, tmp_path):
    path = logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample(1, at) for at in range(1, 4)])
    good = path.read_bytes()
    for at in range(0, len(good), 37):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        done = command("import", "a.eval", "--db", "a.db", "--json")
        assert done.returncode in (0, 2), done.stderr
        if done.returncode == 0:
            assert {row["text"] for row in records(Path("a.db"))} == {"4"}
            Path("a.db").unlink()


def test_names_in_a_zip_file_are_no_paths(command, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.eval", "w") as archive:
        archive.writestr("header.json", json.dumps(logs.inspect_header()))
        archive.writestr("../../samples/1_epoch_1.json", json.dumps(logs.inspect_sample()))
        archive.writestr("samples/../../x_epoch_1.json", json.dumps(logs.inspect_sample("../../etc/passwd")))
    before = set(tmp_path.parent.rglob("*"))
    assert command("import", "a.eval", "--db", "a.db").returncode == 0
    assert {path.name for path in set(tmp_path.parent.rglob("*")) - before} <= {
        "a.db",
        "a.db-wal",
        "a.db-shm",
        "a.db.lock",
    }
    assert [row["problem"] for row in records(Path("a.db"))] == ["../../etc/passwd"]


def test_hostile_texts_reach_no_terminal(command, tmp_path):
    evil = "\x1b[2J\u202eevil\x07"
    logs.write_eval(
        tmp_path / "a.eval",
        [logs.inspect_sample(1, 1, scores={evil: {"value": "C"}})],
        logs.inspect_header(task=evil, model=evil),
    )
    done = command("import", "a.eval", "--db", "a.db")
    assert done.returncode == 0, done.stderr
    bad = logs.write_eval(tmp_path / "b.eval", [logs.inspect_sample(evil, 1, target=7)])
    said = done.stdout + command("import", str(bad), "--db", "b.db").stderr
    assert not set("\x1b\u202e\x07") & set(said)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("lm", [logs.lm_eval_line(0, ["a"]), logs.lm_eval_line(0, ["a"]) | {"doc_id": None}]),
        ("lm", [logs.lm_eval_line(0, ["a"]), logs.lm_eval_line(1, ["a"]) | {"resps": [[7.5]]}]),
        (
            "batch",
            [logs.openai_batch_line("p", ["a"]), logs.openai_batch_line("q", ["a"]) | {"custom_id": 7}],
        ),
        (
            "batch",
            [
                logs.openai_batch_line("p", ["a"]),
                logs.openai_batch_line("q", ["a"]) | {"response": {"status_code": 200, "body": {"model": 3}}},
            ],
        ),
        ("evals", [logs.evals_item(1, "a", True), logs.evals_item(2, "a", True) | {"results": 7}]),
        (
            "code",
            [
                logs.livecodebench_item("q", ["a"], [True]),
                logs.livecodebench_item("r", ["a"], [True, False]),
            ],
        ),
        ("swe", [{"instance_id": "a", "model_patch": "", "model_name_or_path": "m"}, {"model_patch": 7}]),
    ],
)
def test_one_bad_record_of_any_format(command, tmp_path, name, lines):
    write(tmp_path / f"samples_{name}.jsonl", *lines)
    error = refused(command, f"samples_{name}.jsonl", *(() if name != "lm" else ("--model", "m")))
    assert "2" in error["where"].removeprefix(f"samples_{name}.jsonl")
    assert error["message"]


def test_nothing_is_imported_of_good_files_beside_a_bad_one(command, tmp_path):
    logs.write_eval(tmp_path / "good.eval", [logs.inspect_sample()])
    write(tmp_path / "own.jsonl", LINE)
    (tmp_path / "bad.json").write_text('{"foo": 1}')
    assert "bad.json" in refused(command, "good.eval", "own.jsonl", "bad.json")["where"]
    assert "nowhere" in refused(command, "good.eval", "nowhere.eval")["where"]


def test_without_the_package_for_zstandard_it_is_named(command, tmp_path, monkeypatch):
    path = logs.write_eval(tmp_path / "a.eval", [logs.inspect_sample()])
    path.write_bytes(path.read_bytes().replace(b"\x14\x00\x00\x00\x08\x00", b"\x14\x00\x00\x00\x5d\x00"))

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(zip_entries, "import_module", missing)
    error = refused(command, "a.eval")
    assert "Zstandard" in error["message"]
    assert "backports.zstd" in error["remedy"]
