# attack: calls that hardly any program needs: accounting, quotas, comparing processes, profiles
# stopped by: filter
# expect: contained
# control: root
import os

from attack import report_calls

report_calls(
    ("kcmp", os.getpid(), os.getpid(), 0, 0, 0),
    ("acct", b"/no/such/file"),
    ("quotactl", 0, b"/no/such/device", 0, 0),
    ("lookup_dcookie", 0, 0, 0),
)
