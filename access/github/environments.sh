#!/usr/bin/env bash
# Makes the three GitHub environments of a stack with gh, or brings them up to date. STACK and STACK-preview wait for a review by a team, and
# nobody reviews their own run, nor do administrators pass by. STACK deploys from main alone. STACK-preview is for pull requests, whose code it
# runs. STACK-drift is for the schedule, which nobody is there to review: it takes main alone, and its credential reads.
#
#   access/github/environments.sh ORG/REPO aws-dev TEAM
#
# gh must be signed in as an administrator of the repository. TEAM is the slug of a team of ORG that may read the repository.
set -euo pipefail
if [ $# -ne 3 ]; then
  echo "usage: $0 ORG/REPO STACK TEAM" >&2
  exit 2
fi
repository=$1 stack=$2 team=$3
# shellcheck source=access/github/environment.sh
. "$(dirname "$0")/environment.sh"

reviewers=$(reviewers_of "$team")
environment "$stack" "$reviewers" "$chosen"
only "$stack" main branch
environment "$stack-preview" "$reviewers" null
environment "$stack-drift" '' "$chosen"
only "$stack-drift" main branch
echo "$stack and $stack-preview wait for a review by $team; $stack and $stack-drift take main alone"
