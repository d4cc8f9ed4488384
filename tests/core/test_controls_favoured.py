"""Rankings whose first is ahead by its name: labels or files of the first two in each other's place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.attacks import attacked
from app.core.attacks_parts import Attacked, Contents
from app.core.model import Derivation, Run
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_run, a_script, a_seal, a_spec, an_expectation, play
from tests.core.test_controls import control_of

LABELLED = b"system,score\n" + b"".join(
    b"%s,%d.%d\n" % (name, mean + 3 * at % 7, at)
    for at in range(8)
    for name, mean in ((b"ours", 52), (b"base", 50), (b"old", 30))
)
THREE = an_expectation(None, "ranking", metric="lead", order=("ours", "base", "old"))


def labelled(bonus: float, order: Any = THREE, better: int = 1) -> tuple[str, tuple[str, str]]:
    """Return status and control of means by label, of which ours has a bonus."""

    def program(inputs: Mapping[str, bytes], _: int) -> Any:
        scores: dict[str, list[float]] = {}
        for line in inputs["scores.csv"].decode().splitlines()[1:]:
            name, _, score = line.partition(",")
            scores.setdefault(name, []).append(float(score))
        found = {name: better * sum(values) / len(values) for name, values in scores.items()}
        found["ours"] = found.get("ours", 0.0) + better * bonus * sum(map(abs, found.values())) / len(found)
        return {name: found.get(name, 0.0) for name in ("ours", "base", "old")}

    files = a_bundle(scores__csv=LABELLED)
    seal = a_seal(a_claim(order), files)
    runs, _ = play(seal, files, program)
    judged = judge(seal, runs)
    (item,) = [item for item in judged.controls if item.name == "turned"]
    return judged.status, (item.result.value, item.detail)


def test_a_bonus_that_goes_with_a_name_keeps_it_ahead_when_labels_change_places() -> None:
    said = ("fail", "ours stays ahead of base when the two change places: it is ahead by its name.")
    assert labelled(0.9) == ("UNVERIFIED", said)
    lower = THREE.model_copy(update={"better": "lower"})
    assert labelled(0.9, lower, better=-1) == ("UNVERIFIED", said)


def test_labels_that_go_with_their_scores_are_ranked() -> None:
    assert labelled(0.0)[0] == "VERIFIED"


def test_the_first_two_of_a_ranking_change_places_as_files() -> None:
    contents = Contents({"ours.txt": b"8", "base.txt": b"6", "old.txt": b"5"}, {}, None)
    claim = a_claim(THREE, a_script(inputs=("ours.txt", "base.txt", "old.txt")))
    found = attacked("sha256:0", Derivation(target="*", variant=5, attack="turned"), claim, contents)
    assert isinstance(found, Attacked)
    assert found.contents.inputs == {"ours.txt": b"6", "base.txt": b"8", "old.txt": b"5"}


def test_only_rankings_are_asked() -> None:
    runs, _ = play(a_seal())
    assert not [run for run in runs if run.spec.key == "perturb-turned-5"]


def test_a_member_without_a_number_leads_nobody() -> None:
    """Another expectation beside the ranking is none of its business either."""
    claim = a_claim((an_expectation("8.7"), THREE))
    numbers = {"score": 8.7, "ours": 9, "base": 8, "old": 1}
    measured = [a_run(key, numbers) for key in ("measure-0", "repeat-0")]
    for values, result in ((numbers, "fail"), (numbers | {"base": "none"}, "pass")):
        found = control_of("turned", a_seal(claim), [*measured, exchanged(values)])
        assert (found.result.value == "fail") is (result == "fail")


def test_a_member_that_is_no_finite_number_leads_nobody() -> None:
    claim = a_claim((an_expectation("8.7"), THREE))
    numbers = {"score": 8.7, "ours": float("nan"), "base": 8, "old": 1}
    runs = [*(a_run(key, numbers) for key in ("measure-0", "repeat-0")), exchanged(numbers | {"ours": 9})]
    assert control_of("turned", a_seal(claim), runs).result.value != "fail"


def exchanged(values: Mapping[str, Any]) -> Run:
    derivation = {"target": "*", "variant": 5, "attack": "turned"}
    return a_run(a_spec("perturb-turned-5", purpose="perturb", derivation=derivation), values)


def test_a_script_that_spares_whole_numbers_keeps_its_letters() -> None:
    contents = Contents({"scores.csv": b"key 7\nabcd\nbcdd\ndddd 0.5\nabc\n"}, {}, None)
    for target, after in (("decimals", b"abcd\nbcdd"), ("*", b"aaaa\naaaa")):
        derivation = Derivation(target=target, variant=1, attack="anchored")
        found = attacked("sha256:0", derivation, a_claim(), contents)
        assert isinstance(found, Attacked)
        assert after in found.contents.inputs["scores.csv"]
