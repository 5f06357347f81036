"""What plan, doctor and init say of servers that a run starts itself, on a machine with a scripted nvidia-smi."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.commands.init import _as_found
from orchestrator.cli.main import main
from orchestrator.doctor.servers import server_findings
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.run.servers.gpus import memory, unknown, usable
from orchestrator.sweep.load import load
from tests.orchestrator.run.servers.nodes import USD_PER_HOUR, served, write
from tests.orchestrator.run.sweeps import ROOT, USD

SMI = """#!/bin/sh
case "$1" in
-L) echo "GPU 0: NVIDIA H200 (UUID: GPU-aaaa-1)"; echo "GPU 1: NVIDIA A100 (UUID: GPU-bbbb-2)"
    echo "  MIG 3g.40gb     Device  0: (UUID: MIG-cccc-3)"; echo "  MIG 3g.40gb     Device  1: (UUID: MIG-dddd-4)";;
--query-gpu=*) echo "0, GPU-aaaa-1, 40000, 103771"; echo "1, GPU-bbbb-2, 0, 81920";;
--query-compute-apps=*) echo "GPU-aaaa-1, 4242, python3, 39990";;
esac
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in front of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "nvidia-smi").write_text(SMI)
    (folder / "vllm").write_text("#!/bin/sh\n")
    for program in folder.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return folder


def test_which_gpus_there_are(node: Path) -> None:
    assert usable(None, {}) == ["0", "MIG-cccc-3", "MIG-dddd-4"]
    assert usable(None, {"CUDA_VISIBLE_DEVICES": "1, MIG-cccc-3"}) == ["1", "MIG-cccc-3"]
    assert usable(None, {"CUDA_VISIBLE_DEVICES": ""}) == []
    assert usable(None, {"CUDA_VISIBLE_DEVICES": "0,-1,1"}) == ["0"]
    assert usable(("1",), {"CUDA_VISIBLE_DEVICES": "0"}) == ["1"]
    assert unknown(["0", "GPU-bbbb-2", "GPU-bbbb", "7"]) == ["7"]
    held = memory(["0", "GPU-bbbb-2"])
    assert (held["0"].used_mib, held["GPU-bbbb-2"].used_mib) == (40000, 0)
    assert held["0"].by == ("process 4242 (python3, 39990 MiB)",)


def test_plan_shows_the_order_of_starts(node: Path, tmp_path: Path) -> None:
    models = {
        "big": served(tmp_path, model="b", serve={"gpus": 2}),
        "next": served(tmp_path, model="n", serve={"gpus": 2}),
        "small": served(tmp_path, model="s"),
    }
    prepared = prepare(load(write(tmp_path, models)))
    plan = plan_sweep(prepared, tmp_path / "none.db")
    prepared.executor.close()
    starts = plan.document()["starts"]
    assert [(one["models"], one["gpus"], one["at_once"]) for one in starts] == [
        (["big"], 2, True),
        (["next"], 2, False),
        (["small"], 1, True),
    ]
    assert starts[0]["loading_usd"] == 2 * 120 * USD_PER_HOUR / 3600
    assert plan.expected_pico == sum(m.expected_pico for m in plan.models) + plan.loading_pico
    assert plan.loading_pico == 5 * 120 * USD_PER_HOUR / 3600 * USD


def test_doctor_names_what_a_node_lacks(node: Path, tmp_path: Path) -> None:
    model = served(tmp_path, serve={"gpus": 4, "command": ["no-such-server", "{port}"]})
    found = list(server_findings(load(write(tmp_path, {"a": model}))))
    texts = {finding.text: finding.state for finding in found}
    assert texts["a: there is no command no-such-server here"] == "missing"
    assert texts["a takes 4 GPUs, and 3 can be used here"] == "missing"
    (used,) = (text for text in texts if "103,771 MiB of memory are free" in text)
    assert "in use by process 4242" in used
    assert any("free for weights" in text for text in texts)


def test_init_writes_a_serve_table(node: Path, tmp_path: Path) -> None:
    """Where there are GPUs and vllm but no server; a machine without is left as it was."""
    starter = (ROOT / "orchestrator/cli/starter.toml").read_text()
    path = tmp_path / "sweep.toml"
    path.write_text(_as_found(starter))
    assert load(path).models["cheap"].serve is not None
    (node / "vllm").unlink()
    assert _as_found(starter) == starter


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        ({"command": ["no-such-server", "{port}"]}, "there is no command no-such-server here"),
        ({"gpus": 4}, "asks for 4, and there are 3 to use here"),
    ],
)
def test_plan_says_what_the_node_lacks(
    node: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], serve: dict[str, object], said: str
) -> None:
    """It may be asked on another machine, so that it plans all the same."""
    path = write(tmp_path, {"a": served(tmp_path, serve=serve)})
    with pytest.raises(SystemExit) as ended:
        main(["plan", str(path)])
    assert ended.value.code == 0
    err = capsys.readouterr().err
    assert said in err
    assert "until then, run won't start here" in err
