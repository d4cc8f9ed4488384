# attack: reading and writing another process's memory by system call
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import os

from attack import call, report

source, target = ctypes.create_string_buffer(b"secret"), ctypes.create_string_buffer(6)


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


here, there = Piece(ctypes.addressof(target), 6), Piece(ctypes.addressof(source), 6)
codes = [
    call(name, os.getpid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)[1]
    for name in ("process_vm_readv", "process_vm_writev")
]
report(0 in codes, codes)
