# attack: the host's disk made to empty its caches, thousands of times a second, through a file that is open for reading
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import os

from attack import LIBC, report

file = os.open("/usr/bin/env", os.O_RDONLY)
for _ in range(10):
    os.fsync(file)
looked = []
for name, further in (("fsync", ()), ("fdatasync", ()), ("sync_file_range", (ctypes.c_int64(0), ctypes.c_int64(0), 2))):
    ctypes.set_errno(0)
    if (
        getattr(LIBC, name)(-1, *further) == -1 and ctypes.get_errno() == errno.EBADF
    ):  # only the kernel knows descriptors
        looked.append(name)
report(looked, f"the kernel looked at {looked}")
