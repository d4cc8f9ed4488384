# attack: the host's environment variables, in this process and in every other that can be seen, PID 1 too
# stopped by: environment, PID namespace
# expect: contained
# control: succeeds
import os

from attack import report

mark = os.environ.pop("HOST_SECRET_IS").encode()[::-1]  # backwards, so that being told is not finding
found = []
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            if mark in open(f"/proc/{name}/environ", "rb").read():
                found.append(name)
        except OSError:
            pass
if any(mark in value for value in os.environb.values()):
    found.append("own")
report(found, found)
