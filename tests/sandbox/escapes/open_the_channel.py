# attack: the runner's own channel, to forge what it says, or to take away that the run has begun before the host reads it
# stopped by: channel
# expect: contained
# control: none, without a box there is no channel
import os

from attack import report_any

report_any(
    [
        (f"{process}, {way}", lambda process=process, way=way: os.open(f"/proc/{process}/fd/3", way | os.O_NONBLOCK))
        for process in (os.getppid(), 1)
        for way in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)
    ]
)
