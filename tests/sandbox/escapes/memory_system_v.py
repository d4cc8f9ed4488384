# attack: more memory than allowed, as System V segments
# stopped by: memory limit
# expect: memory
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import ctypes
import time

from attack import LIBC, report

SIZE = 160 << 20
LIBC.shmat.restype = ctypes.c_void_p
segment = LIBC.shmget(0, ctypes.c_size_t(SIZE), 0o1600)
address = LIBC.shmat(segment, None, 0)
LIBC.shmctl(segment, 0, None)  # removed with the last user
if segment >= 0:
    for at in range(0, SIZE, 1 << 20):
        ctypes.memset(address + at, 1, 1 << 20)
time.sleep(0.3)
report(segment >= 0, "160 MiB in a System V segment")
