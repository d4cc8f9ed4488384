# attack: one system call that may keep the kernel busy for seconds, in which no kill is heard
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import tempfile

from attack import LIBC, report

with tempfile.TemporaryFile() as file:
    ctypes.set_errno(0)
    done = LIBC.fallocate(file.fileno(), 0, ctypes.c_long(0), ctypes.c_long(4096))
    report(done == 0, errno.errorcode.get(ctypes.get_errno(), "done"))
