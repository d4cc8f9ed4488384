# attack: programs that the kernel compiles for a socket, into memory that the whole host shares and that no limit counts
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes
import errno
import socket

from attack import LIBC, REFUSED, report

SOL_SOCKET = 1
#: Each is one that the kernel refuses when it has looked at it, so that nothing is compiled: no length, no such program.
OPTIONS = {26: bytes(16), 50: b"\xff" * 4, 51: bytes(16), 52: b"\xff" * 4}
reached = []
with socket.socket(socket.AF_UNIX) as mine:
    for option, value in OPTIONS.items():
        ctypes.set_errno(0)
        LIBC.setsockopt(mine.fileno(), SOL_SOCKET, option, value, len(value))
        if ctypes.get_errno() not in REFUSED:
            reached.append(f"{option}: {errno.errorcode.get(ctypes.get_errno(), 'no error')}")
report(reached, reached)
