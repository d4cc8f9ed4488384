#!/bin/sh
# Verifies the claims of a checkout that a change touches, here or at a service; GitHub's action and GitLab's template run it.
#
#   ASSAY_COMMAND        the command; `assay` by default
#   ASSAY_CI_PATH        where claims are looked for; the whole checkout by default
#   ASSAY_CI_BASE        the commit that the change is compared with; empty or zeros: every claim is verified
#   ASSAY_CI_REPORTS     folder of the reports, new or ours alone
#   ASSAY_CI_TIMEOUT     seconds to wait for a service
#   ASSAY_CI_UNVERIFIED  `pass`: UNVERIFIED does not fail the job; everything else does
#   ASSAY_URL, ASSAY_TOKEN   a service and its key; without them the claims are verified on this machine
#
# What a change brings is a stranger's: names of folders, texts, a folder of reports that is a link. So nothing of it is put into
# a command line, the command itself finds out what changed, and what it prints is kept from being read as the runner's commands.
#
# However it ends, reports and a summary say so: the command's own, or, where it came to none, those of `nothing_verified`, whose
# texts are ours alone.
set -eu

command=${ASSAY_COMMAND:-assay}
path=${ASSAY_CI_PATH:-.}
base=${ASSAY_CI_BASE:-}
reports=${ASSAY_CI_REPORTS:-assay-reports}
unverified=${ASSAY_CI_UNVERIFIED:-fail}
junit='' sarif='' annotations='' summary=${GITHUB_STEP_SUMMARY:-}

outputs() {
    [ -n "${GITHUB_OUTPUT:-}" ] || return 0
    {
        echo "exit-code=$1"
        # Where no folder of reports may be used there are none, and a step that uploads one would fail over the wrong thing.
        [ ! -f "$junit" ] || echo "junit=$junit"
        [ ! -f "$sarif" ] || echo "sarif=$sarif"
    } >>"$GITHUB_OUTPUT"
}

nothing_verified() { # exit code, a text without quotes, brackets and signs of XML, Markdown or JSON
    if [ -n "$junit" ]; then
        counts='name="assay" tests="1" failures="0" errors="1"'
        {
            printf '<?xml version="1.0" encoding="utf-8"?>\n<testsuites %s><testsuite %s>' "$counts" "$counts"
            printf '<testcase classname="assay" name="assay"><error type="REFUSED" message="%s"/></testcase>' "$2"
            printf '</testsuite></testsuites>\n'
        } >"$junit"
        {
            printf '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Assay"}}, "results": [], "invocations": [{'
            printf '"executionSuccessful": false, "exitCode": %s, "toolExecutionNotifications": [' "$1"
            printf '{"level": "error", "message": {"text": "%s"}}]}]}]}\n' "$2"
        } >"$sarif"
    fi
    [ -z "$summary" ] || printf '## Assay: nothing verified\n\n%s\n' "$2" >>"$summary"
    [ -z "${GITHUB_ACTIONS:-}" ] || printf '::error title=Assay::%s\n' "$2"
}

refuse() { # a text as that of `nothing_verified`
    printf '%s\n' "$1" >&2
    nothing_verified 2 "$1"
    outputs 2
    exit 2
}

# A change can bring a link at any place of the checkout; what stands above the checkout is the runner's own.
way='' rest=$reports
case $rest in
    "$PWD"/*) rest=${rest#"$PWD"/} ;;
    "$(pwd -P)"/*) rest=${rest#"$(pwd -P)"/} ;;
    /*) rest='' ;;
esac
while [ -n "$rest" ]; do
    way=$way${way:+/}${rest%%/*}
    [ ! -L "$way" ] || refuse "the folder of reports, or one above it, is a link of the checkout: set ASSAY_CI_REPORTS to another"
    case $rest in
        */*) rest=${rest#*/} ;;
        *) rest='' ;;
    esac
done
[ ! -L "$reports" ] || refuse "the folder of reports is a link: set ASSAY_CI_REPORTS to another"
# Without these refusals the job would end with 1, which says FALSIFIED and nothing else.
mkdir -p -- "$reports" || refuse "the folder of reports cannot be made: set ASSAY_CI_REPORTS to another"
rm -f -- "$reports/assay.junit.xml" "$reports/assay.sarif" "$reports/assay.annotations" "$reports/assay.md" ||
    refuse "a folder stands where a report belongs: set ASSAY_CI_REPORTS to another"
junit=$reports/assay.junit.xml sarif=$reports/assay.sarif annotations=$reports/assay.annotations
summary=${GITHUB_STEP_SUMMARY:-$reports/assay.md}

case $unverified in
    fail | pass) ;;
    *) refuse "the input unverified must be fail or pass" ;;
esac
case ${GITHUB_EVENT_NAME:-} in
    # Started by a fork's change, with this repository's secrets: a stranger's claims would be sent under your key.
    pull_request_target | workflow_run) refuse "claims are not verified on $GITHUB_EVENT_NAME; use pull_request" ;;
esac

set -- --junit "$junit" --sarif "$sarif" --annotations "$annotations" --summary "$summary"
case $base in
    *[!0]*) set -- "$@" "--changed-since=$base" ;; # a branch that is new has zeros for what was before
esac

mute=
if [ -n "${GITHUB_ACTIONS:-}" ]; then
    mute=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$mute"
fi
code=0
if [ -n "${ASSAY_URL:-}" ]; then
    "$command" submit --wait "--timeout=${ASSAY_CI_TIMEOUT:-3600}" "$@" -- "$path" 2>&1 || code=$?
else
    "$command" verify "$@" -- "$path" 2>&1 || code=$?
fi
[ -z "$mute" ] || echo "::$mute::"
if [ -f "$junit" ] && [ -f "$sarif" ]; then
    [ -z "$mute" ] || cat -- "$annotations"
else
    # Without a report nothing was verified, whatever a program says that stands in the command's place.
    case $code in 0 | 1 | 3) code=5 ;; esac
    nothing_verified "$code" "the command ended with exit code $code before it looked at a claim; the log of this step says why"
fi
outputs "$code"
if [ "$code" = 3 ] && [ "$unverified" = pass ]; then
    echo "no verdict was reached for some claims, which is let pass here" >&2
    code=0
fi
exit "$code"
