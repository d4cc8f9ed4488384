"""What the command prints for people."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import typer

from app.core.complaint import SAID, complaint
from app.core.errors import explained
from cli.words import name_of, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.evidence import Report
    from app.core.evidence_receipt import ReceiptReport
    from cli.lint import Linted
    from cli.rerun import Rerun
    from sandbox.doctor import Audit

MARK = {"pass": "✓", "warn": "!", "fail": "✗", "undecided": "?", "not_applicable": "–"}


def usage(error: Exception) -> None:
    """Print what is wrong with a command line; Typer's own errors know the line of usage, but their class is not public.

    They repeat what was typed as it is. In a script that may be a stranger's name of a file, so no sign of it steers a
    terminal or begins a line.
    """
    own = getattr(error, "show", None)
    if own is None:
        say(error, error=True)
        return
    shown = io.StringIO()
    own(file=shown)
    text = shown.getvalue().rstrip("\n")
    said = error.format_message() if isinstance(error, typer.TyperException) else ""
    if said and text != said:  # a whole page of help is nobody's but ours
        text = text.replace(said, name_of(said))
    say(text, error=True)


def verified(path: str, document: dict[str, Any]) -> None:
    """Print the verdict of a local verification."""
    status = document["status"] or ("REFUSED" if "problems" in document else "FAULTED")
    code = f" {document['reason_code']}" if document["reason_code"] else ""
    say(f"{name_of(path)}: {status}{code}")
    for line in document["reason"].splitlines():
        say(f"  {line}")
    _comparisons(document["comparisons"])
    _controls(document["controls"])
    if document["seal"]:
        say(f"  seal {document['seal']}")
    _complaint(document["comparisons"], document["runs"])


def linted(found: Linted) -> None:
    """Print what a bundle's reading brought up: a line for each finding, as compilers print them."""
    lines = [("error", item) for item in found.problems] + [(item.level, item.problem) for item in found.advice]
    for level, item in lines:
        where = name_of(f"{found.bundle}/{item.file}" if item.file and item.file != found.bundle else found.bundle)
        line = f":{item.line}" if item.line is not None else ""
        say(f"{where}{line}: {level}: {explained(item.detail, item.remedy)} [{item.code}]")
    if not lines:
        say(f"{name_of(found.bundle)}: nothing to complain about")


def _complaint(comparisons: list[dict[str, Any]], runs: list[dict[str, Any]]) -> None:
    """Repeat what a script complained of, line by line behind a bar, so that nobody takes it for our words."""
    found = complaint(comparisons, runs)
    if found is None:
        return
    sys.stdout.flush()
    say(f"  {SAID} {found[0]}:", error=True)
    for line in found[1]:
        say(f"  | {line}", error=True)


def verification(document: Mapping[str, Any], url: str, bundle: object = None) -> None:
    """Print a verification of the service at `url`, with the claim and the page that tells all of it.

    Args:
        document: of the service.
        url: address of the service.
        bundle: that was submitted; None: it is not known, or there is but one.

    """
    verdict = document.get("verdict")
    status = verdict["status"] if verdict else document["state"]
    say(f"{document['id']}: {status} {(verdict or document).get('reason_code') or ''}".rstrip())
    say(f"  claim {document['claim']['name']}" + ("" if bundle is None else f" of {name_of(bundle)}"))
    reason = verdict["reason"] if verdict else document.get("detail")
    if reason:
        say(f"  {reason}")
    if verdict:
        _comparisons(verdict["comparisons"])
        _controls(verdict["controls"])
        say(f"  seal {document['seal']}")
    say(f"  page {url}/verifications/{document['id']}")
    if verdict:
        say(f"  verdict {verdict['id']}; its evidence: {url}{document['urls']['evidence']}")
        _complaint(verdict["comparisons"], document["runs"])


def report(found: Report, entry: ReceiptReport | None = None, again: Rerun | None = None, *, own: bool = False) -> None:
    """Print what checking an archive found, with its receipt and what executing it again came to, where asked for."""
    if found.judgement is not None:
        say(f"derived again: {found.judgement.status} {found.judgement.reason_code}")
        say(f"  {found.judgement.reason}")
    say(f"  seal {found.seal}")
    for finding in found.findings:
        say(f"  ✗ {finding}")
    if found.ok:
        say(f"  ✓ all {found.members} members hold; {_signer(found)}")
        if found.signer is not None and not found.trusted:
            _stranger(own=own)
    if entry is not None:
        _receipt(entry)
    if again is not None:
        _rerun(again)


