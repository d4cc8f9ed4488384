# attack: message queues of the kernel, whose memory nobody sees
# stopped by: filter
# expect: contained
# control: succeeds
from attack import report_calls

report_calls(("msgget", 0x5EED, 0), ("mq_open", 0, 0, 0, 0))
