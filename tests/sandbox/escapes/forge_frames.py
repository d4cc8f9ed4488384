# attack: a result and an exit written into the runner's own channel, and no end
# stopped by: wall clock, channel
# expect: timeout wall
# control: none, without a box there is no channel
# limits: wall_ms=800
import os
import time

try:
    channel = os.open(f"/proc/{os.getppid()}/fd/3", os.O_WRONLY)
    os.write(channel, b"S\0\0\0\x06exit 0" + b'R\0\0\0\x11{"escaped": true}')
except OSError:
    pass
time.sleep(30)
