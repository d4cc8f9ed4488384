# attack: a new user namespace by clone
# stopped by: filter, user namespace
# expect: contained
# control: succeeds
import os
import signal

from attack import call, report

pid, code = call("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
if pid > 0:
    os.waitpid(pid, 0)
report(pid > 0, f"errno {code}")
