#!/usr/bin/env bash
# Keeps one issue for each stack: opens it when something differs, brings its text up to date, closes it when nothing does any more.
#
#   .github/scripts/drift.sh STACK FOLDER
#
# FOLDER has what stack.sh wrote: status, drift.md and verify.txt.
set -euo pipefail
stack=$1 folder=$2
title="Drift: $stack"

number=$(gh issue list --state open --label drift --limit 200 --json number,title --jq ".[] | select(.title == \"$title\") | .number" | head -n 1)
if [ "$(cat "$folder/status")" = 0 ]; then
  [ -z "$number" ] || gh issue close "$number" --comment "Nothing differs any more, and every link that \`verify\` asks for is fine."
  exit 0
fi

# limited FILE BYTES prints a text, or its beginning: GitHub takes 65536 characters.
limited() {
  head -c "$2" "$1" | iconv -c -f UTF-8 -t UTF-8
  [ "$(wc -c <"$1")" -le "$2" ] || printf '\n(Cut off here. The artifact of the run has all of it.)\n'
}

body=$(mktemp)
{
  limited "$folder/drift.md" 45000
  printf '\n### What `bifrostctl verify` says\n\n```text\n'
  limited "$folder/verify.txt" 15000
  printf '```\n\nThe workflow `drift` writes this text anew each time it runs, and closes the issue when nothing differs'
  [ -z "${RUN:-}" ] || printf ' ([this run](%s))' "$RUN"
  printf '.\n'
} >"$body"
if [ -n "$number" ]; then
  gh issue edit "$number" --body-file "$body"
else
  gh label create drift --description 'Something differs from what a stack was deployed as' --force
  gh issue create --title "$title" --label drift --body-file "$body"
fi
