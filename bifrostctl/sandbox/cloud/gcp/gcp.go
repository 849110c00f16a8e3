// Package gcp is the double of the Pulumi Google Cloud provider (v7): workload identity pools with their providers, service accounts,
// members of their policies and of those of projects and repositories, and the look-ups of what is there. The words of errors are those of
// Google's APIs as the provider shows them.
package gcp

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Provider returns the double.
func Provider() *double.Provider {
	return &double.Provider{
		Package:   "gcp",
		Schema:    providerSchema,
		Config:    sdk.ProviderArgs{},
		Configure: configure,
		Ready:     ready,
		Types: providerSchema.Describe(map[string]*double.Type{
			pulumitype.GcpPool:                 pool(),
			pulumitype.GcpPoolProvider:         poolProvider(),
			pulumitype.GcpServiceAccount:       account(),
			pulumitype.GcpServiceAccountMember: accountMember(),
			pulumitype.GcpRepositoryMember:     repositoryMember(),
			pulumitype.GcpProjectMember:        projectMember(),
		}),
		Functions: map[string]*double.Function{
			pulumitype.GcpGetProject:        {Args: organizations.LookupProjectArgs{}, Call: getProject},
			pulumitype.GcpGetCluster:        {Args: clusterArgs{}, Call: getCluster},
			pulumitype.GcpGetServiceAccount: {Args: serviceaccount.LookupAccountArgs{}, Call: getAccount},
		},
	}
}

// session is one configured instance of the provider: its project, and its location where it has one.
type session struct{ project, region, zone string }

func configure(_ *served.World, config double.Object) (any, error) {
	return &session{double.String(config, "project"), double.String(config, "region"), double.String(config, "zone")}, nil
}

// ready refuses calls to a project that does not exist.
func ready(c *double.Call) error {
	return projectExists(c, c.Session.(*session).project)
}

func projectExists(c *double.Call, id string) error {
	if c.World.GCP[id] == nil {
		return fmt.Errorf("googleapi: Error 403: Permission denied on resource project %s (or it may not exist)", id)
	}
	return nil
}

// project is that of the inputs, or the provider's.
func project(c *double.Call, in double.Object) string {
	if id := double.String(in, "project"); id != "" {
		return id
	}
	return c.Session.(*session).project
}

func scope(c *double.Call) string { return c.Session.(*session).project }

// find looks under the whole id, which names its project: what exists is read and deleted there, whichever project the provider is
// configured with by now (terraform-provider-google 5.44, the resources' Read and Delete take the project from the state).
func find(c *double.Call, id string) (*world.Resource, error) {
	for _, project := range slices.Sorted(maps.Keys(c.World.GCP)) {
		if r := c.World.Get(c.Type, project, id); r != nil {
			return r, nil
		}
	}
	return nil, nil
}

// Names (Google Cloud IAM API reference: workloadIdentityPools.create, providers.create, projects.serviceAccounts.create).
var (
	poolPattern    = regexp.MustCompile(`^[a-z0-9-]{4,32}$`)
	accountPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
)

func checkID(in double.Object, property string, pattern *regexp.Regexp, fail double.Fail) {
	if id := double.String(in, property); id != "" && (!pattern.MatchString(id) || strings.HasPrefix(id, "gcp-")) {
		fail(property, "%q must match %s, and must not begin with gcp-", id, pattern)
	}
}

// answer is what Google answers about what was asked for. The provider writes the project into the state.
func answer(c *double.Call, in double.Object, computed double.Object) double.Object {
	state := double.Clone(in)
	state["project"] = project(c, in)
	for key, v := range computed {
		state[key] = v
	}
	return state
}
