# attack: higher resource limits, real-time scheduling, more priority
# stopped by: resource limits, no capabilities
# expect: contained
# control: root
import os
import resource

from attack import report_any


def higher(kind):
    hard = resource.getrlimit(kind)[1]
    if hard == resource.RLIM_INFINITY:
        return "no limit at all"
    resource.setrlimit(kind, (hard + 1, hard + 1))
    return "raised"


def refused_as_error(attempt):
    try:
        return attempt()
    except ValueError as error:
        raise OSError(str(error)) from None


kinds = ("RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE")
report_any(
    [
        *((kind, lambda kind=kind: refused_as_error(lambda: higher(getattr(resource, kind)))) for kind in kinds),
        ("nice", lambda: os.nice(-5)),
        ("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
    ]
)
