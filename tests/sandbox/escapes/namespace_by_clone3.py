# attack: a new user namespace by clone3, whose flags a filter cannot see
# stopped by: filter, user namespace
# expect: contained
# control: succeeds
import ctypes
import os
import signal

from attack import call, report

arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, signal.SIGCHLD)
pid, code = call("clone3", ctypes.byref(arguments), ctypes.sizeof(arguments))
if pid == 0:
    os._exit(0)
if pid > 0:
    os.waitpid(pid, 0)
report(pid > 0, f"errno {code}")
