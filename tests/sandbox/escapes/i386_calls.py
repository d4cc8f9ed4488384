# attack: system calls of the 32-bit architecture, by a small piece of machine code
# stopped by: filter
# expect: signal 31
# control: kernel
# machine: x86_64
import ctypes
import mmap

from attack import report

GETPID = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20; int 0x80; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(GETPID)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
report(ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0, "getpid by int 0x80")
