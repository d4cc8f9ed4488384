# attack: another discipline for a terminal, with which the kernel loads code that hardly anybody uses
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import os

from attack import LIBC, REFUSED, report

TIOCSETD = 0x5423
ours, theirs = os.openpty()
ctypes.set_errno(0)
LIBC.ioctl(ours, TIOCSETD, ctypes.byref(ctypes.c_int(999)))
report(ctypes.get_errno() not in REFUSED, errno.errorcode.get(ctypes.get_errno()))
