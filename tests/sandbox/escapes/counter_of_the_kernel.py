# attack: a number that one run leaves for the next in the kernel's exact counters: pages locked in memory, one by one
# stopped by: mounts
# expect: contained
# control: succeeds
import ctypes
import mmap

from attack import LIBC, report

PAGES = 5


def locked():
    """How many pages were ever locked in memory on this host; None where nothing says so."""
    try:
        with open("/proc/vmstat") as file:
            found = [int(line.split()[1]) for line in file if line.startswith("unevictable_pgs_mlocked ")]
    except OSError:
        return None
    return found[0] if found else None


memory = mmap.mmap(-1, mmap.PAGESIZE)
memory[:1] = b"x"
page = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
size = ctypes.c_size_t(mmap.PAGESIZE)
before = locked()
for _ in range(PAGES):
    LIBC.mlock(page, size)
    LIBC.munlock(page, size)
after = locked()
report(before is not None and after - before >= PAGES, f"{before}, then {after}")
