#!/usr/bin/env bash
# What stack.yml does with one stack beside previews and ups: COMMAND on STACK, with the settings of the environment. It is signed in.
set -euo pipefail

if [ -n "${BACKEND:-}" ]; then export PULUMI_BACKEND_URL="$BACKEND"; fi
name=${ORGANIZATION:+$ORGANIZATION/}$STACK
summary=${GITHUB_STEP_SUMMARY:-/dev/null}

# fenced HEADING FILE adds a text to the job's summary.
fenced() {
  {
    printf '### %s\n```text\n' "$1"
    cat "$2"
    printf '```\n'
  } >>"$summary"
}

case "$COMMAND" in
  plan) # what an up would do, as a file that apply keeps to
    mkdir -p plan
    status=0
    pulumi preview --stack "$name" --non-interactive --suppress-progress --diff --save-plan plan/plan.json >plan/preview.txt 2>&1 || status=$?
    cat plan/preview.txt
    fenced "The plan for \`$STACK\`" plan/preview.txt
    exit "$status"
    ;;
  apply) # that, and nothing else
    pulumi up --stack "$name" --non-interactive --suppress-progress --yes --skip-preview --plan plan/plan.json
    ;;
  drift) # what differs from the last up, and which links are broken; drift/status is 0 where neither is
    make --silent bin/bifrostctl
    mkdir -p drift
    differs=0 broken=0
    bin/bifrostctl drift "$name" --markdown >drift/drift.md || differs=$?
    bin/bifrostctl verify "$name" --output short >drift/verify.txt || broken=$?
    cat drift/drift.md drift/verify.txt
    # 2 is that nobody knows: the run fails, and the issue stays as it is.
    [ "$differs" -le 1 ] && [ "$broken" -le 1 ] || exit 2
    echo $((differs | broken)) >drift/status
    ;;
  review) # a stack for a pull request
    make --silent bin/bifrostctl
    settings=()
    while IFS= read -r setting; do
      [ -z "$setting" ] || settings+=(--set "$setting")
    done <<<"$REVIEW_SETTINGS"
    bin/bifrostctl review write "$STACK" --from "$REVIEW_FROM" ${settings[@]+"${settings[@]}"}
    pulumi stack select --stack "$name" --create --non-interactive ${SECRETS_PROVIDER:+--secrets-provider "$SECRETS_PROVIDER"}
    pulumi up --stack "$name" --non-interactive --suppress-progress --yes --skip-preview
    pulumi stack output --stack "$name" --json >outputs.json
    fenced "\`$STACK\` is up" outputs.json
    ;;
  expire) # those review stacks whose time is over
    make --silent bin/bifrostctl
    failed=0
    bin/bifrostctl review list --expired --ttl "${REVIEW_TTL:-72h}" --open "$OPEN" >expired.txt
    while IFS= read -r expired; do
      echo "$expired goes"
      pulumi destroy --stack "$expired" --non-interactive --suppress-progress --yes --skip-preview --remove </dev/null || failed=1
    done <expired.txt
    exit "$failed"
    ;;
  *)
    echo "::error::$COMMAND is no command of stack.yml"
    exit 2
    ;;
esac
