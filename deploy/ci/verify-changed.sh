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
set -eu

command=${ASSAY_COMMAND:-assay}
path=${ASSAY_CI_PATH:-.}
base=${ASSAY_CI_BASE:-}
reports=${ASSAY_CI_REPORTS:-assay-reports}
unverified=${ASSAY_CI_UNVERIFIED:-fail}

refuse() {
    printf '%s\n' "$1" >&2
    exit 2
}

case $unverified in
    fail | pass) ;;
    *) refuse "unverified must be fail or pass" ;;
esac
case ${GITHUB_EVENT_NAME:-} in
    # Started by a fork's change, with this repository's secrets: a stranger's claims would be sent under your key.
    pull_request_target | workflow_run) refuse "claims are not verified on $GITHUB_EVENT_NAME; use pull_request" ;;
esac
[ -L "$reports" ] && refuse "the folder of reports is a link: $reports"
mkdir -p -- "$reports"
junit=$reports/assay.junit.xml sarif=$reports/assay.sarif annotations=$reports/assay.annotations summary=$reports/assay.md
# Without the refusal the job would end with 1, which says FALSIFIED and nothing else.
rm -f -- "$junit" "$sarif" "$annotations" "$summary" || refuse "a folder stands where a report belongs, in $reports"

set -- --junit "$junit" --sarif "$sarif" --annotations "$annotations" --summary "${GITHUB_STEP_SUMMARY:-$summary}"
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
if [ -n "$mute" ]; then
    echo "::$mute::"
    [ ! -f "$annotations" ] || cat -- "$annotations"
fi

if [ -n "${GITHUB_OUTPUT:-}" ]; then
    {
        echo "exit-code=$code"
        # Where the service let nobody in there are none, and a step that uploads one would fail over the wrong thing.
        [ ! -f "$junit" ] || echo "junit=$junit"
        [ ! -f "$sarif" ] || echo "sarif=$sarif"
    } >>"$GITHUB_OUTPUT"
fi
if [ "$code" = 3 ] && [ "$unverified" = pass ]; then
    echo "no verdict was reached for some claims, which is let pass here" >&2
    code=0
fi
exit "$code"
