# attack: System V memory, shared files and scratch of a run in the box beside
# stopped by: IPC namespace, mounts
# expect: contained
# control: succeeds
import os

from attack import LIBC, report

found = []
if LIBC.shmget(int(os.environ["NEIGHBOUR_KEY"]), 0, 0) >= 0:
    found.append("System V")
for folder in ("/dev/shm", "/tmp"):
    for root in ("", "/proc/1/root"):
        path = f"{root}{folder}/{os.environ['NEIGHBOUR']}"
        if os.path.exists(path):
            found.append(path)
report(found, found)
