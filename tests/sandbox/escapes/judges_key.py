# attack: reading the judge's private key, even one that was left open to everybody
# stopped by: mounts
# expect: contained
# control: succeeds
import os

from attack import report_any


def key(folder):
    (name,) = [name for name in os.listdir(folder) if name.endswith(".pem")]
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()


folder = os.environ["JUDGES_KEYS"]
report_any(
    [
        ("the folder", lambda: os.listdir(folder)),
        ("the key", lambda: key(folder)),
        ("the key through another process", lambda: key(f"/proc/{os.getppid()}/root{folder}")),
        ("a secret of the composition", lambda: open("/run/secrets/judge_key", "rb").read()),
    ]
)
