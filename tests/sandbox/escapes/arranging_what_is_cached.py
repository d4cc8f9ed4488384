# attack: a mark for later runs: a file that all boxes show taken out of the host's memory, or brought into it, by one call
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import mmap

from attack import LIBC, report

looked = []
whole = (ctypes.c_int64(0), ctypes.c_int64(4096))
if LIBC.posix_fadvise(-1, *whole, 4) == errno.EBADF:  # only the kernel knows descriptors
    looked.append("fadvise64")
ctypes.set_errno(0)
if LIBC.readahead(-1, *whole) == -1 and ctypes.get_errno() == errno.EBADF:
    looked.append("readahead")
memory = mmap.mmap(-1, mmap.PAGESIZE)
page = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
for name, advice in (("MADV_COLD", 20), ("MADV_PAGEOUT", 21)):
    if LIBC.madvise(page, ctypes.c_size_t(mmap.PAGESIZE), advice) == 0:
        looked.append(name)
report(looked, f"the kernel looked at {looked}")
