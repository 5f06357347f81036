"""Which line of a failed program's words names the cause."""

import pytest

from verifiers.sandbox.said import cause


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("bwrap: no permissions to create a new namespace\n", "bwrap: no permissions to create a new namespace"),
        ("one\ntwo", "two"),
        ("docker: Error response from daemon: no catatonit\n\nRun 'docker run --help' for more information\n",
         "docker: Error response from daemon: no catatonit"),
        ("docker: invalid reference format\n\nRun 'docker run --help' for more information",
         "docker: invalid reference format"),
        ("unknown flag: --x\nSee 'docker run --help'.", "unknown flag: --x"),
        ('time="…" level=warning msg="old"\nError: runc: no such file\nexit status 1', "Error: runc: no such file"),
        ("Run 'docker --help'", "Run 'docker --help'"),
    ],
)  # fmt: skip
def test_the_cause(said, line):
    assert cause(said) == line
