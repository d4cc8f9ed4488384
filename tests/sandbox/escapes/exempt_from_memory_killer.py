# attack: being the last whom the kernel kills when memory ends, so that it kills somebody of the host
# stopped by: user namespace, no capabilities
# expect: contained
# control: kernel
import os

from attack import report

found = []
for process in {os.getpid()} | ({os.getppid(), 1} if os.getppid() == 2 else set()):  # bare, only itself
    try:
        held = os.open(f"/proc/{process}/oom_score_adj", os.O_WRONLY)
        os.write(held, b"-1000")
        found.append(process)
    except OSError:
        pass
report(found, found)
