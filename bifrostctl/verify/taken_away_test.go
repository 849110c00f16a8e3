package verify_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/report"
)

// withNames has a certificate and records, which no example has.
var withNames = withAuthorities(way{Name: "ECS, names", Stack: "examples/ecs-production", Settings: []string{stacktest.WithDns}})

// TestEverythingMadeIsAskedFor takes each thing that a stack has made out of the clouds, one at a time: verify is never green.
func TestEverythingMadeIsAskedFor(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, typ := range checks.MadeTypes() {
		known[typ] = true
	}
	for _, w := range slices.Concat(ways, examples(t), []way{withNames}) {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, w)
			require.NotEmpty(t, r.stack.Things)
			for _, thing := range r.stack.Things {
				require.True(t, known[thing.Type], "%s is in no group of checks/made_types.go", thing.Type)
				if thing.Type == "aws:acm/certificateValidation:CertificateValidation" {
					continue // it is a wait, and nothing that AWS has
				}
				taken := false
				for _, of := range r.World.Resources {
					if of.Type == thing.Type && of.PulumiID() == thing.ID && !of.Deleted {
						of.Deleted, of.Edited, taken = true, true, true
						found := bad(r.document(verify.Options{}))
						require.NotEmpty(t, found, "%s %s is gone, and verify is green", thing.Type, thing.ID)
						if thing.Type != "kubernetes:batch/v1:Job" {
							failed := func(c report.Check) bool { return c.Result == check.Failed }
							require.True(t, slices.ContainsFunc(found, failed), "%s %s is gone: %+v", thing.Type, thing.ID, found)
						}
						of.Deleted, of.Edited = false, false
						break
					}
				}
				require.True(t, taken, "%s %s is not in the clouds", thing.Type, thing.ID)
			}
		})
	}
}
