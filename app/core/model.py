"""The words of the house as values.

Every value is frozen, refuses unknown fields and survives a round trip through JSON: the same shapes are sealed,
stored, archived and read back by a stranger. Numbers that a paper printed stay strings, because their trailing zeros
carry precision.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Status(StrEnum):
    """The public status of a claim or record; a closed enum."""

    UNVERIFIED = "UNVERIFIED"
    VERIFIED = "VERIFIED"
    FALSIFIED = "FALSIFIED"


class Blame(StrEnum):
    """Whose side an inconclusive end lies on."""

    AUTHOR = "author"
    RESOURCE = "resource"
    MEASUREMENT = "measurement"
    SERVICE = "service"


class Purpose(StrEnum):
    """Why a run is executed."""

    MEASURE = "measure"
    REPEAT = "repeat"
    PERTURB = "perturb"
    CONFIRM = "confirm"
    PROVE = "prove"
    REPLAY = "replay"


class OutcomeKind(StrEnum):
    """What the process of a run did; never a statement about the claim."""

    EXITED = "exited"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"
    CANCELLED = "cancelled"
    FAULT = "fault"


class Rule(StrEnum):
    """How a measurement is compared with what was printed."""

    EXACT = "exact"
    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    EITHER = "either"
    POINTS = "points"
    BOUNDED = "bounded"
    ROUNDING = "rounding"
    ULP = "ulp"
    INTERVAL = "interval"
    EQUIVALENCE = "equivalence"
    PREDICTION = "prediction"
    DIRECTION = "direction"
    RANKING = "ranking"
    TABLE = "table"


class ControlResult(StrEnum):
    """How a control ended: `pass` means that the attack failed."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    WARN = "warn"
    FAIL = "fail"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not_applicable"


class Attacker(StrEnum):
    """The Gate 3 attackers."""

    REPLICATION = "replication"
    CITATION = "citation"
    COUNTEREXAMPLE = "counterexample"


# --- the claim -------------------------------------------------------------------------------------------------------


class RecordRef(Model):
    """The publication that a claim belongs to; `id` is the publisher's own."""

    id: str | None = None
    title: str | None = None
    doi: str | None = None


class Statement(Model):
    """What the paper says, and where."""

    id: str
    statement: str
    quote: str | None = None
    section: str | None = None


class Expectation(Model):
    """One printed value, ranking or table, and the rule it is held to. Numbers are the printed strings."""

    metric: str
    rule: Rule
    value: str | None = None
    unit: str | None = None
    tolerance: str | None = None  # relative rules keep the author's spelling: "5%" or "0.05"
    absolute: str | None = None  # `either` only
    low: str | None = None
    high: str | None = None
    sd: str | None = None  # the paper's own, beside `value`
    n: str | None = None
    level: str | None = None  # `interval`: of the printed interval, "95%" or "0.95"
    order: tuple[str, ...] | None = None  # `ranking`: metrics, best first
    better: Literal["higher", "lower"] | None = None  # `ranking`: which end is best; higher when absent
    cells: dict[str, str] | None = None  # `table`: metric -> printed value
    cell_rule: Rule | None = None  # `table`: rounding when absent
    at_least: str | None = None  # `table`: share of cells that have to match; all when absent


class Cell(Model):
    """Where in a source's table a value is printed."""

    source: str
    row: str
    column: str


class NamedValue(Model):
    """One input of a formula: the printed value and where it was read."""

    value: str
    source: str
    cell: Cell | None = None


class Formula(Model):
    """Re-computation of printed numbers from printed numbers."""

    kind: Literal["formula"] = "formula"
    formulas: dict[str, str]  # metric -> expression
    values: dict[str, NamedValue]


class Script(Model):
    """A program of the bundle that measures from its inputs or parameters."""

    kind: Literal["script"] = "script"
    entrypoint: str
    environment: str = "python"
    inputs: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    seeds_max: int | None = None  # how many seeds statistical rules may measure before they give up
    assets: dict[str, str] | None = None  # name in the box -> "sha256:…"; None, not {}, so that seals without any stay


