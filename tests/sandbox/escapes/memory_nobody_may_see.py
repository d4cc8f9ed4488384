# attack: more memory than allowed, in files of a process that has closed its /proc to its own user
# stopped by: memory limit
# expect: memory
# level: B1
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import os
import time

from attack import LIBC, report

SET_DUMPABLE = 4
LIBC.prctl(SET_DUMPABLE, 0, 0, 0, 0)
held, block = [], bytes(1 << 20)
for number in range(40):
    held.append(os.memfd_create(f"{number}"))
    for _ in range(4):
        os.write(held[-1], block)
time.sleep(0.3)
report(True, "160 MiB that nobody may see")
