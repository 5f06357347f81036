"""Runs programs that nobody has read; bubblewrap.py says what they can't do there.

jail = choose(bounds.sandbox)          # ValueError for an unknown name; lacks() says what this machine lacks
job = Job(command=("coqc", "proof.v"), read_only=(Path("/usr"),), limits=Limits(memory_mb=2048, processes=8))
with jail.start(job) as child:         # SandboxError: the sandbox did not work, nothing was run
    child.stdin.write(b"…")            # and child.stdout, child.stderr; or, once stdin is closed,
    outcome = child.read_to_end(10.0)  # … for at most 10 s. Leaving the block kills whatever is left.
"""

from verifiers.sandbox.choose import Jail, choose
from verifiers.sandbox.job import PACKAGES, Ended, Job, JobResult, Limits, SandboxError
from verifiers.sandbox.process import Child
from verifiers.sandbox.stdin import input_file

__all__ = [
    "PACKAGES",
    "Child",
    "Ended",
    "Jail",
    "Job",
    "JobResult",
    "Limits",
    "SandboxError",
    "choose",
    "input_file",
]
