# attack: record locks under the number of a process that is gone, which had its open files together with us
# stopped by: filter
# expect: contained
# control: succeeds
import os
import signal

from attack import call, report

CLONE_FILES = 0x400
child, code = call("clone", CLONE_FILES | signal.SIGCHLD, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
report(child > 0, f"error {code}")
