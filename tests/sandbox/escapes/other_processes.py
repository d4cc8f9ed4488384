# attack: finding processes of the host in /proc, and signalling one
# stopped by: PID namespace
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            if os.environ["HOST_MARK"].encode() in open(f"/proc/{name}/cmdline", "rb").read():
                os.kill(int(name), 0)
                found.append(name)
        except OSError:
            pass
report(found, found)
