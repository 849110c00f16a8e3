package aws

import (
	"context"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// TaskProblems returns why tasks of an ECS service would not start or not stay, if they were started now. The caller holds the world's
// lock, and the world's network runs.
func TaskProblems(ctx context.Context, w *served.World, service *world.Resource) []string {
	account, region, _ := strings.Cut(service.Scope, "/")
	call := &double.Call{World: w, Context: ctx, Session: &session{region: region, partition: world.Partition(region), account: account}}
	return taskProblems(call, service.State, double.String(service.State, "taskDefinition"))
}
