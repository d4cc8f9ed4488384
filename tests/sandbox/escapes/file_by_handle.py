# attack: opening host files by their handle instead of a path, as containers were once left
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes

from attack import report_calls

handle = ctypes.create_string_buffer((128).to_bytes(4, "little") + bytes(132))
report_calls(
    ("name_to_handle_at", -100, b"/", handle, ctypes.byref(ctypes.c_int()), 0),
    ("open_by_handle_at", -100, handle, 0),
)
