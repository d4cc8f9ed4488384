# attack: writing the kernel's settings: where cores go, which program loads modules, who may see what
# stopped by: user namespace, no capabilities
# expect: contained
# control: root
import os

from attack import report_any

names = [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/perf_event_paranoid",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sysrq-trigger",
    "/proc/1/oom_score_adj/../../sys/vm/drop_caches",
    "/sys/kernel/uevent_helper",
]
report_any([(name, lambda name=name: os.open(name, os.O_WRONLY)) for name in names])
