package kubernetes

import (
	"context"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// PodProblems returns why the pods of a Deployment or Job would not start, if they were started now, in the words of events. The caller
// holds the world's lock, and the world's network runs.
func PodProblems(ctx context.Context, w *world.World, owner *world.Resource) []string {
	return podProblems(&double.Call{World: w, Context: ctx, Session: &session{server: owner.Scope}}, owner)
}
