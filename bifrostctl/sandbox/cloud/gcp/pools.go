package gcp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/iam"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/cel"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

func pool() *double.Type {
	return &double.Type{
		Args:  iam.WorkloadIdentityPoolArgs{},
		Scope: scope,
		Find:  find,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkID(in, "workloadIdentityPoolId", poolPattern, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", project(c, in),
				double.String(in, "workloadIdentityPoolId"))
			// Also one that was deleted: its id is free 30 days later.
			if c.World.Resources[world.Key(pulumitype.GcpPool, scope(c), id)] != nil {
				return "", nil, taken("WorkloadIdentityPool", id)
			}
			return id, answer(c, in, double.Object{"name": named(c, in), "state": "ACTIVE"}), nil
		},
		Delete: softDelete,
	}
}

// taken is Google's answer where a pool's or a provider's id is in use, or was within the last 30 days.
func taken(kind, id string) error {
	//lint:ignore ST1005 the words are not ours
	return fmt.Errorf("Error creating %s: googleapi: Error 409: Requested entity already exists: %s", kind, id)
}

// softDelete keeps the id for 30 days (Google Cloud, "Manage workload identity pools and providers").
func softDelete(_ *double.Call, r *world.Resource, _ double.Object) error {
	r.Deleted = true
	r.State["state"] = "DELETED"
	return nil
}

// named is a pool's resource name, which has the project's number.
func named(c *double.Call, in double.Object) string {
	number := ""
	if p := c.World.GCP[project(c, in)]; p != nil {
		number = p.Number
	}
	return fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", number, double.String(in, "workloadIdentityPoolId"))
}

func poolProvider() *double.Type {
	return &double.Type{
		Args:  iam.WorkloadIdentityPoolProviderArgs{},
		Scope: scope,
		Find:  find,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkID(in, "workloadIdentityPoolProviderId", poolPattern, fail)
			checkProvider(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			parent := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", project(c, in),
				double.String(in, "workloadIdentityPoolId"))
			if c.World.Get(pulumitype.GcpPool, scope(c), parent) == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error creating WorkloadIdentityPoolProvider: googleapi: Error 404: Requested entity was not "+
					"found: %s", parent)
			}
			id := parent + "/providers/" + double.String(in, "workloadIdentityPoolProviderId")
			if c.World.Resources[world.Key(pulumitype.GcpPoolProvider, scope(c), id)] != nil {
				return "", nil, taken("WorkloadIdentityPoolProvider", id)
			}
			name := named(c, in) + "/providers/" + double.String(in, "workloadIdentityPoolProviderId")
			return id, answer(c, in, double.Object{"name": name, "state": "ACTIVE"}), nil
		},
		Delete: softDelete,
	}
}

// checkProvider: an OIDC provider maps google.subject, and its condition compiles.
func checkProvider(in double.Object, fail double.Fail) {
	if mapping, known := in["attributeMapping"].(double.Object); known && mapping["google.subject"] == nil {
		fail("attributeMapping", "Error 400: The mapping must contain google.subject")
	}
	if condition := double.String(in, "attributeCondition"); condition != "" {
		if err := cel.CheckCondition(condition); err != nil {
			fail("attributeCondition", "Error 400: Error compiling the attribute condition: %v", err)
		}
	}
	if issuer := double.String(in, "oidc.issuerUri"); issuer != "" && !strings.HasPrefix(issuer, "https://") {
		fail("oidc.issuerUri", "Error 400: %q must be an https URL", issuer)
	}
	if keys := double.String(in, "oidc.jwksJson"); keys != "" && !isKeySet(keys) {
		fail("oidc.jwksJson", "Error 400: Input JWK is not in a valid json format")
	}
}

// isKeySet tells whether Google takes what is uploaded for the keys of an issuer: a set without certificates. Whether they are the issuer's
// shows at the first exchange (Google Cloud, "Troubleshoot Workload Identity Federation").
func isKeySet(text string) bool {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if json.Unmarshal([]byte(text), &set) != nil || set.Keys == nil {
		return false
	}
	return !slices.ContainsFunc(set.Keys, func(key map[string]any) bool { return key["x5c"] != nil || key["x5t"] != nil })
}
