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
	{"scaled by hand|replicas after that|label by hand|adopt: fields are of kubectl", live, "CONFLICT",
		"Ours add what to do about the conflict, and leave out the name of the stack's own manager."},
	{"scaled .*by hand|replicas after that|label by hand|adopt: fields are of kubectl", double, ".*",
		"The double knows no owners of fields: nothing conflicts, and what was done by hand is overwritten."},
	{"pull Secret deleted by hand", double, ".*",
		"The double's pods cannot be pulled once their Secret is missing; the pods of the comparison are told to be ready."},
	{"Deployment deleted by hand, and changed", double, "preview: ",
		"A preview on the double asks for no object: only the `up` finds it missing."},
	{"the API server is away", live, "warning: |unreachable",
		"Ours have no warnings of their own, so they tell in the error why the server cannot be reached, and ask it for its version, not its schema."},
	{"adopt: what would be made anew", live, "preview: (it fails|error: |RoleBinding pull-role-binding: was not done)",
		"Version: 4.25 tries an object that is to be made anew out over the old one, and the API server refuses it; since 4.29 a preview does not."},
	{"adopt: what would be made anew", live, "may not be replaced",
		"The provider names the path for whose sake an object would be made anew, ours the property at its top with its values."},
}
