"""A filter of system calls for the sandbox, as the classic BPF that seccomp(2) and `bwrap --seccomp` take.

The namespaces already keep a program from everything outside. What is refused here is what they leave open or what
only enlarges the kernel's surface: new namespaces and mounts, tracing, keys, BPF, io_uring, memory that no limit
counts (memfd, SysV segments), other socket families than unix and internet (a vsock reaches the host of a virtual
machine from any network namespace), and, if a job may have one process only, every new process.

Numbers: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. On other machines
there is no filter.
"""

from __future__ import annotations

import errno
import platform
import struct
from functools import cache
from typing import Final

_ARCHITECTURES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""AUDIT_ARCH of <linux/audit.h>, and the column below."""
_SAME_ON_BOTH = (*range(425, 434), 438, 440, 442, 443, 447, 450)
"""io_uring_*, open_tree, move_mount, fs*, pidfd_getfd, process_madvise, mount_setattr, quotactl_fd, memfd_secret,
set_mempolicy_home_node."""
_REFUSED: Final[dict[str, tuple[int | None, int | None]]] = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "chroot": (161, 51),
    "clock_adjtime": (305, 266), "clock_settime": (227, 112), "delete_module": (176, 106),
    "fanotify_init": (300, 262), "finit_module": (313, 273), "init_module": (175, 105), "ioperm": (173, None),
    "iopl": (172, None), "kcmp": (312, 272), "kexec_file_load": (320, 294), "kexec_load": (246, 104),
    "keyctl": (250, 219), "lookup_dcookie": (212, 18), "mbind": (237, 235), "memfd_create": (319, 279),
    "migrate_pages": (256, 238), "modify_ldt": (154, None), "mount": (165, 40), "move_pages": (279, 239),
    "mq_open": (240, 180), "msgget": (68, 186), "name_to_handle_at": (303, 264), "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265), "perf_event_open": (298, 241), "personality": (135, 92),
    "pivot_root": (155, 41), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "ptrace": (101, 117), "quotactl": (179, 60), "reboot": (169, 142), "request_key": (249, 218),
    "semget": (64, 190), "set_mempolicy": (238, 237), "setdomainname": (171, 162), "sethostname": (170, 161),
    "setns": (308, 268), "settimeofday": (164, 170), "shmget": (29, 194), "swapoff": (168, 225),
    "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97), "uselib": (134, None),
    "userfaultfd": (323, 282), "vhangup": (153, 58),
}  # fmt: skip
_OF_ITSELF: Final[dict[str, tuple[int, int]]] = {
    "prlimit64": (302, 261), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
}  # fmt: skip
"""Calls that can change another process of the same user: their first argument names it, 0 the caller."""
_SET_PRIORITY, _SET_IO_PRIORITY = (141, 140), (251, 30)
_CLONE, _CLONE3, _FORK, _VFORK = (56, 220), (435, 435), (57, None), (58, None)
_SOCKET = (41, 198)
_UNIX = 1
_FAMILIES = (_UNIX, 2, 10)  # unix, IPv4, IPv6
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS | …NEWCGROUP | …NEWUTS | …NEWIPC | …NEWUSER | …NEWPID | …NEWNET
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000

_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT, _SECOND_ARGUMENT = (
    0,
    4,
    16,
    24,
)  # offsets in struct seccomp_data; the low half of a little-endian word
_ALLOW, _KILL = 0x7FFF0000, 0x80000000


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int = errno.EPERM) -> bytes:
    return _instruction(_RETURN, 0x00050000 | number)


@cache
def seccomp_filter(*, one_process: bool, apart: bool = False, machine: str | None = None) -> bytes | None:
    """The program for this machine (or the one named); None if its numbers are not known. `apart`: for a process that
    shares its sandbox with those before and after it. It can't change them, nor leave a port in use."""
    known = _ARCHITECTURES.get(machine or platform.machine())
    if known is None:
        return None
    arch, column = known
    allow = _instruction(_RETURN, _ALLOW)
    program = [
        _instruction(_LOAD, _ARCH),
        _instruction(_EQUAL, arch, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
    ]
    if column == 0:  # x32 calls have numbers of their own
        program += [_instruction(_AT_LEAST, _X32, 0, 1), _refuse(errno.ENOSYS)]
    numbers = [pair[column] for pair in _REFUSED.values()]
    numbers += _SAME_ON_BOTH
    if one_process:
        numbers += [_FORK[column], _VFORK[column]]
    if apart:
        numbers.append(_SET_IO_PRIORITY[column])
        own = [_instruction(_LOAD, _FIRST_ARGUMENT), _instruction(_EQUAL, 0, 1, 0), _refuse(), allow]
        for pair in _OF_ITSELF.values():
            program += [_instruction(_EQUAL, pair[column], 0, len(own)), *own]
        own = [
            _instruction(_LOAD, _FIRST_ARGUMENT),
            _instruction(_EQUAL, 0, 0, 2),
            _instruction(_LOAD, _SECOND_ARGUMENT),
            _instruction(_EQUAL, 0, 1, 0),
            _refuse(),
            allow,
        ]
        program += [_instruction(_EQUAL, _SET_PRIORITY[column], 0, len(own)), *own]
    for number in numbers:
        if number is not None:
            program += [_instruction(_EQUAL, number, 0, 1), _refuse()]
    # The flags of clone3 lie in memory, where a filter can't look; without it the C library uses clone.
    program += [_instruction(_EQUAL, _CLONE3[column], 0, 1), _refuse(errno.ENOSYS)]
    clone = [
        _instruction(_LOAD, _FIRST_ARGUMENT),
        _instruction(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _refuse(),
    ]
    if one_process:
        clone += [_instruction(_ANY_BIT, _CLONE_THREAD, 1, 0), _refuse()]
    clone.append(allow)
    program += [_instruction(_EQUAL, _CLONE[column], 0, len(clone)), *clone]
    socket = [_instruction(_LOAD, _FIRST_ARGUMENT)]
    families = (_UNIX,) if apart else _FAMILIES
    socket += [_instruction(_EQUAL, family, len(families) - at, 0) for at, family in enumerate(families)]
    socket += [_refuse(errno.EAFNOSUPPORT), allow]
    program += [_instruction(_EQUAL, _SOCKET[column], 0, len(socket)), *socket]
    return b"".join([*program, allow])