class Proof(Model):
    """A formal proof of a statement that was approved before and apart from it.

    It has none of what programs are measured by: no inputs, no parameters, one seed that nothing reads.
    """

    kind: str
    challenge: str  # the file that states the theorem
    solution: str  # the file that proves it
    theorem: str
    imports: tuple[str, ...]  # modules that either file may import
    environment: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the one seed that every seal has."""
        return (0,)

    @property
    def seeds_max(self) -> None:
        """Return nothing: further seeds would decide nothing."""
        return


class Lean4(Proof):
    """A proof in Lean 4."""

    kind: Literal["lean4"] = "lean4"
    imports: tuple[str, ...] = ("Init",)
    environment: str = "lean4"


class Metamath(Proof):
    """A proof in Metamath: a database whose axioms are those of the approved one."""

    kind: Literal["metamath"] = "metamath"
    imports: tuple[str, ...] = ()
    environment: str = "python"


Reproduce = Annotated[Formula | Script | Lean4 | Metamath, Field(discriminator="kind")]


class Limits(Model):
    """What one run may use. The unit ends the name."""

    wall_ms: int
    cpu_ms: int
    cpus: int
    memory_bytes: int
    processes: int
    scratch_bytes: int
    gpus: int = 0
    isolation: str = "C"  # least level accepted: "A" > "B" > "B1" > "C"


class Source(Model):
    """A document of the bundle in which quotes and cells can be located; never in the box unless also an input."""

    id: str
    title: str
    file: str


class Claim(Model):
    """A parsed and checked `claim.toml`, limits and defaults filled in."""

    schema_: Literal["assay-claim-v1"] = Field(default="assay-claim-v1", alias="schema")
    record: RecordRef | None = None
    claim: Statement
    expect: tuple[Expectation, ...]
    reproduce: Reproduce
    limits: Limits
    source: tuple[Source, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# --- the seal --------------------------------------------------------------------------------------------------------


class Environment(Model):
    """An environment that the operator built, named by the digest of everything in it."""

    name: str
    digest: str  # "sha256:" + 64 hex digits


class ProofTerms(Model):
    """What a proof is judged by beside its claim: the approval of its statement, and how far its checker is believed."""

    challenge: str  # digest of the file that states the theorem
    approved_by: str | None = None  # None: nobody approved this statement before the proof came
    approved_at: str | None = None
    backend: str  # these four as the environment's manifest says
    assurance: Literal["production", "test"]
    lean_version: str
    lean_commit: str
    accepts: Literal["production", "test"]  # the least assurance with which the operator lets a checker decide
    refused: str | None = None  # why the operator lets this checker decide nothing


class Seal(Model):
    """All that is fixed before anything runs. Its canonical bytes hash to the seal's digest."""

    schema_: Literal["assay-seal-v1"] = Field(default="assay-seal-v1", alias="schema")
    claim: Claim
    files: dict[str, str]  # path in the bundle -> "sha256:…"; every file, claim.toml included
    environment: Environment
    seeds: tuple[int, ...]  # every seed that may be measured, the claim's own first
    looks: tuple[int, ...]  # after how many of them statistical rules are asked; the last is all of them
    evaluator: str  # digest of our own program in the box: formula evaluator or script runner
    versions: dict[str, int]  # {"claim": 3, "compare": 2, "perturb": 3, "plan": 3}: the rules that read and judge
    proof: ProofTerms | None = None  # of proofs alone

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# --- runs ------------------------------------------------------------------------------------------------------------


class Derivation(Model):
    """How a perturb run differs from the sealed job; the bytes follow from it and the seal alone."""

    target: str  # "scores.csv" | "parameters.n" | "values" (formula: each in turn) | "*", "decimals" (see `attack`)
    variant: int  # 1, 2, …
    attack: str | None = None  # the control whose own change this is; None for the usual changes of `input_response`
    values: tuple[str, ...] = ()  # what was measured, for the attacks that look for it


class RunSpec(Model):
    """One execution that the plan asks for. `key` is unique within a verification."""

    key: str  # "measure-0", "repeat-0", "perturb-0-1", "perturb-hardcoded-1", "confirm-0", "prove-solution", "replay-0"
    purpose: Purpose
    seed: int
    derivation: Derivation | None = None


#: What was used of a limit; bounded, because an archive may hold any number and sentences divide it.
Amount = Annotated[int, Field(ge=0, le=1 << 60)]


class RunOutcome(Model):
    """What the process did, with the figures that the reason sentence needs."""

    kind: OutcomeKind
    exit_code: int | None = None
    signal: int | None = None
    clock: Literal["wall", "cpu"] | None = None  # which one, for timeout
    limit: str | None = None  # which limit ended or marred the run: wall cpu memory stdout stderr result output …
    notes: tuple[str, ...] = ()  # plain sentences: refused forks, full scratch, a derivation's summary
    replaced: tuple[tuple[str, str], ...] = ()  # of a run against hard-coded values: each number, what took its place
    wall_ms: Amount = 0
    cpu_ms: Amount = 0
    peak_memory_bytes: Amount = 0


class Run(Model):
    """A finished run as the core judges it."""

    spec: RunSpec
    outcome: RunOutcome
    result: str | None = None  # the bytes of $ASSAY_RESULT as UTF-8 text, exactly as they came; None if absent
    worker: str = ""  # host and slot that executed it
    isolation: dict[str, Any] = Field(default_factory=dict)


# --- judgement -------------------------------------------------------------------------------------------------------


class Comparison(Model):
    """Measurement against expectation, with its working. Numbers are decimal strings."""

    metric: str
    unit: str | None
    rule: str
    tolerance: str | None
    expected: str | None
    computed: (
        str | None
    )  # the worst seed; under statistical rules the mean, of a ranking Kendall's tau, of a table a share
    values: tuple[str, ...]  # one per seed
    low: str | None  # the accepted band
    high: str | None
    computed_low: str | None  # interval of a formula or of the seeds; null otherwise
    computed_high: str | None
    match: bool
    code: str  # MATCH_EXACT, MISMATCH, COARSE_CLAIM …
    flips_at: str | None  # smallest tolerance at which the decision would turn; null where none could
    table: str | None = None  # of a table's cell: the table's metric
    p: str | None = None  # of a contradiction by statistics: how probable it is by chance, all looks counted
    note: str | None = None  # what a ranking, a table or a sample showed, in words


class Control(Model):
    """One Gate 3 attack on the reproduction, with its result."""

    name: str
    attacker: Attacker
    result: ControlResult
    detail: str  # what it did and what it found
    cannot_prove: str


class Judgement(Model):
    """Everything that a verdict says about a claim."""

    status: Status
    outcome: OutcomeKind
    reason_code: str
    blame: Blame | None
    reason: str
    comparisons: tuple[Comparison, ...]
    controls: tuple[Control, ...]
