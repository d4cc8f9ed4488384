# attack: finding and stopping the program of a run in the box beside
# stopped by: PID namespace
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in (os.getpid(), os.getppid()):
        try:
            if os.environ["NEIGHBOUR"].encode() in open(f"/proc/{name}/environ", "rb").read():
                os.kill(int(name), 0)
                found.append(name)
        except OSError:
            pass
report(found, found)
