# What the scripts beside this file share; it is read by them. They set repository.

chosen='{"protected_branches": false, "custom_branch_policies": true}'

# reviewers_of TEAM prints the team as GitHub's reviewer.
reviewers_of() {
  local id
  id=$(gh api "orgs/${repository%%/*}/teams/$1" --jq .id) || return
  printf '{"type": "Team", "id": %s}' "$id"
}

# environment NAME REVIEWERS BRANCHES makes one, or changes it.
environment() {
  printf '{"can_admins_bypass": false, "prevent_self_review": %s, "reviewers": [%s], "deployment_branch_policy": %s}' \
    "$([ -n "$2" ] && echo true || echo false)" "$2" "$3" | gh api --method PUT "repos/$repository/environments/$1" --input - --silent
}

# only NAME PATTERN TYPE lets an environment take one pattern of branches or tags; what else was there could deploy, too.
only() {
  local policies="repos/$repository/environments/$1/deployment-branch-policies" id ids
  ids=$(gh api "$policies" --jq ".branch_policies[] | select(.name != \"$2\" or .type != \"$3\") | .id")
  for id in $ids; do
    gh api --method DELETE "$policies/$id" --silent
  done
  ids=$(gh api "$policies" --jq ".branch_policies[] | select(.name == \"$2\") | .id")
  if [ -z "$ids" ]; then
    gh api --method POST "$policies" -f "name=$2" -f "type=$3" --silent
  fi
}
