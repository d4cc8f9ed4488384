"""The evidence archive: built, checked, and attacked by somebody who holds it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import dsse, evidence_archive, statement
from app.core.boxjob import evaluator_digest
from app.core.canonical import canonical, digest
from app.core.evidence import ArchivedRun, Context, Report, Unreadable, build, verify
from app.core.evidence_archive import manifest, pack, unpack
from app.core.model import Seal
from app.core.seal import VERSIONS, seal_bytes, seal_digest
from app.core.verdict import judge
from tests.core.builders import (
    KEY,
    SCORES,
    SIGNER,
    TestSigner,
    a_bundle,
    a_claim,
    a_formula,
    a_formula_seal,
    a_judgement,
    a_run,
    a_script,
    a_seal,
    a_spec,
    an_archive,
    an_expectation,
    an_outcome,
    claim_toml,
    play,
    some_limits,
)
from tests.core.strategies import law
from tests.core.test_seal import FILES, golden_seal
from tests.core.test_verdict import scripted

Members = dict[str, bytes]


def resealed(members: Members, signer: TestSigner = SIGNER) -> bytes:
    """Pack members with a signed statement that fits them: what a judge could do who cheats."""
    others = {name: data for name, data in members.items() if name != statement.MEMBER}
    try:
        verdict = json.loads(others["verdict.json"])
        body = statement.statement(seal_digest(others["seal.json"]), others, verdict, signer.public)
    except (KeyError, TypeError, ValueError, RecursionError):
        told = {"evaluated_at": "", "verification": "", "publisher": ""}
        verdict = {**told, "judgement": a_judgement().model_dump(mode="json")}
        body = statement.statement(seal_digest(others.get("seal.json", b"")), others, verdict, signer.public)
    return pack({**others, statement.MEMBER: dsse.sign(statement.PAYLOAD_TYPE, body, signer)})


def unsigned(members: Members) -> bytes:
    """Pack members in the first format: a manifest, nobody's signature, and whatever zlib there is."""
    others = {name: data for name, data in members.items() if name != statement.MEMBER}
    listed = manifest(seal_digest(others.get("seal.json", b"")), others)
    return gzip.compress(gzip.decompress(pack({"manifest.json": listed, **others})), mtime=0)


def repacked(members: Members) -> bytes:
    """Pack members in the first format with the manifest that is among them."""
    return gzip.compress(gzip.decompress(pack(members)), mtime=0)


def findings(archive: bytes) -> tuple[str, ...]:
    report = verify(archive, [KEY])
    assert report.ok is (not report.findings)
    return report.findings


def detected(archive: bytes) -> bool:
    """Whether checking refuses an archive, in either way."""
    try:
        return not verify(archive, [KEY]).ok
    except Unreadable:
        return True


# --- what holds ------------------------------------------------------------------------------------------------------

BINARY = a_bundle(scores__csv=b"\x00\xff")

ARCHIVES = [
    pytest.param(an_archive, "VERIFIED", id="a verified script"),
    pytest.param(lambda: an_archive(a_seal(a_claim(an_expectation("9.9")))), "FALSIFIED", id="a falsified script"),
    pytest.param(lambda: an_archive(program=scripted(8.7)), "UNVERIFIED", id="a worthless script"),
    pytest.param(
        lambda: an_archive(program=scripted(an_outcome("timeout", clock="wall"))), "UNVERIFIED", id="a timeout"
    ),
    pytest.param(lambda: an_archive(program=scripted("\udcff{")), "UNVERIFIED", id="a result that is not UTF-8"),
    pytest.param(lambda: an_archive(a_formula_seal()), "VERIFIED", id="a verified formula"),
    pytest.param(lambda: an_archive(a_formula_seal(an_expectation("9.9"))), "FALSIFIED", id="a falsified formula"),
    pytest.param(
        lambda: an_archive(a_seal(a_claim(reproduce=a_script(parameters={"n": 3}, seeds=(4, 2))))),
        "VERIFIED",
        id="seeds",
    ),
    pytest.param(
        lambda: an_archive(a_seal(files=BINARY), BINARY, scripted(8.7)),
        "UNVERIFIED",
        id="an input that cannot be changed",
    ),
]


@pytest.mark.parametrize(("make", "status"), ARCHIVES)
def test_from_an_archive_a_stranger_derives_the_same_verdict(make: Callable[[], bytes], status: str) -> None:
    report = verify(make())
    assert report.findings == ()
    assert report.ok
    assert report.judgement is not None
    assert report.judgement.status == status
    assert (report.format, report.signed, report.signer) == ("assay-evidence-v2", True, SIGNER.public.id)
    assert not report.trusted
    assert verify(make(), [KEY]).trusted
    assert report.members > 5


