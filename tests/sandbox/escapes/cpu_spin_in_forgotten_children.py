# attack: more processor time than allowed, in short children for whom nobody waits, so that their time is added nowhere
# stopped by: processor limit
# expect: timeout cpu
# level: B1
# control: succeeds
# limits: cpu_ms=500
import os
import signal
import time

from attack import report

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(60):
    if os.fork() == 0:
        while time.process_time() < 0.02:
            pass
        os._exit(0)
    try:
        os.wait()
    except ChildProcessError:
        pass
report(True, "1.2 s")
