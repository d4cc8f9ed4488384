# attack: the huge pages that the host keeps for others, which no limit of memory counts
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import mmap
import os

from attack import LIBC, report

PRIVATE_NAMELESS, HUGE, IN_HIGH_BITS = 0x22, 0x40000, 1 << 32
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_long]
found = []
for flags in (PRIVATE_NAMELESS | HUGE, PRIVATE_NAMELESS | HUGE | IN_HIGH_BITS):
    LIBC.mmap(None, 1 << 21, mmap.PROT_READ, flags, -1, 0)
    if ctypes.get_errno() != errno.EPERM:
        found.append(f"map, {errno.errorcode.get(ctypes.get_errno(), 'no error')}")  # ENOMEM: none is left
try:
    os.close(os.memfd_create("huge", os.MFD_HUGETLB))
    found.append("file")
except OSError:
    pass
report(found, found)
