"""`python -m tests.corpus [NAME…]`: judge the corpus under several seals and write docs/error-rates.md.

With names, judge those under one seal and print every control.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.corpus.bundles import Case, cases
from tests.corpus.trial import Forks, Trial, attempt

SEALS = 3
PAGE = Path(__file__).parent.parent.parent / "docs" / "error-rates.md"


def judge_all(chosen: list[Case], salt: int = 0, workers: int = 2) -> list[Trial]:
    """Judge cases, in their order."""

    def part(mine: list[Case]) -> list[Trial]:
        with Forks() as forks:
            return [attempt(case, forks, salt) for case in mine]

    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(part, [chosen[at::workers] for at in range(workers)])
        found = {(trial.case.honest, trial.case.name): trial for each in parts for trial in each}
    return [found[case.honest, case.name] for case in chosen]


def found_by(trial: Trial) -> str:
    """Return what kept a case from being VERIFIED."""
    failed = [item.name for item in trial.judgement.controls if item.result == "fail"]
    return failed[0] if failed else trial.judgement.reason_code


def page(trials: list[Trial], seals: int) -> str:
    """Return the page of error rates."""
    lines = [_OPENING.format(seals=seals)]
    lines += ["| scripts | files | judgements | errors | rate |", "|---|---|---|---|---|"]
    for honest, name, error in ((True, "honest", "not believed"), (False, "cheating", "believed")):
        mine = [trial for trial in trials if trial.case.honest is honest]
        wrong = sum(trial.wrong for trial in mine)
        files = len({trial.case.name for trial in mine})
        lines.append(f"| {name} | {files} | {len(mine)} | {wrong} {error} | {100 * wrong / len(mine):.1f} % |")
    runs = [trial.runs for trial in trials if trial.case.honest]
    lines += [
        f"\nAn honest script took {sum(runs) / len(runs):.1f} runs on average, {max(runs)} at most.\n",
        "## Errors\n",
    ]
    missed = Counter(
        (trial.case.honest, trial.case.name, trial.case.about, found_by(trial)) for trial in trials if trial.wrong
    )
    for (honest, name, about, why), count in sorted(missed.items()):
        what = f"was not believed: {why}" if honest else "was believed"
        lines.append(
            f"- `{'honest' if honest else 'cheating'}/{name}` ({about}) {what}, under {count} of {seals} seals."
        )
    lines += [
        "" if missed else "There were none.\n",
        "## What found the cheats\n",
        "| found by | judgements |",
        "|---|---|",
    ]
    caught = Counter(found_by(trial) for trial in trials if not trial.case.honest and not trial.wrong)
    lines += [f"| `{name}` | {count} |" for name, count in caught.most_common()]
    lines.append("\nThe first control that failed in the order of the catalogue, or else the reason code.\n")
    lines += ["## The scripts\n", "| script | what it does |", "|---|---|"]
    known = dict.fromkeys((trial.case.honest, trial.case.name, trial.case.about) for trial in trials)
    lines += [f"| `{'honest' if honest else 'cheating'}/{name}` | {about} |" for honest, name, about in known]
    return "\n".join(lines) + "\n"


_OPENING = """# Error rates of the controls

Measured by `python -m tests.corpus`: every script of `tests/corpus` is taken through the real plan, with every change
that the controls ask for, and judged by the real verdict, under {seals} seals that differ in nothing but chance. The
scripts run without the walls of a box; the box has its own tests. Each claims what it gives for the sealed inputs, so
that every one of them matches.

An honest script that does not come to `VERIFIED` is a false alarm, whatever the reason; a cheat that does was missed.
The corpus was written by the same people as the controls, and every cheat of it that once passed has led to a mend. So its
rates say that nothing was lost since, not how a stranger would fare. Somebody who had not seen it wrote 41 other cheats
and 64 other honest scripts, of which 46 were measured again.

A second stranger wrote three sets, knowing no more than the documents; they and the first set were measured before and after
mends in two rounds. A fourth set was written for the second round, about other subjects (series, maps, networks, texts,
simulations, votes), by somebody who knows the controls and did not look at them while writing. Of a third stranger's set
those scripts that teach something stand in the corpus, with three more that check what the honest ones of it check.

A fresh corpus was written on 30 November 2026 by somebody who had read this page, and neither the scripts nor the
controls: 36 honest and 40 cheating ones, as hurried authors and machines write them, with data, rules and units of
their own. Under 3 seals none of 108 honest judgements was a refusal (0.0 %), and 29 of 120 cheating ones believed (24.2
%), of 11 scripts. After a mend (numbers of its own, one for each row of the input), and with two of them claiming the
figure that they are after, it was 25 (20.8 %), of 9: an honest mean times or plus a typed number, weights or a
formula chosen for the print, a count times a typed number, one of few values that stand in a list, a table of answers
by number of rows and whole mean, the mean of another column, and, under one seal, a sample whose seed was searched
for. Hidden constants, fallbacks, digests, bounds, names of files and figures that stand elsewhere were all found.
Tables of answers such as that one are asked after since; that corpus was not measured again.

| set | cheats believed, at first, after one round and now | honest refused, likewise |
|---|---|---|
| the first stranger's, 41 and 46 | 26, 6, 5 | 4 of 64, 1, 0 |
| what careless authors write, 45 and 45 | 3, 1, 1 | 0, 0, 0 |
| careless as well, but with a use of the data: 20 and 24 that strict checks make delicate | 10, 9, 8 | 5, 2, 0 |
| by somebody who has read how the controls work and wants to pass, 45 and 45 | 45, 36, 30 | 1, 0, 0 |
| the fourth set, 30 and 30 | 12, 12, 8 | 1, 1, 0 |
| a third stranger's, who knows the controls, 13 and 9 | 13, 12, 11 | 2, 2, 0 |

Every honest script that was refused once was at hand for a mend, so none refused now is no promise; nor is a rate of cheats
that were at hand. Chance differs from seal to seal, and with it one or two of such a set.

What passes most often is a number of the data's own that is brought to the print: by a factor, weights, exclusions, a
seed or a subsample chosen for it, or figures typed in and weighted by counts of the data. From outside, such a choice
looks like the constants of any model; the script stands in the evidence, and a reader sees it there. Fallbacks that
scatter, the size of a file, an answer spelled in words or bytes of one line, and functions of parameters pass as well, and
a digest in a plausible range does under some seals. Whoever works on the text of single records cannot be told from a
split of records by their digest, which is honest. That is why every control says what it cannot prove.

`honest/split_by_digest` is refused under about one seal of four. Its table is short: one row that enters or leaves
the chosen third moves their mean as far as changed numbers do. Where a few numbers are moved by one unit, up, down
and by spelling, and each time another row enters, that looks like a digest of the whole file. A rule that spared it
would believe digests of all rows' text.
"""


def main() -> None:
    """Judge and print."""
    wanted = set(sys.argv[1:])
    if wanted:
        for trial in judge_all([case for case in cases() if case.name in wanted]):
            found = trial.judgement
            print(
                "WRONG" if trial.wrong else "right", trial.case.name, trial.prints, f"{trial.runs} runs", found.status
            )
            print("   ", found.reason)
            for item in found.controls:
                print("   ", item.name, item.result.value, item.detail)
        return
    trials = [trial for salt in range(SEALS) for trial in judge_all(cases(), salt)]
    text = page(trials, SEALS)
    PAGE.write_text(text, encoding="utf-8")
    print(text.partition("## The scripts")[0])


if __name__ == "__main__":
    main()
