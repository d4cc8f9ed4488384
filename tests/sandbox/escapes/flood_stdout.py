# attack: output without end on stdout
# stopped by: output caps
# expect: output stdout
# control: succeeds
# limits: stdout_cap=65536
import sys

from attack import report

for _ in range(64):
    sys.stdout.write("x" * 65536)
report(True, "4 MiB")
