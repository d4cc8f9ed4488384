# attack: output without end on stderr
# stopped by: output caps
# expect: output stderr
# control: succeeds
# limits: stderr_cap=65536
import sys

from attack import report

for _ in range(64):
    sys.stderr.write("x" * 65536)
report(True, "4 MiB")
