package providers

// reasons why a provider of ours does or says something else than Pulumi's. The judge is of about 4.25 (e2e/provider), ours follow the SDK's
// 4.32, whose source is public.
var reasons = []reason{
	{"an autoscaler of others is there", live, "HorizontalPodAutoscaler|Another manager",
		"Version: 4.25 applies a new object over one of its name and meets its owner; since 4.29 a name that exists is refused, as ours do."},
	{".*first run.*|.*fails again", double + "|" + live, "error: Job pull-first-run",
		"Ours add why: which container failed, which service refused it, which fault struck."},
	{"interrupted while pods start", double + "|" + live, "error: Deployment gateway-deployment",
		"The provider adds that after an interruption it cannot read the object either."},
	{"scaled by hand|replicas after that|label by hand", live, "CONFLICT",
		"Ours add what to do about the conflict, and leave out the name of the stack's own manager."},
	{"scaled .*by hand|replicas after that|label by hand", double, ".*",
		"The double knows no owners of fields: nothing conflicts, and what was done by hand is overwritten."},
	{"pull Secret deleted by hand", double, ".*",
		"The double's pods cannot be pulled once their Secret is missing; the pods of the comparison are told to be ready."},
	{"Deployment deleted by hand, and changed", double, "preview: ",
		"A preview on the double asks for no object: only the `up` finds it missing."},
	{"the API server is away", live, "warning: |unreachable",
		"Ours have no warnings of their own, so they tell in the error why the server cannot be reached, and ask it for its version, not its schema."},
}
