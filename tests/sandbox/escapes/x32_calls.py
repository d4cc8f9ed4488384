# attack: system calls by their x32 numbers, which a filter for x86-64 numbers would miss
# stopped by: filter
# expect: signal 31
# control: kernel
# machine: x86_64
import ctypes

from attack import LIBC, report

report(LIBC.syscall(ctypes.c_long(0x40000000 | 39)) > 0, "getpid by its x32 number")
