# attack: more memory than allowed, in a process whose name is no text and that no counter can read
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import mmap
import time

from attack import LIBC, report

SET_NAME = 15
LIBC.prctl(SET_NAME, b"\xff\xfe", 0, 0, 0)
held = mmap.mmap(-1, 160 << 20)
for at in range(0, len(held), 4096):
    held[at] = 1
time.sleep(0.3)
report(True, "160 MiB under a name of other bytes")
