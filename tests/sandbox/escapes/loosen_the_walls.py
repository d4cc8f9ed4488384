# attack: switching off what holds a process: no new privileges, filter, capability bounds
# stopped by: no capabilities, kernel
# expect: contained
# control: root
import ctypes
import os

from attack import LIBC, report

SET_SECCOMP, SET_SECUREBITS, SET_NO_NEW_PRIVS, GET_NO_NEW_PRIVS, CAP_AMBIENT, RAISE = 22, 28, 38, 39, 47, 2
reader, writer = os.pipe()
if os.fork() == 0:
    done = []
    LIBC.prctl(SET_NO_NEW_PRIVS, 0, 0, 0, 0)
    LIBC.prctl(SET_SECCOMP, 0, 0, 0, 0)
    if LIBC.prctl(GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0:
        done.append("new privileges")
    if LIBC.prctl(SET_SECUREBITS, 0, 0, 0, 0) == 0:
        done.append("secure bits")
    if LIBC.prctl(CAP_AMBIENT, RAISE, 21, 0, 0) == 0:
        done.append("ambient capability")
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    everything = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    if LIBC.capset(header, everything) == 0:
        done.append("capabilities")
    os.write(writer, ", ".join(done).encode())
    os._exit(0)
os.close(writer)
found = os.read(reader, 1000).decode()
report(found, found)
