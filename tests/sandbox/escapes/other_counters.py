# attack: further counters of memory, interrupts and waiting, which a run moves and a later one reads
# stopped by: mounts
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for name in ("zoneinfo", "softirqs", "schedstat", "buddyinfo", "pagetypeinfo", "slabinfo", "vmallocinfo", "interrupts"):
    try:
        with open(f"/proc/{name}", "rb") as file:
            found += [name] if file.read(1) else []
    except OSError:
        pass
if os.path.isdir("/proc/pressure") and os.listdir("/proc/pressure"):
    found.append("pressure")
report(found, found)
