# attack: the rule for socket families evaded by bits above the 32 that the kernel reads
# stopped by: filter
# expect: contained
# control: none, without a box there is no rule to evade
import ctypes
import platform

from attack import LIBC, report

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
families = ((1 << 32) | 2, (7 << 32) | 16, -2)
answers = [LIBC.syscall(*map(ctypes.c_long, (SOCKET, family, 2, 0))) for family in families]
report(any(answer >= 0 for answer in answers), answers)
