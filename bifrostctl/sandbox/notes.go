package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/stacks"
)

// note tells what the stack's configuration is here that it is not in life.
func (r Runner) note(p *project, fakes, plain, clear []string) {
	for _, path := range clear {
		fmt.Fprintf(r.Stderr, "%s stands in clear in %s: change it where it is from, then write it encrypted: pulumi config set "+
			"--stack %s --secret --path '%s:%[1]s'\n", path, stackFile(p.stack), p.stack, stacks.Project)
	}
	if p.environments {
		fmt.Fprintf(r.Stderr, "The environments that %s imports are not opened here: give their values with --set\n", stackFile(p.stack))
	}
	for _, variable := range plain {
		fmt.Fprintf(r.Stderr, "config.json asks for env.%[1]s, which %[2]s lacks and which is no secret: write gateway.env.%[1]s. Here it "+
			"is a fake\n", variable, stackFile(p.stack))
	}
	fakes = slices.DeleteFunc(slices.Clone(fakes), func(path string) bool {
		return slices.Contains(plain, strings.TrimPrefix(path, secretsKey+".env."))
	})
	if len(fakes) > 0 {
		fmt.Fprintf(r.Stderr, "Secrets that %s lacks or holds encrypted are fakes here: %s\n", stackFile(p.stack),
			strings.Join(fakes, ", "))
	}
}

// noteGiven tells what stands in the stack's cluster before its first up: in life somebody has put it there.
func (r Runner) noteGiven(world *cloud.World, p *project, server string) {
	if len(world.Given) > 0 {
		fmt.Fprintln(r.Stderr, "The sandbox has, as yours must have before the first up:")
	}
	for _, given := range world.Given {
		keys := ""
		if read := slices.DeleteFunc(slices.Clone(given.Keys), func(key string) bool { return key == anyKey }); len(read) > 0 {
			keys = " with " + strings.Join(read, ", ")
		}
		fmt.Fprintf(r.Stderr, "  %s %s%s\n", given.Kind, given.ID, keys)
	}
	config := lenient(p.values)
	if server != "" && (config.Gateway.Scheduling != nil || config.Refresher.Scheduling != nil) &&
		p.others[settingsPrefix+"nodes"] == nil {
		fmt.Fprintf(r.Stderr, "Where pods may run is not tried: %s describes no sandbox:nodes\n", stackFile(p.stack))
	}
}

// noteUnused tells of faults that met no call: a name may be misspelt.
func (r Runner) noteUnused(servers *cloud.Servers) {
	for _, fault := range servers.Unused() {
		fmt.Fprintf(r.Stderr, "--fault %s met no call\n", fault)
	}
}

// noteRefusals tells of other users who tried to attach.
func (r Runner) noteRefusals(servers *cloud.Servers) {
	for _, refusal := range servers.Refusals() {
		fmt.Fprintf(r.Stderr, "warning: %s\n", refusal)
	}
}

// noteRemoved tells of what others made and somebody took away, and what brings it back.
func (r Runner) noteRemoved(world *cloud.World, request Request) {
	for _, gone := range removed(world) {
		fmt.Fprintf(r.Stderr, "Removed by hand, and still missing: %s %s; it comes back with %s\n", gone.Type, gone.ID,
			request.of("restore", gone.Type, gone.ID))
	}
}
