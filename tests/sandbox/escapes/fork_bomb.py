# attack: processes without end; it stops at 120, to be safe without a box
# stopped by: process limit
# expect: contained
# control: succeeds
# limits: processes=24
import os
import signal
import time

from attack import report

children = []
try:
    while len(children) < 120:
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(0)
        children.append(child)
except OSError:
    pass
report(len(children) > 24, f"{len(children)} children at once")
for child in children:
    os.kill(child, signal.SIGKILL)
