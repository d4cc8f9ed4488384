# attack: an abstract socket of a run in the box beside, which gives a descriptor to whoever asks
# stopped by: network namespace
# expect: contained
# control: succeeds
import os
import socket

from attack import report_any

mine = socket.socket(socket.AF_UNIX)
mine.settimeout(2)


def ask():
    mine.connect("\0" + os.environ["NEIGHBOUR"])
    _, descriptors, _, _ = socket.recv_fds(mine, 10, 1)
    return os.pread(descriptors[0], 10, 0)


report_any([("ask", ask)])