def test_an_archive_depends_on_its_contents_alone() -> None:
    seal = a_seal()
    runs, archived = play(seal)
    bundle = a_bundle()
    one = an_archive(seal)
    two = build(
        seal_bytes(seal),
        dict(reversed(bundle.items())),
        archived[::-1],
        a_judgement(),
        Context(evaluated_at="x"),
        SIGNER,
    )
    three = build(seal_bytes(seal), bundle, archived, a_judgement(), Context(evaluated_at="x"), SIGNER)
    assert an_archive(seal) == one
    assert two == three
    assert len(runs) == len(archived)
    assert one[4:8] == bytes(4)  # no time in the gzip header


def golden_archive() -> bytes:
    """Return the archive of the golden claim with results that are written down here."""
    seal = golden_seal()

    def program(inputs: Mapping[str, bytes], seed: int) -> Any:
        same = inputs["scores.csv"] == FILES["scores.csv"]
        score = {"value": 8.7 if same else 9.9, "unit": "pp"}
        return {"score": score, "best": "RemBERT" if same else "FILTER", "low": seed / 100 + (not same)}

    return an_archive(seal, FILES, program)


def test_the_golden_archive_has_the_golden_bytes() -> None:
    """Nothing in an archive depends on the machine or on a library that packs it."""
    golden = json.loads((Path(__file__).parent / "golden" / "evidence.json").read_text())
    assert {name: digest(data) for name, data in unpack(golden_archive()).items()} == golden["members"]
    assert digest(golden_archive()) == golden["archive"]


# --- who changes a byte ----------------------------------------------------------------------------------------------


def positions(data: bytes) -> list[int]:
    """Return every position of a short member, and a spread of a long one's."""
    return list(range(len(data))) if len(data) <= 12 else sorted({index * (len(data) - 1) // 11 for index in range(12)})


@pytest.mark.parametrize("make", [an_archive, lambda: an_archive(a_formula_seal())], ids=["script", "formula"])
def test_every_changed_byte_of_every_member_is_found(make: Callable[[], bytes]) -> None:
    members = unpack(make())
    for name, data in members.items():
        for position in positions(data):
            changed = data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :]
            assert detected(pack({**members, name: changed})), (name, position)
        assert detected(pack({**members, name: data + b" "})), name


@pytest.mark.parametrize("name", ["runs/measure-0/stdout.txt", "bundle/scores.csv", "verdict.json", "seal.json"])
def test_a_missing_member_is_named(name: str) -> None:
    members = unpack(an_archive())
    del members[name]
    try:
        assert f"{name} is missing" in findings(pack(members))
    except Unreadable as error:
        assert name in str(error)  # noqa: PT017 - without a verdict there is nothing to compare with


def test_a_changed_member_is_named() -> None:
    members = {**unpack(an_archive()), "runs/measure-0/stdout.txt": b"other\n"}
    assert findings(pack(members)) == ("runs/measure-0/stdout.txt is not the file that was signed",)


def test_an_extra_member_is_named() -> None:
    members = unpack(an_archive())
    assert "surprise.txt is not in the signed statement" in findings(pack({**members, "surprise.txt": b"x"}))
    assert "bundle/surprise.txt was not sealed" in findings(resealed({**members, "bundle/surprise.txt": b"x"}))


def test_a_manifest_that_is_spelled_anew_is_found() -> None:
    members = unpack(unsigned(unpack(an_archive())))
    listed = members["manifest.json"]
    for other in (
        json.dumps(json.loads(listed), indent=1).encode(),
        listed.replace(b'"bytes":7,', b'"bytes":8,'),
        listed.replace(b'"signature":null', b'"signature":"x"'),
    ):
        assert other != listed
        assert findings(repacked({**members, "manifest.json": other})) == (
            "manifest.json is not spelled as it was written",
        )


def test_an_archive_of_the_first_format_holds_and_nobody_signed_it() -> None:
    report = verify(unsigned(unpack(an_archive())), [KEY])
    assert report.ok
    assert report.judgement is not None
    assert (report.format, report.signed, report.signer, report.trusted) == ("assay-evidence-v1", False, None, False)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            lambda m: {**m, "bundle/scores.csv": b"x"},
            "bundle/scores.csv is not the file that the manifest names",
            id="a changed member",
        ),
        pytest.param(lambda m: {**m, "x": b"x"}, "x is not in the manifest", id="a further member"),
        pytest.param(
            lambda m: {name: data for name, data in m.items() if name != "bundle/scores.csv"},
            "bundle/scores.csv is missing",
            id="a member less",
        ),
        pytest.param(
            lambda m: {**m, "seal.json": m["seal.json"] + b" "},
            "seal.json does not hash to the seal that the manifest names",
            id="another seal",
        ),
        pytest.param(
            lambda m: edited(m, "manifest.json", lambda d: d["members"].update({"seal.json": 7})),
            "seal.json is not the file that the manifest names",
            id="an entry that is none",
        ),
    ],
)
def test_an_archive_of_the_first_format_that_was_changed_is_found(
    change: Callable[[Members], Members], says: str
) -> None:
    assert says in findings(repacked(change(unpack(unsigned(unpack(an_archive()))))))


