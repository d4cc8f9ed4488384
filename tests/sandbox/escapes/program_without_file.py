# attack: a program that exists in memory alone, started by its descriptor, to be rid of what held its parent
# stopped by: filter
# expect: contained
# control: succeeds
import os
import sys

from attack import report

TRIES = """
import ctypes, os, socket
try: socket.socket(socket.AF_INET)
except OSError: pass
else: os._exit(9)
os._exit(9 if ctypes.CDLL(None).unshare(0x10000000) == 0 else 7)
"""
program = os.memfd_create("program")
os.write(program, open(os.path.realpath(sys.executable), "rb").read())
child = os.fork()
if child == 0:
    os.execve(program, ["python", "-c", TRIES], {"PATH": "/usr/bin:/bin", "PYTHONHOME": "/usr"})
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
report(code != 7, f"it ended with {code}")
