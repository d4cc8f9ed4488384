# attack: more processor time than allowed, in processes that are each within it
# stopped by: processor limit
# expect: timeout cpu
# control: succeeds
# limits: cpu_ms=300, cpus=2
import os
import time

from attack import report

for _ in range(4):
    if os.fork() == 0:
        while time.process_time() < 0.25:
            pass
        os._exit(0)
for _ in range(4):
    os.wait()
report(True, os.times().children_user)
