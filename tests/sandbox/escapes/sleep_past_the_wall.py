# attack: waiting longer than allowed, deaf to every polite signal
# stopped by: wall clock
# expect: timeout wall
# control: succeeds
# limits: wall_ms=400
import signal
import time

from attack import report

for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_IGN)
time.sleep(1)
report(True, "slept 1 s")
