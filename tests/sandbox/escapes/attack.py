"""What the hostile scripts beside this file share: how they report, and system calls by their names."""

import ctypes
import errno
import json
import os
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
REFUSED = {errno.EPERM, errno.ENOSYS, errno.EACCES}
NUMBERS = {
    "x86_64": {
        "ptrace": 101,
        "adjtimex": 159,
        "pivot_root": 155,
        "mount": 165,
        "umount2": 166,
        "swapon": 167,
        "reboot": 169,
        "init_module": 175,
        "delete_module": 176,
        "settimeofday": 164,
        "kexec_load": 246,
        "add_key": 248,
        "keyctl": 250,
        "unshare": 272,
        "perf_event_open": 298,
        "process_vm_readv": 310,
        "setns": 308,
        "bpf": 321,
        "userfaultfd": 323,
        "io_uring_setup": 425,
        "fsopen": 430,
        "clone": 56,
        "clone3": 435,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
        "memfd_secret": 447,
        "syslog": 103,
        "sched_setscheduler": 144,
        "open_tree": 428,
        "process_vm_writev": 311,
        "acct": 163,
        "quotactl": 179,
        "kcmp": 312,
        "lookup_dcookie": 212,
        "iopl": 172,
        "ioperm": 173,
        "modify_ldt": 154,
        "set_mempolicy": 238,
        "move_pages": 279,
        "process_madvise": 440,
        "seccomp": 317,
        "name_to_handle_at": 303,
        "open_by_handle_at": 304,
        "fanotify_init": 300,
        "ioprio_set": 251,
        "sched_setattr": 314,
        "mq_open": 240,
        "msgget": 68,
        "personality": 135,
        "sethostname": 170,
        "setdomainname": 171,
        "execveat": 322,
        "sync": 162,
        "syncfs": 306,
        "cachestat": 451,
        "io_setup": 206,
        "io_destroy": 207,
    },
    "aarch64": {
        "ptrace": 117,
        "adjtimex": 171,
        "pivot_root": 41,
        "mount": 40,
        "umount2": 39,
        "swapon": 224,
        "reboot": 142,
        "init_module": 105,
        "delete_module": 106,
        "settimeofday": 170,
        "kexec_load": 104,
        "add_key": 217,
        "keyctl": 219,
        "unshare": 97,
        "perf_event_open": 241,
        "process_vm_readv": 270,
        "setns": 268,
        "bpf": 280,
        "userfaultfd": 282,
        "io_uring_setup": 425,
        "fsopen": 430,
        "clone": 220,
        "clone3": 435,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
        "memfd_secret": 447,
        "syslog": 116,
        "sched_setscheduler": 119,
        "open_tree": 428,
        "process_vm_writev": 271,
        "acct": 89,
        "quotactl": 60,
        "kcmp": 272,
        "lookup_dcookie": 18,
        "set_mempolicy": 237,
        "move_pages": 239,
        "process_madvise": 440,
        "seccomp": 277,
        "name_to_handle_at": 264,
        "open_by_handle_at": 265,
        "fanotify_init": 262,
        "ioprio_set": 30,
        "sched_setattr": 274,
        "mq_open": 180,
        "msgget": 186,
        "personality": 92,
        "sethostname": 161,
        "setdomainname": 162,
        "execveat": 281,
        "sync": 81,
        "syncfs": 267,
        "cachestat": 451,
        "io_setup": 0,
        "io_destroy": 1,
    },
}[platform.machine()]


def report(escaped, how=""):
    """Say whether the attack succeeded."""
    with open(os.environ["ASSAY_RESULT"], "w") as file:
        json.dump({"escaped": bool(escaped), "how": str(how)[:300]}, file)


def call(name, *arguments):
    """Make a system call; returns its result and the errno, 0 when it succeeded."""
    wide = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    ctypes.set_errno(0)
    result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *wide)
    return result, ctypes.get_errno() if result == -1 else 0


def reached(name, *arguments):
    """Whether the kernel got as far as looking at a system call's arguments."""
    return call(name, *arguments)[1] not in REFUSED


def report_calls(*calls):
    """Report which of several system calls the kernel did not refuse; ends with the first."""
    for name, *arguments in calls:
        result, code = call(name, *arguments)
        if code not in REFUSED:
            return report(True, f"{name} answered {result}, {errno.errorcode.get(code, 'no error')}")
    return report(False, "every call was refused")


def report_any(attempts):
    """Report whether one of several (name, function) attempts does not fail with OSError; ends with the first."""
    errors = []
    for name, attempt in attempts:
        try:
            report(True, f"{name}: {attempt()}")
            return
        except OSError as error:
            errors.append(f"{name}: {error}")
    report(False, "; ".join(errors))
