# attack: tracing another process
# stopped by: filter
# expect: contained
# control: succeeds
import os
import signal
import time

from attack import call, report

PTRACE_ATTACH = 16
child = os.fork()
if child == 0:
    time.sleep(10)
    os._exit(0)
code = call("ptrace", PTRACE_ATTACH, child, 0, 0)[1]
os.kill(child, signal.SIGKILL)
report(code == 0, f"errno {code}")