# --- who changes a member and the manifest ---------------------------------------------------------------------------


def edited(members: Members, name: str, change: Callable[[Any], Any]) -> Members:
    """Return members with one JSON member changed by a function."""
    document = json.loads(members[name])
    return {**members, name: canonical(change(document) or document)}


def with_result(members: Members, key: str, result: Any) -> Members:
    return {**members, f"runs/{key}/result.json": json.dumps(result).encode()}


def without_run(members: Members, key: str) -> Members:
    return {name: data for name, data in members.items() if not name.startswith(f"runs/{key}/")}


def renamed_run(members: Members, key: str, new: str) -> Members:
    return {name.replace(f"runs/{key}/", f"runs/{new}/"): data for name, data in members.items()}


SCRIPT_ATTACKS = [
    pytest.param(
        lambda m: edited(m, "verdict.json", lambda d: d["judgement"].update(status="FALSIFIED")),
        "the recorded verdict is not the one that follows from the runs",
        id="a swapped status",
    ),
    pytest.param(
        lambda m: edited(m, "verdict.json", lambda d: d["judgement"].update(reason="It is true.")),
        "the recorded verdict is not the one that follows from the runs",
        id="another reason",
    ),
    pytest.param(
        lambda m: edited(m, "verdict.json", lambda d: d.pop("judgement")),
        "the recorded verdict is not the one that follows from the runs",
        id="no judgement",
    ),
    pytest.param(
        lambda m: with_result(m, "measure-0", {"score": 9.9}),
        "the runs lead to no verdict: the run perturb-hardcoded-1 is not one that the seal calls for, or there twice",
        id="another result",
    ),
    pytest.param(lambda m: without_run(m, "repeat-0"), "the run repeat-0 is missing", id="no repetition"),
    pytest.param(
        lambda m: edited(m, "runs/repeat-0/run.json", lambda d: d["isolation"].update(level="none")),
        "the run repeat-0 was less isolated than the seal demands",
        id="a run outside of a box",
    ),
    pytest.param(
        lambda m: without_run(m, "perturb-0-2"), "the run perturb-0-2 is missing", id="a perturbation left out"
    ),
    pytest.param(
        lambda m: without_run(m, "measure-0"),
        "the runs lead to no verdict: a verdict needs a measure run for every seed of the first look",
        id="no measurement",
    ),
    pytest.param(
        lambda m: renamed_run(m, "repeat-0", "repeat-9"),
        "runs/repeat-9/run.json describes the run repeat-0",
        id="a run under another name",
    ),
    pytest.param(
        lambda m: edited(m, "runs/repeat-0/run.json", lambda d: d["spec"].update(seed=5)),
        "the runs lead to no verdict: the run repeat-0 is not one that the seal calls for, or there twice",
        id="another seed",
    ),
    pytest.param(
        lambda m: edited(m, "runs/perturb-0-1/run.json", lambda d: d["spec"]["derivation"].update(variant=9)),
        "the changed inputs of the run perturb-0-1 are not those of its derivation",
        id="another variant",
    ),
    pytest.param(
        lambda m: edited(m, "runs/perturb-0-1/run.json", lambda d: d.update(derived={})),
        "the changed inputs of the run perturb-0-1 are not those of its derivation",
        id="no changed input",
    ),
    pytest.param(
        lambda m: edited(m, "runs/perturb-0-1/run.json", lambda d: d.update(derived=7)),
        "the changed inputs of the run perturb-0-1 are not those of its derivation",
        id="nonsense for the changed input",
    ),
    pytest.param(
        lambda m: edited(m, "runs/measure-0/run.json", lambda d: d.update(derived={"/in/scores.csv": "sha256:0"})),
        "the changed inputs of the run measure-0 are not those of its derivation",
        id="a changed input where none was asked for",
    ),
    pytest.param(
        lambda m: {**m, "verdict.json": m["verdict.json"] + b"\n"},
        "verdict.json is not spelled as it was written",
        id="another spelling of the verdict",
    ),
    pytest.param(
        lambda m: edited(m, "verdict.json", lambda d: d.update(publisher=7)),
        "verdict.json is not spelled as it was written",
        id="a publisher that is no text",
    ),
    pytest.param(
        lambda m: {**m, "runs/repeat-0/run.json": m["runs/repeat-0/run.json"] + b"\n"},
        "runs/repeat-0/run.json is not spelled as it was written",
        id="another spelling of a run",
    ),
    pytest.param(
        lambda m: {**m, "runs/repeat-0/run.json": m["runs/repeat-0/run.json"].replace(b"host:1", b"\\ud800")},
        "runs/repeat-0/run.json is not spelled as it was written",
        id="half a character in a run",
    ),
    pytest.param(
        lambda m: edited(m, "runs/measure-0/run.json", lambda d: d["outcome"].update(wall_ms=10**400)),
        "a run cannot be read: ",
        id="an absurd duration",
    ),
    pytest.param(
        lambda m: edited(m, "runs/measure-0/run.json", lambda d: d.update(extra=1)),
        "a run cannot be read: ",
        id="an unknown key in a run",
    ),
    pytest.param(
        lambda m: edited(m, "runs/measure-0/run.json", lambda d: d["outcome"].update(kind="fault")),
        "the runs lead to no verdict: the run measure-0 ended by a fault of the service",
        id="a fault among the runs",
    ),
    pytest.param(
        lambda m: {**m, "bundle/scores.csv": SCORES + b"x,1\n"},
        "bundle/scores.csv is not the file that was sealed",
        id="another input",
    ),
    pytest.param(
        lambda m: {name: data for name, data in m.items() if name != "bundle/scores.csv"},
        "bundle/scores.csv is not the file that was sealed",
        id="an input left out",
    ),
    pytest.param(
        lambda m: {**m, "seal.json": m["seal.json"] + b"\n"},
        "the sealed bytes are not spelled as they were sealed",
        id="another spelling of the seal",
    ),
    pytest.param(lambda m: {**m, "seal.json": b"{}"}, "the sealed bytes are not a seal of this version", id="no seal"),
    pytest.param(
        lambda m: {name: data for name, data in m.items() if name != "seal.json"},
        "the sealed bytes are not a seal of this version",
        id="the seal left out",
    ),
]


