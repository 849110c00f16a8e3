#!/usr/bin/env bash
# Makes what a release needs on GitHub with gh, or brings it up to date: an environment `release` that waits for a review by a team and takes
# tags v* alone, and a rule that only administrators make such tags, and nobody else moves or deletes one.
#
#   access/github/release.sh ORG/REPO TEAM
#
# gh must be signed in as an administrator of the repository. TEAM is the slug of a team of ORG that may read the repository.
set -euo pipefail
if [ $# -ne 2 ]; then
  echo "usage: $0 ORG/REPO TEAM" >&2
  exit 2
fi
repository=$1
# shellcheck source=access/github/environment.sh
. "$(dirname "$0")/environment.sh"

environment release "$(reviewers_of "$2")" "$chosen"
only release 'v*' tag
rule=$(gh api "repos/$repository/rulesets" --jq '.[] | select(.name == "release tags") | .id')
if [ -z "$rule" ]; then
  gh api --method POST "repos/$repository/rulesets" --input "$(dirname "$0")/tags.json" --silent
else
  gh api --method PUT "repos/$repository/rulesets/$rule" --input "$(dirname "$0")/tags.json" --silent
fi
echo "release waits for a review by $2 and takes tags v* alone"
