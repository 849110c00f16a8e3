package pulls_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// pullWay is a way to pull as others know it.
type pullWay struct {
	stacktest.Way
	// principal is whom the vendor allowlists; empty where that is nobody.
	principal string
	// kept are the logical names of what protectIdentities keeps.
	kept []string
	// another is an image with another tag, which has to be pulled.
	another string
}

const (
	pullRoleArn = "arn:aws:iam::111122223333:role/" + edits.PullRole
	nodeRoleArn = "arn:aws:iam::111122223333:role/" + stacktest.NodeRole
	theSubject  = "system:serviceaccount:bifrost:bifrost-pull of https://"
	theIdentity = "managed identity bifrost-pull-identity of resource group "
	mirrorImage = "registry.image=registry.example.com/acme-hub:"
)

var (
	role       = []string{"eks-ecr-role"}
	identity   = []string{"aks-identity"}
	federation = []string{"aks-identity", "gcp-account", "gcp-pool"}
	gkeAccount = []string{"gke-pull-account"}
)

var (
	eksMirror = stacktest.Way{
		Name: "EKS, mirror", Stack: "aws-dev", Settings: []string{stacktest.OnlyEKS, "registry.mirror=true", mirrorImage + "2.1.0"},
	}
	aksMirror = stacktest.Way{
		Name: "AKS, mirror", Stack: "azure-dev", Settings: []string{"gcp=null", "registry.mirror=true", mirrorImage + "2.1.0"},
	}
	gkeMirror = stacktest.Way{
		Name: "GKE, mirror", Stack: "google-dev", Settings: []string{"registry.mirror=true", mirrorImage + "2.1.0"},
	}
	oidcMadeHere = stacktest.Way{
		Name: "EKS, refresh, IRSA with an OIDC provider of the stack", Stack: "aws-dev",
		InFile: []string{stacktest.OnlyEKS, "eks.oidcProvider=create"},
	}
)

// eksWays, aksWays and gkeWays are all ways to pull on a cluster, of which each can follow each other.
var (
	eksWays = []pullWay{
		{stacktest.RefreshIRSA, pullRoleArn, role, newECRTag},
		{stacktest.PodIdentity, pullRoleArn, role, newECRTag},
		{stacktest.PullKubelet, pullRoleArn, role, newECRTag},
		{stacktest.PullNode, nodeRoleArn, nil, newECRTag},
		{eksMirror, "", nil, mirrorImage + "2.1.1"},
	}
	aksWays = []pullWay{
		{stacktest.TrustAKS, theSubject, identity, newARTag},
		{stacktest.TrustEntra, theIdentity, identity, newARTag},
		{stacktest.OwnFederation, "", federation, newARTag},
		{stacktest.OwnEntra, "", federation, newARTag},
		{aksMirror, "", nil, mirrorImage + "2.1.1"},
	}
	gkeWays = []pullWay{
		{stacktest.OnGKE, gsa, gkeAccount, newARTag},
		{stacktest.GKEExisting, stacktest.GooglePuller, nil, newARTag},
		{stacktest.GKEPrincipal, "subject/ns/bifrost/sa/bifrost-pull", nil, newARTag},
		{stacktest.GKEImpersonate, gsa + " as " + stacktest.GoogleVendor, gkeAccount, newARTag},
		{stacktest.GKENode, nodeAccount, nil, newARTag},
		{gkeMirror, "", nil, mirrorImage + "2.1.1"},
	}
	// onlyFrom are ways that another one can follow, and that can follow none: the account has the provider already.
	onlyFrom = []pullWay{{oidcMadeHere, pullRoleArn, []string{"eks-ecr-role", "eks-oidc-provider"}, newECRTag}}
)

// TestMovesBetweenPulls: every way to pull can follow every other one while the gateway runs. Either it does in one step, or the first
// preview says all that is in its way, with the commands that mend it, and an `up` changes nothing; after them it is one step. The gateway
// is never made anew, and pulls its next image in the new way.
func TestMovesBetweenPulls(t *testing.T) {
	t.Parallel()
	for _, ways := range [][]pullWay{eksWays, aksWays, gkeWays} {
		for _, from := range ways {
			for _, to := range ways {
				if from.Name != to.Name {
					t.Run(from.Name+" to "+to.Name, func(t *testing.T) { t.Parallel(); moves(t, from, to) })
				}
			}
		}
	}
	for _, from := range onlyFrom {
		for _, to := range eksWays[1:] {
			to.Settings = append(slices.Clone(to.Settings), "eks.oidcProvider=null")
			if to.Name == stacktest.PullKubelet.Name {
				to.Settings, to.kept = stacktest.PullKubelet.Settings, from.kept
			}
			t.Run(from.Name+" to "+to.Name, func(t *testing.T) { t.Parallel(); moves(t, from, to) })
		}
	}
}

// always is what a careful operator has set: neither identities nor alerts are in the way of a move for longer than one preview.
var always = []string{"protectIdentities=true", "gateway.monitoring.alertRules=true"}

func moves(t *testing.T, from, to pullWay) {
	from.InFile = append(slices.Clone(always), from.InFile...)
	s := from.Start(t)
	s.Engine.MustUp()
	runs := stacktest.Standing(s.World, []string{edits.DeploymentKind, edits.ServiceKind, edits.NamespaceKind})
	s.Way.Settings = to.Settings

	preview := s.Set().Engine.Preview()
	gone := slices.DeleteFunc(slices.Clone(from.kept), func(name string) bool { return slices.Contains(to.kept, name) })
	require.Equal(t, len(gone) > 0, preview.Err != nil, preview.Messages())
	var settings []string
	if to.principal != "" && to.principal != from.principal {
		agreed := stacktest.Agreements(preview.Messages())
		require.Len(t, agreed, 1, preview.Messages())
		require.Contains(t, agreed[0], to.principal)
		settings = agreed
	} else {
		require.Empty(t, stacktest.Agreements(preview.Messages()))
	}
	if len(settings)+len(gone) > 0 {
		requireRefused(t, s)
	}
	require.ElementsMatch(t, gone, s.Engine.Unprotect(preview.Messages()))
	for _, name := range gone {
		require.Contains(t, preview.Messages(), "protectIdentities keeps", name)
	}

	moved := s.Set(settings...).Engine.MustUp()
	for _, step := range moved.Steps {
		if slices.Contains(stacktest.Kept, step.Type) {
			require.Contains(t, []string{"create", "update", "delete"}, step.Op, step.String())
		}
	}
	stacktest.RequireStanding(t, s.World, runs)
	stacktest.OnlySame(t, s.Engine.MustUp(), "one step was enough")
	pulled := s.Set(append(settings, to.another)...).Engine.MustUp()
	stacktest.RequireStanding(t, s.World, runs)
	require.Empty(t, s.Strays(pulled), "something of the former way is left")
}

// requireRefused: an `up` fails, and changes nothing that exists.
func requireRefused(t *testing.T, s *stacktest.Stack) {
	t.Helper()
	before := maps.Clone(s.World.Resources)
	require.Error(t, s.Engine.Up().Err)
	require.Equal(t, before, s.World.Resources)
}
