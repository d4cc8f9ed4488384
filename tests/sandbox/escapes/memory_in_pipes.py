# attack: more memory than allowed, in the buffers of pipes
# stopped by: memory limit
# expect: memory
# control: succeeds
# level: B1
# limits: memory_bytes=16777216, scratch_bytes=4194304
import fcntl
import os
import time

from attack import report

held = 0
for _ in range(500):
    _, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        fcntl.fcntl(writer, 1031, 1 << 20)
    except OSError:
        pass
    try:
        while True:
            held += os.write(writer, bytes(65536))
    except OSError:
        pass
    if held > 80 << 20:
        break
time.sleep(0.3)
report(held > 60 << 20, f"{held >> 20} MiB in pipes")
