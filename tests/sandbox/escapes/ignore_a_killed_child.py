# attack: a result in spite of a child that was killed for memory, and exit 0
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import mmap
import os
import time

from attack import report

if os.fork() == 0:
    held = mmap.mmap(-1, 160 << 20)
    for at in range(0, len(held), 4096):
        held[at] = 1
    time.sleep(0.3)
    os._exit(0)
os.wait()
report(True, "went on")
