# attack: more memory than allowed, in the buffers of sockets
# stopped by: memory limit
# expect: memory
# control: succeeds
# level: B1
# limits: memory_bytes=16777216, scratch_bytes=4194304
import socket
import time

from attack import report

pairs, held = [], 0
for _ in range(500):
    try:
        pairs.append(socket.socketpair())
    except OSError:
        break
    for end in pairs[-1]:
        end.setblocking(False)
        try:
            while True:
                held += end.send(bytes(16384))
        except OSError:
            pass
    if held > 80 << 20:
        break
time.sleep(0.3)
report(held > 60 << 20, f"{held >> 20} MiB in sockets")
