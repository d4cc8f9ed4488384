# attack: more memory than allowed, on the heap
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
from attack import report

held = [bytearray(1 << 20) for _ in range(160)]
report(len(held) == 160, "160 MiB of heap")
