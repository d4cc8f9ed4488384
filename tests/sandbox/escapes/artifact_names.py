# attack: artifacts whose names are paths, options, lines and bytes
# stopped by: channel
# expect: nothing
# note: names that are not allowed
# control: none, such names harm whoever writes files under them, and nobody does
import os

folder = os.fsencode(os.environ["ASSAY_OUTPUT"])
for name in (b"-rf", b".bashrc", b"a\nb", b"\x1b[2J", b"..\\..\\x", b"\xff\xfe", b"x" * 255, "\u202egnp".encode()):
    open(os.path.join(folder, name), "w").close()
