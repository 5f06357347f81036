"""The command that installs something into the environment that runs now, whatever made that environment."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_PIPX_HOMES = ("~/.local/share/pipx", "~/.local/pipx", "~/Library/Application Support/pipx")
_PIPX_GLOBAL_HOME = "/opt/pipx"
_UV_TOOLS = "~/.local/share/uv/tools"


@dataclass(frozen=True, slots=True)
class Pipx:
    """Records what it installs, so that an upgrade keeps it."""

    name: str
    home: str | None = None
    """If pipx would look elsewhere."""
    is_global: bool = False

    def install(self, *requirements: str) -> str:
        return self._line("inject", self.name, *requirements)

    def install_extra(self, extra: str) -> str:
        """Not as `manyfew[extra]`: older pipx leave alone what is installed."""
        return self.install(*_requirements_of(extra))

    def upgrade(self) -> str:
        return self._line("upgrade", self.name)

    def _line(self, verb: str, *words: str) -> str:
        home = (f"PIPX_HOME={self.home}",) if self.home else ()
        return _shell("pipx", verb, *(("--global",) if self.is_global else ()), *words, variables=home)


@dataclass(frozen=True, slots=True)
class UvTool:
    """Records what it installs, and drops what an installation doesn't name again."""

    extras: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """UV_TOOL_DIR=… and UV_TOOL_BIN_DIR=… if uv would look elsewhere."""

    def install(self, *requirements: str) -> str:
        return self._install(self.extras, (*self.others, *requirements))

    def install_extra(self, extra: str) -> str:
        return self._install(tuple(dict.fromkeys((*self.extras, extra))), self.others)

    def upgrade(self) -> str:
        return _shell("uv", "tool", "upgrade", "manyfew", variables=self.folders)

    def _install(self, extras: tuple[str, ...], others: tuple[str, ...]) -> str:
        manyfew = f"manyfew[{','.join(extras)}]" if extras else "manyfew"
        options = [word for other in others for word in ("--with", other)]
        return _shell("uv", "tool", "install", manyfew, *options, variables=self.folders)


@dataclass(frozen=True, slots=True)
class Plain:
    """A virtual environment, or Python itself."""

    words: tuple[str, ...]
    """The command but for the requirements."""
    before: tuple[str, ...] = ()
    """A command to run first."""

    def install(self, *requirements: str) -> str:
        line = _shell(*self.words, *requirements)
        return f"{_shell(*self.before)} && {line}" if self.before else line

    def install_extra(self, extra: str) -> str:
        from importlib.metadata import PackageNotFoundError, distribution

        try:
            distribution("manyfew")
        except PackageNotFoundError:
            return self.install("-e", f"{_ROOT}[{extra}]")  # a clone that was never installed
        return self.install(f"manyfew[{extra}]")

    def upgrade(self) -> str:
        return self.install("-U", "manyfew")


Installer = Pipx | UvTool | Plain


def install(*requirements: str, python: str | None = None) -> str:
    """For requirements as pip writes them; for the running interpreter, or for another one."""
    installer = (
        running() if python in (None, sys.executable) else _plain(python, _has_pip_beside(python), True)
    )
    return installer.install(*requirements)


def install_extra(extra: str) -> str:
    """For what `manyfew[extra]` needs."""
    return running().install_extra(extra)


def upgrade() -> str:
    """For the newest manyfew."""
    return running().upgrade()


def running() -> Installer:
    """What installs for the running interpreter."""
    import sysconfig
    import tomllib

    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file() and shutil.which("pipx"):
        return _pipx(prefix, os.environ)
    if (receipt := prefix / "uv-receipt.toml").is_file() and shutil.which("uv"):
        return _uv_tool(prefix, tomllib.loads(receipt.read_text(encoding="utf-8")), os.environ)
    python = "python" if shutil.which("python") == sys.executable else sys.executable
    plain = _plain(python, find_spec("pip") is not None, find_spec("ensurepip") is not None)
    if sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file():
        return Plain((*plain.words, "--break-system-packages"), plain.before)  # as manyfew itself came there
    return plain


def _plain(python: str, has_pip: bool, has_ensurepip: bool) -> Plain:
    pip = (python, "-m", "pip", "install")
    if has_pip:
        return Plain(pip)
    if shutil.which("uv"):
        return Plain(("uv", "pip", "install", "--python", python))
    if has_ensurepip:
        return Plain(pip, before=(python, "-m", "ensurepip"))
    base = str(getattr(sys, "_base_executable", sys.executable))
    return Plain((base, "-m", "pip", "--python", python, "install"))


def _has_pip_beside(python: str) -> bool:
    lib = Path(python).parent.parent / "lib"
    return any(any(lib.glob(f"python3*/{kind}/pip")) for kind in ("site-packages", "dist-packages"))


def _pipx(prefix: Path, environ: Mapping[str, str]) -> Pipx:
    home = prefix.parent.parent
    if home == Path(environ.get("PIPX_GLOBAL_HOME", _PIPX_GLOBAL_HOME)):
        return Pipx(prefix.name, is_global=True)
    usual = (environ["PIPX_HOME"],) if "PIPX_HOME" in environ else _PIPX_HOMES
    is_usual = any(Path(each).expanduser().resolve() == home.resolve() for each in usual)
    return Pipx(prefix.name, home=None if is_usual else str(home))


def _uv_tool(prefix: Path, receipt: Mapping[str, Any], environ: Mapping[str, str]) -> UvTool:
    tool = receipt.get("tool", {})
    extras: list[str] = []
    others: list[str] = []
    for given in tool.get("requirements", ()):
        had = given.get("extras", ())
        if given["name"] == "manyfew":
            extras += had
        else:
            others.append(given["name"] + (f"[{','.join(had)}]" if had else "") + given.get("specifier", ""))
    usual = environ.get("UV_TOOL_DIR") or (
        f"{environ['XDG_DATA_HOME']}/uv/tools" if environ.get("XDG_DATA_HOME") else _UV_TOOLS
    )
    folders: tuple[str, ...] = ()
    if Path(usual).expanduser().resolve() != prefix.parent.resolve():
        folders = (f"UV_TOOL_DIR={prefix.parent}",)
        for command in tool.get("entrypoints", ())[:1]:
            folders += (f"UV_TOOL_BIN_DIR={Path(command['install-path']).parent}",)
    return UvTool(tuple(extras), tuple(others), folders)


def _requirements_of(extra: str) -> list[str]:
    """What the extra adds, by the metadata of the installed manyfew."""
    from importlib.metadata import requires

    lines = [line.partition(";") for line in requires("manyfew") or []]
    wanted = [name.strip() for name, _, marker in lines if re.search(rf"extra == ['\"]{extra}['\"]", marker)]
    return wanted or [f"manyfew[{extra}]"]


def _shell(*words: str, variables: tuple[str, ...] = ()) -> str:
    settings = [
        f"{name}={shlex.quote(value)}" for name, _, value in (each.partition("=") for each in variables)
    ]
    return " ".join([*settings, *(shlex.quote(word) for word in words)])
