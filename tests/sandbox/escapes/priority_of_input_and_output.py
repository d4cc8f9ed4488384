# attack: the disk before everybody else, and processor time by deadline
# stopped by: filter, no capabilities
# expect: contained
# control: root
import os

from attack import call, report

REAL_TIME = 1 << 13
found = []
if call("ioprio_set", 1, 0, REAL_TIME)[1] == 0:
    found.append("disk")
if call("sched_setattr", 0, 0, 0)[1] not in {1, 38}:
    found.append("deadline")
try:
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    found.append("priority")
except OSError:
    pass
report(found, found)
