# attack: a process that is always a new one when somebody comes to kill it
# stopped by: runner, PID namespace
# expect: nothing
# control: succeeds
import os
import time

from attack import report

if os.fork() == 0:
    os.setsid()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
    report(True, "still here")
    os._exit(0)
