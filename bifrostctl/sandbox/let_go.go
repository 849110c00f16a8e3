package sandbox

import "bifrost/bifrostctl/sandbox/cloud"

// changes tells whether the operation may change the clouds. One that only looks leaves them as they are, also what it takes for granted.
func (o Operation) changes() bool { return o == Up || o == Destroy }

// letGo leaves to others what the stack made before and now only reads, such as a namespace that exists to it by now: the engine gives
// up what a program reads under the same name and id (pulumi, resource/deploy/step_generator.go, "relinquish"). It stays as it is.
func letGo(world *cloud.World, result *Result) {
	world.Lock()
	defer world.Unlock()
	read := map[string]bool{}
	for _, r := range result.Resources {
		read[r.Type+"|"+r.ID] = r.external
	}
	for _, r := range world.Resources {
		if read[r.Type+"|"+r.PulumiID()] && !r.Seeded {
			r.Seeded, r.Edited = true, true
		}
	}
}
