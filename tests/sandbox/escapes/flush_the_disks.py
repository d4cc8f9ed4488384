# attack: all that the host has still to write flushed to its disks, again and again, and no end before that is done
# stopped by: filter
# expect: contained
# control: succeeds
from attack import report_calls

report_calls(("syncfs", -1), ("sync",))
