# attack: asking which files earlier runs have read: what the host still has in memory of a file that all boxes show
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import mmap
import os

from attack import LIBC, reached, report

file = os.open("/usr/bin/env", os.O_RDONLY)
os.pread(file, 1, 0)
told = []
try:
    if os.preadv(file, [bytearray(1)], 0, os.RWF_NOWAIT):  # an error where it is not in memory
        told.append("preadv2")
except OSError:
    pass
if reached("cachestat", file, 0, 0, 0):
    told.append("cachestat")
size = os.fstat(file).st_size
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
at = LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_PRIVATE, file, 0)
answer = ctypes.create_string_buffer(size // mmap.PAGESIZE + 1)
ctypes.set_errno(0)
if LIBC.mincore(ctypes.c_void_p(at), ctypes.c_size_t(size), answer) == 0 or ctypes.get_errno() != errno.ENOSYS:
    told.append("mincore")
report(told, f"the kernel answered {told}")