@pytest.mark.parametrize(("attack", "says"), SCRIPT_ATTACKS)
def test_a_change_with_a_manifest_to_match_is_found(attack: Callable[[Members], Members], says: str) -> None:
    found = findings(resealed(attack(unpack(an_archive()))))
    assert any(item.startswith(says) for item in found), found


@pytest.mark.parametrize(("level", "ok"), [("C", False), ("B1", False), ("B", True), ("A", True), ([], False)])
def test_no_run_is_less_isolated_than_the_seal_demands(level: Any, ok: bool) -> None:  # noqa: FBT001
    seal = a_seal(a_claim(limits=some_limits(isolation="B")))
    archive = edited(
        unpack(an_archive(seal)), "runs/measure-0/run.json", lambda document: document["isolation"].update(level=level)
    )
    assert (findings(resealed(archive)) == ()) is ok


def test_a_file_beside_the_script_that_was_left_out_is_missed() -> None:
    """The claim does not name it, but the box of every run held it."""
    files = a_bundle() | {"lib.py": b"x = 1\n"}
    members = unpack(an_archive(a_seal(files=files), files))
    del members["bundle/lib.py"]
    found = findings(resealed(members))
    assert "bundle/lib.py is not the file that was sealed" in found
    assert "the inputs of the run measure-0 cannot be made again: 'bundle/lib.py' is missing" in found


def test_a_confirmation_that_was_left_out_is_missed() -> None:
    """Whoever would rather not be falsified leaves it out."""
    seal = a_seal(a_claim(an_expectation("9.9")))
    members = without_run(unpack(an_archive(seal)), "confirm-0")
    assert "the run confirm-0 is missing" in findings(resealed(members))


FORMULA_ATTACKS = [
    pytest.param({"value": "8.8", "low": "8.6", "high": "8.8", "inner_low": "8.6", "inner_high": "8.8"}, id="a value"),
    pytest.param({"value": "8.7", "low": "8.5", "high": "8.8", "inner_low": "8.6", "inner_high": "8.8"}, id="a bound"),
    pytest.param(
        {"value": "8.7", "low": "8.6", "high": "8.8", "inner_low": "8.6", "inner_high": "8.9"}, id="an inner bound"
    ),
    pytest.param({"error": "division by zero"}, id="an error"),
]


