# attack: more processor time than allowed
# stopped by: processor limit
# expect: timeout cpu
# control: succeeds
# limits: cpu_ms=300
import time

from attack import report

while time.process_time() < 0.9:
    pass
report(True, time.process_time())
