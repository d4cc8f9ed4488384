"""The pepper: the one secret under which the service keeps those of others, in a file that no table holds."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from app.core.apikeys import PEPPER_BYTES
from app.core.errors import Fault

if TYPE_CHECKING:
    from app.settings import Settings


def pepper(settings: Settings) -> bytes:
    """Return the pepper, made now if there is none.

    Raises:
        Fault: its file cannot be written, or is not what it should be.

    """
    found = settings.read_pepper()
    if found is not None:
        return found
    path = settings.pepper_file
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(PEPPER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # somebody was faster: his counts
            os.link(draft, path)
    except OSError as error:
        raise Fault("key-pepper", f"the pepper {path} cannot be written: {error.strerror}", "see ASSAY_HOME") from error
    finally:
        draft.unlink(missing_ok=True)
    made = settings.read_pepper()
    if made is None:
        raise Fault("key-pepper", f"the pepper {path} is gone again", "see who removes it")
    return made
