"""Each peer's pinned list gives an environment in which the peer works; and the fixture that finds it."""

import pytest

from tests.peers.conftest import HERE, PEERS

IMPORTS = {
    "curator": "bespokelabs.curator",
    "evalplus": "evalplus.eval",
    "inspect_ai": "inspect_ai",
    "litellm": "litellm",
    "lm_eval": "lm_eval",
    "mini_swe_agent": "minisweagent",
    "ray": "ray",
}


def test_each_list_pins_every_package():
    assert set(IMPORTS) == set(PEERS)
    for name in PEERS:
        lines = [line for line in (HERE / f"{name}.txt").read_text().splitlines() if not line.startswith("#")]
        assert all("==" in line for line in lines), name


@pytest.mark.parametrize("name", PEERS)
def test_it_imports_without_manyfew(peer, name):
    code = f"import importlib.util, json, {IMPORTS[name]}\nprint(json.dumps(importlib.util.find_spec('orchestrator')))"
    assert peer(name).answers(code, MSWEA_SILENT_STARTUP="1") is None


def test_a_peer_that_is_missing_skips_and_in_ci_fails(peer, tmp_path, monkeypatch):
    monkeypatch.setenv("MANYFEW_PEERS_DIR", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("MANYFEW_PEERS", "inspect_ai")
    with pytest.raises(pytest.skip.Exception, match="MANYFEW_PEERS does not name litellm"):
        peer("litellm")
    with pytest.raises(pytest.fail.Exception, match="no environment with inspect_ai"):
        peer("inspect_ai")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no environment with inspect_ai"):
        peer("inspect_ai")
