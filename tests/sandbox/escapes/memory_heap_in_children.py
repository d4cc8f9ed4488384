# attack: more memory than allowed, in many processes that are each within it
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import os
import time

from attack import report

for _ in range(8):
    if os.fork() == 0:
        held = bytearray(b"x") * (20 << 20)
        time.sleep(1)
        os._exit(len(held) and 0)
codes = [os.wait()[1] for _ in range(8)]
report(not any(codes), f"160 MiB in 8 children, which ended with {codes}")
