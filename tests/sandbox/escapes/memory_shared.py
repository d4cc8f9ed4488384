# attack: more memory than allowed, as anonymous shared pages
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import mmap
import time

from attack import report

held = mmap.mmap(-1, 160 << 20)
for at in range(0, len(held), 4096):
    held[at] = 1
time.sleep(0.3)
report(True, "160 MiB of shared pages")
