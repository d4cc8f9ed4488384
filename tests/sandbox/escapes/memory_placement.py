# attack: moving and advising the memory of processes, one's own and others'
# stopped by: filter
# expect: contained
# control: succeeds
import os

from attack import report_calls

report_calls(
    ("process_madvise", -1, 0, 0, 0, 0),
    ("move_pages", os.getppid(), 0, 0, 0, 0, 0),
    ("set_mempolicy", 0, 0, 0),
)
