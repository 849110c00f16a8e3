#!/usr/bin/env bash
# Makes the two GitHub environments of a stack with gh, or brings them up to date. Both wait for a review by a team, and nobody reviews
# their own run, nor do administrators pass by. STACK deploys from main alone. STACK-preview is for pull requests, whose code it runs.
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

reviewers=$(gh api "orgs/${repository%%/*}/teams/$team" --jq .id)
environment() { # NAME BRANCHES
  printf '{"can_admins_bypass": false, "prevent_self_review": true, "reviewers": [{"type": "Team", "id": %s}], "deployment_branch_policy": %s}' "$reviewers" "$2" |
    gh api --method PUT "repos/$repository/environments/$1" --input - --silent
}

environment "$stack" '{"protected_branches": false, "custom_branch_policies": true}'
# One policy, for main; what else was there could deploy, too.
policies="repos/$repository/environments/$stack/deployment-branch-policies"
for id in $(gh api "$policies" --jq '.branch_policies[] | select(.name != "main" or .type != "branch") | .id'); do
  gh api --method DELETE "$policies/$id" --silent
done
if [ -z "$(gh api "$policies" --jq '.branch_policies[] | select(.name == "main") | .id')" ]; then
  gh api --method POST "$policies" -f name=main -f type=branch --silent
fi
environment "$stack-preview" null
echo "$stack and $stack-preview wait for a review by $team; $stack deploys from main alone"
