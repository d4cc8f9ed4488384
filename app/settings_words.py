"""What is wrong with the environment, in our words: a setting that cannot be read, and a name that nobody reads.

The values are never told: they may hold a password.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.core.claim_reader import near
from app.core.errors import Fault
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "ASSAY_"
#: Kind of the framework -> what is wrong; they may use what the kind tells besides.
SENTENCES = {
    "greater_than_equal": "it is less than {ge}",
    "less_than_equal": "it is more than {le}",
    "int_parsing": "it is no whole number",
    "int_from_float": "it is no whole number",
    "int_type": "it is no whole number",
    "float_parsing": "it is no number",
    "float_type": "it is no number",
    "literal_error": "it is none of {expected}",
    "list_type": "it is no list",
    "missing": "it is missing",
    "extra_forbidden": "nothing is called so",
    "value_error": "{error}",
}
#: What other programs of ours, and the box, read from the environment.
OTHERS = (
    *("ASSAY_TOKEN", "ASSAY_URL", "ASSAY_COMMAND", "ASSAY_DB_PASSWORD", "ASSAY_SOURCE", "ASSAY_SITE", "ASSAY_REVISION"),
    *("ASSAY_INPUT", "ASSAY_SEED", "ASSAY_RESULT", "ASSAY_OUTPUT", "ASSAY_ASSETS", "ASSAY_ASSET_FOLDER"),
)
OTHER_PREFIXES = ("ASSAY_CI_", "ASSAY_BENCH_")


def read_settings() -> Settings:
    """Return the settings of the environment.

    Raises:
        Fault: one of them cannot be read; every one that cannot is named, with what is wrong and an example.

    """
    try:
        return Settings()
    except ValidationError as error:
        told = [_told(item["loc"], str(item["type"]), item.get("ctx") or {}) for item in error.errors()]
    except SettingsError as error:  # what is no text is written as JSON, and this is none
        found = re.search(r'field "(\w+)"', str(error))
        told = [_line(found[1] if found else "?", "it is not written as JSON")]
    raise Fault("settings", "; ".join(told), "correct it, then start again; docs/operations.md lists all settings")


def misspelt(names: Iterable[str]) -> list[str]:
    """Return a sentence for each name that looks like a setting and is read by no program of ours."""
    known = {spelled(name) for name in Settings.model_fields}
    odd = (name for name in names if name.startswith(PREFIX) and not name.startswith(OTHER_PREFIXES))
    return [
        f"{name} is no setting, and has no effect; {near(name, known) or 'docs/operations.md lists all settings'}"
        for name in sorted(odd)
        if name not in known and name not in OTHERS
    ]


def spelled(name: str) -> str:
    """Return the variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def _told(where: tuple[int | str, ...], kind: str, more: dict[str, Any]) -> str:
    words = {name: str(value) for name, value in more.items()}
    if "expected" in words:
        words["expected"] = words["expected"].replace("'", "")
    what = SENTENCES.get(kind, "it cannot be read").format(**words)
    inside = "".join(f" {part}" for part in where[1:])
    named = str(where[0]).removeprefix(PREFIX).lower() if where else "?"
    return _line(named, (f"of its member{inside}, " if inside else "") + what)


def _line(name: str, what: str) -> str:
    field = Settings.model_fields.get(name)
    usual: Any = None if field is None else field.default
    if usual is None or usual in ("", []):
        return f"{spelled(name)}: {what}"
    if hasattr(usual, "model_dump"):
        usual = usual.model_dump(mode="json")
    example = json.dumps(usual) if isinstance(usual, (list, dict)) else usual
    return f"{spelled(name)}: {what}; an example is {example}"