@pytest.mark.parametrize("key", ["measure-0", "repeat-0"])
@pytest.mark.parametrize("metric", FORMULA_ATTACKS)
def test_a_formula_is_evaluated_again(metric: dict[str, str], key: str) -> None:
    """So a stranger need not trust the archived runs at all."""
    result = {"variants": [{"name": "base", "metrics": {"score": metric}}]}
    members = with_result(unpack(an_archive(a_formula_seal())), key, result)
    assert f"the result of the run {key} is not what its formula gives" in findings(resealed(members))


@pytest.mark.parametrize("body", [b"not json", b"[" * 100_000, b"\xff"], ids=["no JSON", "deep", "not UTF-8"])
def test_a_formula_s_result_that_cannot_be_read_is_found(body: bytes) -> None:
    members = {**unpack(an_archive(a_formula_seal())), "runs/perturb-0-1/result.json": body}
    assert "the result of the run perturb-0-1 is not what its formula gives" in findings(resealed(members))
    del members["runs/perturb-0-1/result.json"]
    assert "the result of the run perturb-0-1 is not what its formula gives" in findings(resealed(members))


def test_a_formula_s_run_that_ended_otherwise_has_no_result_to_check() -> None:
    seal = a_formula_seal()
    runs = [ArchivedRun(a_run("measure-0", outcome="timeout", result=None))]
    judged = evidence_of(seal, runs)
    assert findings(judged) == ()


def evidence_of(seal: Seal, runs: list[ArchivedRun]) -> bytes:
    return build(
        seal_bytes(seal),
        a_bundle(seal.claim),
        runs,
        judge(seal, [item.run for item in runs]),
        Context(evaluated_at="2026-11-22T12:00:00+00:00"),
        SIGNER,
    )


CLAIMS = [
    pytest.param(
        lambda text: text.replace('"rounding"', '"relative"\ntolerance = "50%"'), "is not the one that", id="a rule"
    ),
    pytest.param(lambda text: text.replace('value = "8.7"', 'value = "9.9"'), "is not the one that", id="a value"),
    pytest.param(
        lambda text: text.replace("The mean score", "The best score"), "is not the one that", id="a statement"
    ),
    pytest.param(
        lambda text: text.replace('"scores.csv"', '"missing.csv"'), "is no claim that can be read", id="an input"
    ),
    pytest.param(lambda text: text + "[", "is no claim that can be read", id="no TOML"),
]


@pytest.mark.parametrize(("change", "says"), CLAIMS)
def test_the_sealed_claim_is_what_its_author_wrote(change: Callable[[str], str], says: str) -> None:
    """A judge who seals another tolerance than the bundle's own claim states is caught by the bundle."""
    files = a_bundle() | {"claim.toml": change(claim_toml(a_claim())).encode()}
    found = findings(an_archive(a_seal(files=files), files))
    assert len(found) == 1
    assert says in found[0]
    assert "bundle/claim.toml" in found[0]
    assert verify(an_archive(a_seal(files=files), files)).judgement is None


HOSTILE_SEALS = [
    pytest.param({"seeds": ()}, id="no seeds"),
    pytest.param({"seeds": (1, 2)}, id="other seeds"),
    pytest.param({"claim": a_claim(an_expectation("eight", "relative"))}, id="an expectation that no intake accepts"),
    pytest.param({"claim": a_claim(())}, id="no expectation"),
    pytest.param(
        {"claim": a_claim(reproduce=a_formula({"score": "a +"}, a="x"))}, id="a formula that no intake accepts"
    ),
]


@pytest.mark.parametrize("changes", HOSTILE_SEALS)
def test_a_seal_that_no_intake_would_make_is_found_before_anything_is_judged(changes: dict[str, Any]) -> None:
    seal = a_seal().model_copy(update=changes)
    seal = seal.model_copy(update={"evaluator": evaluator_digest(seal.claim)})
    members = {**unpack(an_archive()), "seal.json": seal_bytes(seal)}
    assert findings(resealed(members)) == ("the sealed claim is not the one that bundle/claim.toml states",)


def test_limits_are_the_operator_s_and_may_differ_from_the_claim_s() -> None:
    text = claim_toml(a_claim()) + '[limits]\nwall = "99h"\nmemory = "7TiB"\ngpus = 3\nisolation = "A"\n'
    files = a_bundle() | {"claim.toml": text.encode()}
    assert findings(an_archive(a_seal(files=files), files)) == ()


