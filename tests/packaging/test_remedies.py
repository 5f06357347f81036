"""A remedy that installs something works when it is pasted into a shell, for each kind of environment."""

import os

import pytest

from tests.packaging.environments import KINDS, install, remedy_of

PYTHON = os.environ.get("MANYFEW_NEWEST_PYTHON", "python3")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(900)
def test_the_command_that_an_error_names_installs_what_is_missing(built, tmp_path, kind):
    shell, manyfew = install(kind, built.wheel, PYTHON, tmp_path)
    shell.run(f"{manyfew} init --quickstart && {manyfew} run quickstart.toml --no-progress")
    wanted = f"{manyfew} figure runs/quickstart.db -o r.svg"
    shell.run(remedy_of(shell, wanted))
    shell.run(wanted)
    assert "<svg" in (tmp_path / "r.svg").read_text()
    assert shell.run(manyfew, "--version")
