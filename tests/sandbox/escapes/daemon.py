# attack: a process that leaves the session, ignores signals and lives on after the program
# stopped by: runner, PID namespace
# expect: nothing
# control: succeeds
import os
import signal
import time

from attack import report

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        time.sleep(0.5)
        report(True, "still here")
    os._exit(0)
os._exit(0)
