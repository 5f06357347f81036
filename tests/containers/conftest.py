"""Real containers: podman, the docker command over podman's socket, and SWE-bench's own harness.

MANYFEW_CONTAINERS is the interpreter of an environment with tests/containers/swebench.txt
(`bash tests/environment.sh PLACE swebench tests/containers/swebench.txt`). Without it these tests are skipped; with it,
whatever they lack fails them: `apt-get install --no-install-recommends podman runc iptables catatonit`, and the docker
command. Settings, images and containers stand in a folder of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verifiers.sandbox import container

HERE = Path(__file__).parent
# podman's own limits need a right that not every machine gives; runc works where the kernel's control groups are mixed.
SETTINGS = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = """[storage]
driver = "overlay"
graphroot = "{0}/images"
runroot = "{0}/run"
"""


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that has SWE-bench."""
    named = os.environ.get("MANYFEW_CONTAINERS")
    if named is None:
        pytest.skip("needs MANYFEW_CONTAINERS (see tests/containers/conftest.py)")
    missing = [name for name in ("podman", "docker", "runc", "catatonit") if shutil.which(name) is None]
    assert not missing, f"not installed: {', '.join(missing)}"
    return Path(named).absolute()


@pytest.fixture(scope="session")
def podman(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """podman's home, with an image of this machine's own Python."""
    home = tmp_path_factory.mktemp("podman")
    (home / "containers.conf").write_text(SETTINGS)
    (home / "storage.conf").write_text(STORAGE.format(home))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_CONF", str(home / "containers.conf"))
        patch.setenv("CONTAINERS_STORAGE_CONF", str(home / "storage.conf"))
        patch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
        image = f"docker.io/library/{container.IMAGE}"
        subprocess.run([sys.executable, str(HERE / "image.py"), image], check=True, timeout=120)
        yield home
        for what in (["rm", "--all", "--force", "--time", "0"], ["rmi", "--all", "--force"]):
            subprocess.run(["podman", *what], check=False, capture_output=True, timeout=60)
        # podman mounts its images' folder on itself and leaves that: nothing could remove the folder. Lazily, since
        # what is still ending there may keep it busy.
        unmount = ["umount", "--lazy", str(home / "images/overlay")]
        subprocess.run(unmount, check=False, capture_output=True, timeout=60)


@contextmanager
def docker_over_podman(home: Path) -> Generator[None]:
    """podman answers as docker's daemon does."""
    socket = home / "socket"
    command = ["podman", "system", "service", "--time=0", f"unix://{socket}"]
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not socket.exists():
            assert time.monotonic() < deadline, "podman's service does not answer"
            time.sleep(0.05)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", f"unix://{socket}")
            yield
    finally:
        service.terminate()
        service.wait(20)
        socket.unlink(missing_ok=True)


@contextmanager
def podman_alone(home: Path) -> Generator[None]:
    """As on a machine without docker."""
    only = home / "bin"
    only.mkdir(exist_ok=True)
    link = only / "podman"
    if not link.is_symlink():
        link.symlink_to(str(shutil.which("podman")))
    folders = [folder for folder in os.environ["PATH"].split(":") if not Path(folder, "docker").exists()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", ":".join([str(only), *folders]))
        yield


@pytest.fixture(scope="module", params=["podman", "docker"])
def runtime(podman: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    container._runtime.cache_clear()
    with podman_alone(podman) if request.param == "podman" else docker_over_podman(podman):
        yield request.param
    container._runtime.cache_clear()


@pytest.fixture(scope="module")
def docker(podman: Path) -> Iterator[Path]:
    with docker_over_podman(podman):
        yield podman
