# attack: the processor's local descriptor table, a source of many holes
# stopped by: filter
# expect: contained
# control: kernel
# machine: x86_64
import ctypes

from attack import report_calls

report_calls(("modify_ldt", 0, ctypes.create_string_buffer(64), 64))
