# attack: more memory than allowed, in files whose only descriptor is on its way through a socket
# stopped by: memory limit
# expect: memory
# level: B1
# control: succeeds
# limits: memory_bytes=50331648, scratch_bytes=8388608
import os
import socket
import time

from attack import report

pairs, block = [], bytes(1 << 20)
for number in range(40):
    held = os.memfd_create(f"{number}")
    for _ in range(4):
        os.write(held, block)
    pairs.append(socket.socketpair())
    socket.send_fds(pairs[-1][0], [b"x"], [held])
    os.close(held)
time.sleep(0.3)
report(True, "160 MiB on their way")
