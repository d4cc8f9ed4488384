"""`assay approve`: say that a statement is the one that is to be proved, before and apart from any proof of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.canonical import digest
from app.core.claim import parse_claim
from app.core.errors import Problem, Refusal
from app.core.model import Proof
from app.intake import claim_of
from cli.options import AsJson, print_json, read_settings
from cli.remote import DEFAULT_URL, Token, Url, connected
from cli.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.model import Claim
    from app.core.proof_terms import Approval
    from app.settings import Settings


def approve(
    path: Annotated[Path, typer.Argument(help="Bundle folder or archive of a proof.")],
    local: Annotated[
        bool, typer.Option("--local", help="Approve below $ASSAY_HOME, for `assay verify` and the service there.")
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Approve the statement of a proof, which is shown.

    Read it: a proof is later held against this file, whatever the paper says. Approved are the bytes of the file, the name
    of the theorem and the modules that may be imported; the proof itself may still be missing or wrong.
    """
    text, wanted = _statement(path)
    say(text, error=True)
    found: Mapping[str, Any]
    if local:
        found = _approve_here(read_settings(), wanted)
    else:
        with connected(url, token) as client:
            found = client.approve(wanted["challenge"], wanted["theorem"], wanted["imports"])
    if as_json:
        print_json(found)
    else:
        say(f"{found['id']}  {found['theorem']} in {found['challenge']}, approved by {found['approved_by']}")


def approved_here(settings: Settings, claim: Claim, files: Mapping[str, str]) -> Approval | None:
    """Return the approval of a proof's statement in the database of this machine; None where there is neither."""
    from app import actions
    from cli.api_keys import opened

    if not settings.database_url and not (settings.home / "assay.db").exists():
        return None
    with opened(settings) as parts:
        return actions.approval_of(parts, settings.publisher, claim, files)


def _approve_here(settings: Settings, wanted: Mapping[str, Any]) -> dict[str, Any]:
    from app import actions
    from cli.api_keys import opened

    publisher = settings.publisher
    with opened(settings, create=True) as parts:
        found, _ = actions.approve(
            parts, publisher, wanted["challenge"], wanted["theorem"], wanted["imports"], publisher
        )
    return {**found, "approved_at": found["approved_at"].isoformat()}


def _statement(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of a bundle's statement, and what of it is approved."""
    from cli.bundles import read_bundle
    from cli.lint import ANY_SEAL
    from sandbox.built import built_names
    from sandbox.recipe import shipped

    settings = read_settings()
    files = read_bundle(path)
    names = ("python", "lean4", *shipped(), *built_names(settings.environment_folder))
    claim = parse_claim(claim_of(files), files, settings.policy(dict.fromkeys(names, ANY_SEAL)))
    proof = claim.reproduce
    if not isinstance(proof, Proof):
        detail = f"a {proof.kind} has no statement that could be approved"
        raise Refusal.of(Problem("claim.toml", None, "/reproduce/kind", "no-statement", detail, "approve a proof's"))
    stated = files[proof.challenge]
    return stated.decode("utf-8", "backslashreplace"), {
        "challenge": digest(stated),
        "theorem": proof.theorem,
        "imports": list(proof.imports),
    }
