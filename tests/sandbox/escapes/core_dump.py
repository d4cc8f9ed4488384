# attack: a core dump, which the host writes where its own settings say
# stopped by: resource limits
# expect: contained
# control: root
import os
import resource

from attack import report

try:
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))
except (ValueError, OSError):
    pass
pid = os.fork()
if pid == 0:
    os.abort()
status = os.waitpid(pid, 0)[1]
report(
    os.WCOREDUMP(status) or resource.getrlimit(resource.RLIMIT_CORE)[1] > 0, resource.getrlimit(resource.RLIMIT_CORE)
)
