"""Slurm on this machine alone: munged, slurmctld and slurmd of Debian's packages, ended by their numbers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "squeue", "scontrol")
CONF = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/linear
SchedulerType=sched/backfill
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=30
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def lacking() -> str | None:
    """What is not there, None where all is."""
    if not os.environ.get("MANYFEW_SLURM"):
        return "a one-node Slurm: set MANYFEW_SLURM=1 to start it (Debian: slurm-wlm, munge)"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"no {', '.join(absent)} here"
    return None if os.geteuid() == 0 else "a Slurm of one's own is started as root"


class Cluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pids: list[Path] = []

    def __enter__(self) -> Self:
        folder = self._folder
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        folder.chmod(0o755)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        host = socket.gethostname().partition(".")[0]
        conf = folder / "slurm.conf"
        conf.write_text(
            CONF.format(host=host, folder=folder, ports=(_port(), _port()), cpus=os.cpu_count() or 1)
        )
        self.environ = {**os.environ, "SLURM_CONF": str(conf), "CUDA_VISIBLE_DEVICES": ""}
        for name, *options in (
            (
                "munged",
                "--force",
                f"--key-file={key}",
                f"--socket={folder}/munge.socket",
                f"--pid-file={folder}/munged.pid",
                f"--log-file={folder}/munged.log",
                f"--seed-file={folder}/seed",
            ),
            ("slurmctld", "-f", str(conf)),
            ("slurmd", "-f", str(conf), "-N", host),
        ):
            subprocess.run([name, *options], env=self.environ, check=True, capture_output=True)
            self._pids.append(folder / f"{name}.pid")
        until = time.monotonic() + 30
        while "idle" not in self.say("sinfo", "-h"):
            assert time.monotonic() < until, (folder / "slurmctld.log").read_text()
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        for pid in reversed(self._pids):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(pid.read_text()), signal.SIGTERM)

    def say(self, *words: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            words, cwd=folder, env=self.environ, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def submit(self, script: Path) -> str:
        return self.say("sbatch", "--parsable", str(script), folder=script.parent).strip()

    def state(self, job: str) -> str:
        """PENDING, RUNNING, COMPLETED …"""
        told = self.say("scontrol", "-o", "show", "job", job)
        return told.partition("JobState=")[2].split()[0]


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
