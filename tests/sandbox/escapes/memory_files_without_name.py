# attack: more memory than allowed, as files that only a descriptor names
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import os
import time

from attack import report

held, block = [], bytes(1 << 20)
for number in range(40):
    held.append(os.memfd_create(f"{number}"))
    for _ in range(4):
        os.write(held[-1], block)
time.sleep(0.3)
report(True, "160 MiB in files without a name")