JSON_CLAIM = {
    "schema": "assay-claim-v1",
    "claim": {"id": "mean-score", "statement": "The mean score is 8.7"},
    "expect": [{"metric": "score", "value": "8.7", "rule": "rounding"}],
    "reproduce": {
        "kind": "formula",
        "formula": "a - b",
        "values": {
            name: {"value": text, "source": f"Table 1, {name}"} for name, text in (("a", "77.0"), ("b", "68.3"))
        },
    },
}


@pytest.mark.parametrize(
    ("document", "ok"),
    [
        pytest.param(canonical(JSON_CLAIM), True, id="the claim"),
        pytest.param(canonical({**JSON_CLAIM, "claim": {"id": "x", "statement": "y"}}), False, id="another"),
        pytest.param(b"[]", False, id="no claim"),
        pytest.param(b"[" * 100_000, False, id="too deep"),
        pytest.param(b"{", False, id="no JSON"),
    ],
)
def test_a_claim_that_came_as_json_is_read_again_too(document: bytes, ok: bool) -> None:  # noqa: FBT001
    files = {"claim.json": document}
    seal = a_seal(a_formula_seal().claim, files)
    assert (findings(an_archive(seal, files)) == ()) is ok


def test_a_bundle_without_its_claim_is_found() -> None:
    files = {"reproduce.py": b"", "scores.csv": SCORES}
    assert findings(an_archive(a_seal(files=files), files)) == ("the bundle holds no claim",)


# --- other rules -----------------------------------------------------------------------------------------------------

OTHERS = [
    pytest.param(
        a_seal(versions={**VERSIONS, "compare": 99}), "compare 99", f"compare {VERSIONS['compare']}", id="versions"
    ),
    pytest.param(a_seal(evaluator=digest(b"x")), digest(b"x"), evaluator_digest(a_claim()), id="a script's protocol"),
    pytest.param(
        a_formula_seal().model_copy(update={"evaluator": digest(b"x")}),
        digest(b"x"),
        evaluator_digest(a_formula_seal().claim),
        id="an evaluator",
    ),
]


@pytest.mark.parametrize(("seal", "theirs", "ours"), OTHERS)
def test_an_archive_of_other_rules_is_unreadable_here_and_never_contradicted(
    seal: Seal, theirs: str, ours: str
) -> None:
    usual = a_formula_seal() if "formula" in seal.claim.reproduce.kind else a_seal()
    members = unpack(an_archive(usual))
    with pytest.raises(Unreadable) as caught:
        verify(resealed({**members, "seal.json": seal_bytes(seal)}))
    assert theirs in str(caught.value)
    assert ours in str(caught.value)
    assert "check it with the program version that sealed it" in str(caught.value)


# --- what is no archive ----------------------------------------------------------------------------------------------


