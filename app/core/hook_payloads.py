"""What forges and programs tell: their payloads, made into one form.

push            claims below the paths that its commits name; where those may be incomplete, the forge is asked
pull request    claims below the paths that differ from its base; a fork's are refused
release         every claim of the source at the tag
check run, check suite   asked for again: what was reported on that commit before
claim.submitted          of a program: the claim itself
"""

from __future__ import annotations

from typing import Any

from app.core import hook_github, hook_gitlab
from app.core.hook_change import Change, Nothing, Submitted, Topic, Unusable
from app.core.hooks import Kind

_EVENTS = {Kind.GITHUB: hook_github.EVENTS, Kind.FORGEJO: hook_github.EVENTS, Kind.GITLAB: hook_gitlab.EVENTS}
EVENT_NAMES = tuple(sorted({*hook_github.EVENTS, *hook_gitlab.EVENTS}))  # of what is worked on


def read(kind: Kind, event: str, document: Any) -> Change | Nothing | Submitted:
    """Return what a payload tells.

    Args:
        kind: of the source.
        event: the name in the request's headers.
        document: the parsed body.

    Raises:
        Unusable: something that is needed is missing or of another kind.

    """
    if not isinstance(document, dict):
        raise Unusable("the payload is no JSON object")
    if kind is Kind.GENERIC:
        return _generic(document)
    reader = _EVENTS[kind].get(event)
    if reader is None:
        return Nothing(f"the event {event[:60]!r} is not one that this service works on")
    forge = hook_gitlab if kind is Kind.GITLAB else hook_github
    if not forge.is_about(forge.TOPICS.get(event, Topic.OTHER), document):
        raise Unusable(f"the payload is not of the event {event!r}, which its header names")
    return reader(document)


def _generic(document: dict[str, Any]) -> Submitted | Nothing:
    kind, data = document.get("type"), document.get("data")
    if kind != "claim.submitted":
        return Nothing("its type is not claim.submitted")
    if not isinstance(data, dict) or ("claim" in data) == ("bundle" in data):
        raise Unusable("`data` must have either `claim`, a formula claim, or `bundle`, an archive in base 64")
    claim, bundle = data.get("claim"), data.get("bundle")
    if "claim" in data and not isinstance(claim, dict):
        raise Unusable("`data.claim` must be an object with the keys of claim.toml")
    if "bundle" in data and not isinstance(bundle, str):
        raise Unusable("`data.bundle` must be a text: an archive in base 64")
    return Submitted(claim, bundle)
