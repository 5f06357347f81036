"""image.py NAME: an image of this Debian's own Python, git, shell and core programs, given to podman under that name.

Made in seconds of the files of packages that are installed here: nothing is fetched."""

import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGES = (
    *(
        "base-files",
        "bash",
        "coreutils",
        "diffutils",
        "findutils",
        "git",
        "grep",
        "libc-bin",
        "libc6",
        "patch",
    ),
    *("libpython3-stdlib", "libpython3.11-minimal", "libpython3.11-stdlib", "python3", "python3-minimal"),
    *("python3.11", "python3.11-minimal", "sed", "tar"),
)
TOP = tuple(map(Path, ("/bin", "/lib", "/lib32", "/lib64", "/sbin")))
LEFT_OUT = re.compile(r"/usr/share/(?:doc|info|lintian|locale|man)\b|/\.$")
FOLDERS = ("dev", "proc", "root", "sys", "tmp")
FILES = {
    "etc/passwd": "root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n",
    "etc/group": "root:x:0:\n",
}


def files() -> set[Path]:
    """Under their real folders, with every library that one of them loads."""
    listed = subprocess.run(
        ["dpkg-query", "-L", *PACKAGES], check=True, capture_output=True, text=True
    ).stdout
    found = {placed(line) for line in listed.splitlines() if line and not LEFT_OUT.match(line)}
    programs = [str(path) for path in found if is_program(path)]
    told = subprocess.run(["ldd", *programs], check=False, capture_output=True, text=True).stdout
    libraries = {placed(line) for line in re.findall(r"/lib\S+", told)}
    return {
        path for path in found | libraries | {each.resolve() for each in libraries} if os.path.lexists(path)
    }


def placed(name: str) -> Path:
    return Path(os.path.realpath(Path(name).parent), Path(name).name)


def is_program(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def write(tar: tarfile.TarFile) -> None:
    own = {*FOLDERS, *FILES, "usr/bin/sh"}
    for path in sorted(files() | {link for link in TOP if link.is_symlink()}):
        if (name := str(path).lstrip("/")) not in own:
            tar.add(path, name, recursive=False)
    shell = tarfile.TarInfo("usr/bin/sh")
    shell.type, shell.linkname = tarfile.SYMTYPE, "bash"
    tar.addfile(shell)
    for name in FOLDERS:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
        tar.addfile(entry)
    for name, text in FILES.items():
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))


def main() -> None:
    with subprocess.Popen(["podman", "import", "--quiet", "-", sys.argv[1]], stdin=subprocess.PIPE) as podman:
        assert podman.stdin is not None
        with tarfile.open(fileobj=podman.stdin, mode="w|") as tar:
            write(tar)
        podman.stdin.close()
    if podman.returncode:
        sys.exit("podman did not import the image")


if __name__ == "__main__":
    main()
