# attack: filters of system calls of one's own, which take from the same memory of the host as everybody's
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno

from attack import LIBC, REFUSED, report

PR_SET_SECCOMP, NO_SUCH_MODE = 22, 99
ctypes.set_errno(0)
LIBC.prctl(PR_SET_SECCOMP, NO_SUCH_MODE, 0, 0, 0)
report(ctypes.get_errno() not in REFUSED, errno.errorcode.get(ctypes.get_errno()))
