# attack: more memory than allowed, on the heap
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import time

from attack import report

held = [bytearray(1 << 20) for _ in range(160)]
time.sleep(
    0.5
)  # where no cgroup counts, memory that is gone between two looks is not seen; this attack wants to keep it
report(len(held) == 160, "160 MiB of heap")