def tar_of(*entries: tuple[str, bytes | tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, entry in entries:
            member = tarfile.TarInfo(name) if isinstance(entry, bytes) else entry
            data = entry if isinstance(entry, bytes) else b""
            member.name, member.size = name, len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def special(kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo()
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def sparse() -> bytes:
    """Return a tar whose only member claims to be a terabyte of nothing."""
    member = tarfile.TarInfo("manifest.json")
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 0
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"00000000000\0" + b"00000000000\0"
    block[483:495] = b"77777777777\0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block[:512]) + bytes(1024)


MANIFEST = ("manifest.json", b"{}")

UNREADABLE = [
    pytest.param(b"", "truncated", id="nothing"),
    pytest.param(b"no archive", "this is no evidence archive", id="no gzip"),
    pytest.param(
        b'{"status": "odd", "title": "a", "detail": "b"}',
        "this is what a service said in words",
        id="other JSON of that kind",
    ),
    pytest.param(zlib.compress(tar_of(MANIFEST)), "this is no evidence archive", id="another packing"),
    pytest.param(gzip.compress(b"no tar"), "this is no evidence archive", id="no tar"),
    pytest.param(b"no archive", "no gzip file", id="no gzip, in words"),
    pytest.param(
        b'{"type": "/problems/not-found", "title": "There is no such thing", "status": 404, "detail": "no such verdict"}',
        "this is a refusal from a service, not evidence: 404 There is no such thing: no such verdict. What is closed",
        id="a refusal that curl kept",
    ),
    pytest.param(
        b'{"title": "Later", "status": 503, "detail": "busy"}',
        "not evidence: 503 Later: busy; `curl --fail`",
        id="a refusal that no key mends",
    ),
    pytest.param(b'{"title": "x", "status": "y"}', "what a service said in words", id="another document"),
    pytest.param(b"\n<!doctype html>", "what a service said in words", id="a page"),
    pytest.param(gzip.compress(bytes(1024)), "nor manifest.json", id="an empty tar"),
    pytest.param(gzip.compress(tar_of(("x", b"1"))), "neither statement.dsse.json", id="no statement"),
    pytest.param(
        gzip.compress(tar_of(("manifest.json", b"{"))), "is missing or no JSON", id="a manifest that is no JSON"
    ),
    pytest.param(
        gzip.compress(tar_of(("manifest.json", b"[]"))), "not of the format", id="a manifest that is no object"
    ),
    pytest.param(gzip.compress(tar_of(MANIFEST)), "not of the format", id="a manifest without a format"),
    pytest.param(
        gzip.compress(tar_of(("manifest.json", b'{"format": "assay-evidence-v2"}'))),
        "not of the format",
        id="another format",
    ),
    pytest.param(
        gzip.compress(tar_of(("manifest.json", b'{"format": "assay-evidence-v1"}'))),
        "lists no members",
        id="no members",
    ),
    pytest.param(gzip.compress(tar_of(MANIFEST, MANIFEST)), "there twice", id="a member twice"),
    pytest.param(gzip.compress(sparse()), "is no regular file", id="a sparse file"),
    *(
        pytest.param(gzip.compress(tar_of(MANIFEST, ("x", special(kind)))), "is no regular file", id=f"a {name}")
        for name, kind in (
            ("symbolic link", tarfile.SYMTYPE),
            ("hard link", tarfile.LNKTYPE),
            ("folder", tarfile.DIRTYPE),
            ("device", tarfile.CHRTYPE),
            ("fifo", tarfile.FIFOTYPE),
        )
    ),
    *(
        pytest.param(gzip.compress(tar_of(MANIFEST, (name, b"x"))), "has no plain name", id=f"the name {name!r}")
        for name in ("/etc/passwd", "../x", "a/../../x", "./x", "a//b", "a\\b", "a\nb", "a\x7fb", "a\udcffb")
    ),
    pytest.param(
        gzip.compress(tar_of(MANIFEST) + b"more"), "something follows the last member", id="more behind the tar"
    ),
    pytest.param(gzip.compress(tar_of(MANIFEST)) + b"more", "followed by something else", id="more behind the gzip"),
    pytest.param(gzip.compress(tar_of(MANIFEST)) * 2, "followed by something else", id="two archives"),
    pytest.param(gzip.compress(tar_of(MANIFEST))[:-1], "truncated", id="one byte less"),
    pytest.param(gzip.compress(tar_of(MANIFEST)[:600]), "this is no evidence archive", id="a truncated tar"),
]


@pytest.mark.parametrize(("archive", "says"), UNREADABLE)
def test_what_is_no_archive_is_unreadable_and_says_why(archive: bytes, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        verify(archive)
    assert says in str(caught.value)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = an_archive()
    monkeypatch.setattr(evidence_archive, "UNPACKED_BYTES_MAX", 1 << 16)
    with pytest.raises(Unreadable, match="too large"):
        verify(gzip.compress(bytes(1 << 24)))
    monkeypatch.setattr(evidence_archive, "UNPACKED_BYTES_MAX", len(gzip.decompress(archive)))
    assert verify(archive).ok


def test_only_so_many_members_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = an_archive()
    monkeypatch.setattr(evidence_archive, "MEMBERS_MAX", len(unpack(archive)))
    assert verify(archive).ok
    monkeypatch.setattr(evidence_archive, "MEMBERS_MAX", len(unpack(archive)) - 1)
    with pytest.raises(Unreadable, match="more than"):
        verify(archive)


@pytest.mark.parametrize(("body", "says"), [(b"[]", "is no object"), (b"{", "is missing or no JSON")])
def test_a_run_that_is_no_object_is_unreadable(body: bytes, says: str) -> None:
    members = {**unpack(an_archive()), "runs/measure-0/run.json": body}
    with pytest.raises(Unreadable, match=says):
        verify(resealed(members))


def test_members_that_only_look_like_runs_are_no_runs() -> None:
    """Artifacts and bundle files may have any name."""
    files = a_bundle() | {"runs/x/run.json": b"7", "run.json": b"7"}
    _, archived = play(a_seal(files=files), files)
    named = [
        ArchivedRun(item.run, derived=item.derived, artifacts={"run.json": b"7", "a/run.json": b"7"})
        for item in archived
    ]
    assert findings(an_archive(a_seal(files=files), files, runs=named)) == ()


# --- laws ------------------------------------------------------------------------------------------------------------

ARCHIVE = an_archive()
MEMBERS = unpack(ARCHIVE)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@law
@given(st.integers(0, len(ARCHIVE) - 1), st.integers(1, 255))
def test_whatever_bits_of_the_archive_change_it_is_found(position: int, bits: int) -> None:
    assert detected(ARCHIVE[:position] + bytes([ARCHIVE[position] ^ bits]) + ARCHIVE[position + 1 :])


@law
@given(st.data(), st.integers(1, 255))
def test_whatever_bits_of_the_tar_change_it_is_found_though_the_packing_fits(data: st.DataObject, bits: int) -> None:
    tar = gzip.decompress(ARCHIVE)
    position = data.draw(st.integers(0, len(tar) - 1))
    assert detected(stored(tar[:position] + bytes([tar[position] ^ bits]) + tar[position + 1 :]))


@law
@given(st.sampled_from(sorted(MEMBERS)), documents)
def test_whatever_a_member_says_checking_gives_a_report_or_calls_it_unreadable(name: str, document: Any) -> None:
    members = {**MEMBERS, name: json.dumps(document).encode()}
    archive = pack(members) if name == statement.MEMBER else resealed(members)
    if not detected(archive):
        assert name.startswith("runs/")
        assert "run.json" not in name


@law
@given(
    st.sampled_from([name for name in sorted(MEMBERS) if name.endswith(("run.json", "seal.json", "verdict.json"))]),
    st.data(),
)
def test_whatever_part_of_a_document_changes_checking_gives_a_report_or_calls_it_unreadable(
    name: str, data: st.DataObject
) -> None:
    document = json.loads(MEMBERS[name])
    node, path = document, []
    while isinstance(node, dict) and node:
        path.append(data.draw(st.sampled_from(sorted(node))))
        if data.draw(st.booleans()):
            break
        node = node[path[-1]]
    owner = document
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = data.draw(documents.filter(lambda value: value != owner[path[-1]]))
    report: Report | None = None
    try:
        report = verify(resealed({**MEMBERS, name: json.dumps(document).encode()}))
    except Unreadable as error:
        assert str(error)  # noqa: PT017 - either answer is right
    if report is not None and report.ok:
        # Informative fields alone may differ: who executed, how isolated, when and for whom it was judged.
        assert {path[0], *path[1:2]} & {"worker", "isolation", "evaluated_at", "verification", "publisher", "outcome"}


@pytest.mark.parametrize(
    "value", [pytest.param(b"[" * 400 + b"1" + b"]" * 400, id="too deep"), pytest.param(b'"\\ud800"', id="half a sign")]
)
def test_a_seal_that_cannot_be_spelled_is_a_finding_and_no_failure(value: bytes) -> None:
    sealed = seal_bytes(a_seal(a_claim(reproduce=a_script(parameters={"n": 1})))).replace(
        b'{"n":1}', b'{"n":' + value + b"}"
    )
    assert value in sealed
    assert findings(resealed({**MEMBERS, "seal.json": sealed})) == ("the sealed bytes are not a seal of this version",)


def stored(data: bytes) -> bytes:
    """Pack bytes as an archive's are packed."""
    return b"".join(evidence_archive._stored([data]))


UNCHANGEABLE = {**a_bundle(), "scores.csv": b"\xff\xfe"}


def test_an_input_that_cannot_be_changed_gives_no_result_of_a_perturb_run() -> None:
    """Nobody can say that an honest run moved under a change that is impossible to make."""
    seal = a_seal(files=UNCHANGEABLE)
    members = unpack(an_archive(seal, UNCHANGEABLE, scripted(8.7)))
    assert findings(resealed(members)) == ()
    name = "runs/perturb-0-1/run.json"
    says = "the run perturb-0-1 does not end as it must: its input cannot be changed"
    exited = a_run(a_spec("perturb-0-1")).outcome.model_dump(mode="json")
    for attacked in (
        edited(members, name, lambda run: run.update(outcome=exited))
        | {"runs/perturb-0-1/result.json": b'{"score": 9}'},
        members | {"runs/perturb-0-1/result.json": b'{"score": 9}'},
        edited(members, name, lambda run: run["outcome"].update(limit=None)),
    ):
        assert says in findings(resealed(attacked))


def test_an_input_that_can_be_changed_was_changed() -> None:
    name = "runs/perturb-0-1/run.json"
    cancelled = an_outcome("cancelled", limit="underivable").model_dump(mode="json")
    members = edited(MEMBERS, name, lambda run: run.update(outcome=cancelled, derived={}))
    del members["runs/perturb-0-1/result.json"]
    says = "the run perturb-0-1 says that its input cannot be changed, and it can"
    assert says in findings(resealed(members))
