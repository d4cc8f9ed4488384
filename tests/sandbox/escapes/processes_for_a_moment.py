# attack: a refused process that nobody should know of, as the error is swallowed and all others are ended at once
# stopped by: process limit, runner
# expect: contained
# note: processes
# control: none, without a box there is no limit
# limits: processes=12
import os
import signal
import time

from attack import report

children = []
try:
    while len(children) < 60:
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(0)
        children.append(child)
except OSError:
    time.sleep(0.05)
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
report(False, "said all the same")