def _receipt(found: ReceiptReport) -> None:
    for finding in found.findings:
        say(f"  ✗ {finding}")
    if found.findings:
        return
    if found.signer is None:
        say(f"  ✓ in the ledger's tree of {found.size} rows; no signed checkpoint says so yet")
    else:
        who = "who is trusted" if found.trusted else "who is not known here"
        say(f"  ✓ in the ledger of {found.size} rows at {found.created_at}, as signed by {found.signer}, {who}")


def _rerun(again: Rerun) -> None:
    if again.environment != again.sealed_environment:
        say("  ! executed again in another environment than the sealed one: what differs proves nothing")
        say(f"    sealed {again.sealed_environment}")
        say(f"    here   {again.environment}")
    say(f"executed again: {again.judgement.status} {again.judgement.reason_code}")
    for difference in again.differences:
        say(f"  {'✗' if again.contradicted else '!'} {difference}")
    if not again.differences:
        say("  ✓ the same values, controls and verdict")


def _signer(found: Report) -> str:
    if found.signer is None:
        return "unsigned: it does not show who made it"
    return f"signed by {found.signer}, " + ("who is trusted" if found.trusted else "who is not known here")


def _stranger(*, own: bool) -> None:
    """Say what an unknown signer means and what to do; nobody is trusted unasked, oneself included."""
    if own:
        say("    it is this home's own key: you judged it yourself, and nobody else vouches for it (exit 3)")
        say("    remedy: `assay keys export > own.pem`, then `assay keys trust own.pem`, here or where others check it")
        return
    say("    nothing was changed since, but nobody whom you trust says that it was judged honestly (exit 3)")
    say("    remedy: ask the judge, by another way, for the public key and its id, then `assay keys trust FILE`")


def audit(found: Audit) -> None:
    """Print an audit of the host."""
    for check in found.checks:
        say(f"{'✓' if check.ok else '✗'} {check.name}: {check.detail}")
        if not check.ok and check.remedy:
            say(f"    remedy: {check.remedy}")
    if found.level is None:
        say("no isolation: nothing would be executed")
        return
    made = found.isolation
    say(f"boxes by {made['engine']} {made['engine_version']}, filter {made['seccomp']}")
    say(f"isolation level {found.level}")


def stored_evidence(found: dict[str, Any] | None) -> None:
    """Print what is known of a service's stored evidence."""
    if found is None:
        return
    if "fault" in found:
        say(f"✗ stored evidence: {found['fault']}")
        return
    audit = found["audit"]
    if audit is None:
        say("! stored evidence: no audit yet; a service that runs begins the first one within ten minutes")
        say("    remedy: let `assay serve` run, or elsewhere a judge and the beat, then ask again")
    else:
        over = (
            f"ended {audit['ended_at']}"
            if audit["ended_at"]
            else f"{audit['checked']} of about {audit['total']} so far"
        )
        say(f"{'✗' if found['alarms'] else '✓'} stored evidence: last audit began {audit['started_at']}, {over}")
    for keyid in found["keys_of_others"]:
        say(f"! the key {keyid} was published by a judge elsewhere; where there is none, somebody made it up")
        say(f"    remedy: find out whose it is, else `assay keys retire {keyid}`")
    for alarm in found["alarms"]:
        say(f"✗ ALARM since {alarm['raised_at']}: {alarm['verdict_id']}: {alarm['detail']}")
        say("    remedy: restore evidence and rows from a backup; it is not served meanwhile")


def _comparisons(comparisons: list[dict[str, Any]]) -> None:
    for item in comparisons:
        if item["rule"] in {"ranking", "table"}:
            say(f"  {item['metric']}: {item['note'] or item['computed']} ({item['rule']}): {item['code']}")
            continue
        unit = f" {item['unit']}" if item["unit"] else ""
        tolerance = f" {item['tolerance']}" if item["tolerance"] else ""
        flips = f", turns at {item['flips_at']}" if item["flips_at"] is not None else ""
        expected = item["expected"] if item["expected"] is not None else _band(item["low"], item["high"])
        say(
            f"  {'  ' if item['table'] else ''}{item['metric']}: computed {item['computed']}, expected {expected}{unit}"
            f" ({item['rule']}{tolerance}{flips}): {item['code']}"
        )


def _band(low: str | None, high: str | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} … {high}"


def _controls(controls: list[dict[str, Any]]) -> None:
    for item in controls:
        say(f"  {MARK[item['result']]} {item['name']}: {item['detail']}")
        if item.get("effect", "").startswith("keeps"):
            say(f"      {item['effect']}")
