# attack: the processor's input and output ports
# stopped by: filter, no capabilities
# expect: contained
# control: kernel
# machine: x86_64
from attack import report_calls

report_calls(("iopl", 0), ("ioperm", 0x80, 1, 1))
