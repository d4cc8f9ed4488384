# attack: writing to a file that is open for reading, by its descriptor's name in /proc, or by another way to its root
# stopped by: mounts
# expect: contained
# control: succeeds
import mmap
import os

from attack import report_any

me = os.path.abspath(__file__)
held = os.open(me, os.O_RDONLY)
ways = [f"/proc/self/fd/{held}", f"/dev/fd/{held}", f"/proc/self/root{me}", f"/proc/{os.getppid()}/root{me}"]


def map_shared():
    os.set_blocking(held, True)
    return mmap.mmap(held, 0, prot=mmap.PROT_READ | mmap.PROT_WRITE)


report_any(
    [
        *((way, lambda way=way: os.open(way, os.O_RDWR)) for way in ways),
        *((way, lambda way=way: os.truncate(way, os.stat(way).st_size)) for way in ways),
        ("a shared map", map_shared),
    ]
)
