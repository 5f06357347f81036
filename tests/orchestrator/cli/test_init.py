"""`manyfew init` writes a file that loads, and never over another."""

from __future__ import annotations

import tomllib

import pytest

from orchestrator.cli.command_table import COMMANDS
from orchestrator.sweep.load import load


def test_what_it_writes_loads_and_is_commented(command, tmp_path):
    done = command("init")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["wrote sweep.toml", "next: manyfew plan sweep.toml"]
    sweep = load(tmp_path / "sweep.toml")
    assert [model.provider for model in sweep.models.values()] == ["vllm", "openai"]
    assert sweep.problems.source == "quickstart"
    keys = [line for line in sweep.text.splitlines() if " = " in line and not line.startswith("#")]
    assert all("#" in line for line in keys if "model =" not in line and 'provider = "openai"' not in line)


def test_its_commented_keys_are_good_too(command, tmp_path):
    command("init")
    text = (tmp_path / "sweep.toml").read_text()
    stated = set[str]()
    lines: list[str] = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        key = bare.split(" = ")[0]
        # one price a model, and no key twice in a table
        if bare != line and " = " in bare and key.isidentifier() and "one of the two" not in bare:
            line = bare
        if line.startswith("["):
            stated.clear()
        if line.split(" = ")[0] in stated:
            continue
        stated.add(line.split(" = ")[0])
        lines.append(line)
    (tmp_path / "all.toml").write_text("\n".join(lines))
    assert len(tomllib.loads("\n".join(lines))["models"]["expensive"]) > 6
    sweep = load(tmp_path / "all.toml")
    assert "temperature" not in sweep.models["expensive"].params
    assert sweep.problems.shuffle == 7


def test_it_never_overwrites(command, tmp_path):
    (tmp_path / "sweep.toml").write_text("mine")
    done = command("init")
    assert done.returncode == 2
    said = "already exists and is left as it is (name another file, or move this one)"
    assert done.stderr == f"manyfew: sweep.toml: {said}\n"
    assert (tmp_path / "sweep.toml").read_text() == "mine"
    (tmp_path / "link.toml").symlink_to(tmp_path / "nowhere.toml")
    assert command("init", "link.toml").returncode == 2
    assert not (tmp_path / "nowhere.toml").exists()


@pytest.mark.parametrize(
    ("path", "made"),
    [("a/b/c.toml", "a/b/c.toml"), ("folder", "folder/sweep.toml"), ("with space.toml", "with space.toml")],
)
def test_places(command, tmp_path, path, made):
    (tmp_path / "folder").mkdir()
    done = command("init", path)
    assert done.returncode == 0
    assert (tmp_path / made).is_file()
    if " " in path:
        assert done.stdout.endswith("next: manyfew plan 'with space.toml'\n")


def test_a_place_that_cannot_be(command, tmp_path):
    (tmp_path / "file").write_text("")
    done = command("init", "file/sweep.toml")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_the_quickstart(command, tmp_path):
    done = command("init", "--quickstart")
    if done.returncode != 0:
        pytest.skip("the recorded quickstart is not there yet")
    assert done.stdout.endswith("next: manyfew run quickstart.toml\n")
    sweep = load(tmp_path / "quickstart.toml")
    assert all(model.provider == "replay" for model in sweep.models.values())


def test_init_is_the_first_command():
    assert next(iter(COMMANDS)) == "init"
