# attack: putting characters into a terminal's input, to be read by whoever runs us
# stopped by: filter, no capabilities
# expect: contained
# control: root
import fcntl
import os
import termios

from attack import report_any

os.setsid() if os.getpgrp() != os.getpid() else None
ours, theirs = os.openpty()
report_any(
    [
        ("TIOCSTI", lambda: fcntl.ioctl(theirs, termios.TIOCSTI, b"x")),
        ("TIOCSTI with high bits", lambda: fcntl.ioctl(theirs, termios.TIOCSTI | 1 << 31, b"x")),
        ("the controlling terminal", lambda: os.open("/dev/tty", os.O_RDWR)),
    ]
)
