# attack: leaving a file in the system, the interpreter's folder, the bundle, the inputs, or beside the runner
# stopped by: mounts
# expect: contained
# control: succeeds
import os
import sys

from attack import report_any

folders = [
    os.path.dirname(os.path.abspath(__file__)),
    os.environ["ASSAY_INPUT"],
    os.path.dirname(sys.executable),
    "/usr",
    "/usr/bin",
    "/assay",
    "/etc",
    "/",
    "/dev",
    "/proc",
    "/proc/sys/kernel",
]


def leave(folder):
    path = os.path.join(folder, f".left-{os.getpid()}")
    open(path, "x").close()
    os.unlink(path)


report_any([(folder, lambda folder=folder: leave(folder)) for folder in folders])
