# attack: entering the namespaces of PID 1, or of the process that started us
# stopped by: filter, no capabilities
# expect: contained
# control: root
import os

from attack import reached, report

found = []
for process in (1, os.getppid()):
    for name in ("uts", "net", "ipc", "pid"):
        try:
            descriptor = os.open(f"/proc/{process}/ns/{name}", os.O_RDONLY)
        except OSError:
            continue
        if reached("setns", descriptor, 0):
            found.append(f"{name} of {process}")
report(found, found)
