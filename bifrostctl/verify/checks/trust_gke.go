package checks

import (
	"context"
	"fmt"
	"slices"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/gcp"
	"bifrost/internal/googlegke"
	"bifrost/stacks"
)

// gkeTrust is who pulls on GKE.
type gkeTrust struct {
	Stack
	Principal
	gcp     service.GCP
	cluster func(context.Context) (*service.GKECluster, error)
	objects *objects // nil before there is a workload
}

func (s Stack) newGkeTrust(c service.Clouds, o *objects) gkeTrust {
	return gkeTrust{
		Stack: s, Principal: s.principal("gke"), gcp: c.GCP, objects: o,
		cluster: shared(func(ctx context.Context) (*service.GKECluster, error) {
			return c.GKE.Cluster(ctx, s.Config.Gke.ProjectId, s.Config.Gke.Location, s.Config.Gke.ClusterName)
		}),
	}
}

func (s Stack) gkeTrust(c service.Clouds, o *objects) []check.Check {
	t := s.newGkeTrust(c, o)
	checks := t.clusterChecks()
	if !s.Config.Registry.Mirror {
		checks = append(checks, gkePulls[s.Config.Gke.Pull](t)...)
	}
	return append(checks, t.gatewayChecks()...)
}

// gke are the checks of the cluster before the first up.
func (b before) gke() []check.Check {
	t := b.newGkeTrust(b.clouds, nil)
	checks := t.clusterChecks()
	if !b.Config.Registry.Mirror && b.Config.Gke.Pull == stacks.GkePullNode {
		checks = append(checks, t.scopesCheck())
	}
	return needing(googleProject, append(checks, t.givenAccounts()...))
}

// gkePulls are the checks of each way to pull on GKE. A further way is a row here.
var gkePulls = map[stacks.GkePull]func(gkeTrust) []check.Check{
	stacks.GkePullRefresh: gkeTrust.refresher,
	stacks.GkePullNode:    gkeTrust.nodes,
}

// clusterChecks are those of the cluster, which somebody else has made.
func (t gkeTrust) clusterChecks() []check.Check {
	checks := []check.Check{{Code: "gke-cluster", Description: "the GKE cluster runs", Fatal: true, Run: t.running}}
	if !t.signsIn() {
		return checks
	}
	return append(checks,
		check.Check{Code: "gke-workload-pool", Description: "the cluster's workload pool is on", Run: t.workloadPool},
		check.Check{Code: "gke-metadata-server", Description: "the nodes have GKE's metadata server", Needs: []string{"gke-workload-pool"},
			Run: t.metadataServer},
	)
}

// signsIn tells whether any ServiceAccount signs in through the workload pool.
func (t gkeTrust) signsIn() bool {
	cluster, _ := t.Config.Cluster()
	return cluster.Refreshes || t.gatewayEmail() != ""
}

// refresher are the checks of a ServiceAccount that acts as a service account, or is a principal itself.
func (t gkeTrust) refresher() []check.Check {
	needs := []string{"gke-workload-pool"}
	if t.Config.Gke.Auth == stacks.GkeSignInPrincipal {
		return append([]check.Check{{Code: "gke-principal", Description: "the principal that the vendor was told of is the refresher's",
			Needs: needs, Run: t.samePrincipal}}, t.impersonation()...)
	}
	checks := []check.Check{
		{Code: "gke-account", Description: "the service account is the one that the vendor was told of", Run: t.account},
		{Code: "gke-member", Description: "the refresher's ServiceAccount may act as it", Needs: append([]string{"gke-account"}, needs...),
			Run: t.member},
	}
	if t.objects != nil {
		checks = append(checks, check.Check{Code: "gke-annotation", Description: "the refresher's ServiceAccount names it",
			Needs: []string{"gke-account", clusterAPI}, Run: t.annotation})
	}
	return append(checks, t.impersonation()...)
}

// impersonation is the check of the vendor's service account whose token the refresher gets; none where it gets its own.
func (t gkeTrust) impersonation() []check.Check {
	if t.Config.Gke.VendorServiceAccount == "" {
		return nil
	}
	return []check.Check{{Code: "gke-impersonation", Description: "the vendor lets the refresher impersonate its service account",
		Run: t.impersonates}}
}

// nodes are the checks where kubelets pull as their nodes' service accounts.
func (t gkeTrust) nodes() []check.Check {
	return []check.Check{
		{Code: "gke-node-accounts", Description: "every node that may run the pods runs as a service account that the vendor was told of",
			Run: t.nodeAccounts},
		t.scopesCheck(),
	}
}

func (t gkeTrust) scopesCheck() check.Check {
	return check.Check{Code: "gke-node-scopes", Description: "the nodes' access scopes let them read from Artifact Registry", Run: t.scopes}
}

// flags name the cluster to gcloud.
func (t gkeTrust) flags() string {
	of := t.Config.Gke
	return fmt.Sprintf("%s --location %s --project %s", of.ClusterName, of.Location, of.ProjectId)
}

func (t gkeTrust) running(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	of := t.Config.Gke
	switch {
	case missing(err):
		return check.Fail(fmt.Sprintf("gcloud container clusters list --project %s, then pulumi config set --stack %s --path "+
			"'bifrost:gke.clusterName' NAME", of.ProjectId, t.Name),
			"there is no GKE cluster %s in %s of project %s", of.ClusterName, of.Location, of.ProjectId)
	case err != nil:
		return unreadable("the GKE cluster "+of.ClusterName, err, t.googleLogin())
	case cluster.Status != "RUNNING" && cluster.Status != "RECONCILING":
		return check.Fail("gcloud container clusters describe "+t.flags(), "the GKE cluster %s is %s", of.ClusterName, cluster.Status)
	}
	return check.Pass("%s, Kubernetes %s", of.ClusterName, cluster.Version)
}

func (t gkeTrust) workloadPool(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the GKE cluster", err, t.googleLogin())
	}
	if cluster.WorkloadPool == "" {
		return check.Fail(fmt.Sprintf("gcloud container clusters update %s --workload-pool=%s.svc.id.goog", t.flags(),
			t.Config.Gke.ProjectId), "the workload pool of GKE cluster %s is off", t.Config.Gke.ClusterName)
	}
	return check.Pass("%s", cluster.WorkloadPool)
}

// metadataServer: on nodes without it pods get the tokens of their node.
func (t gkeTrust) metadataServer(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the GKE cluster", err, t.googleLogin())
	}
	var without []string
	for _, pool := range cluster.NodePools {
		if !pool.MetadataServer && !cluster.Autopilot {
			without = append(without, pool.Name)
		}
	}
	if len(without) == 0 {
		return check.Pass("%d node pools", len(cluster.NodePools))
	}
	mend := fmt.Sprintf("gcloud container node-pools update %s --cluster %s --workload-metadata=%s, which makes its nodes anew", without[0],
		t.flags(), googlegke.MetadataServer)
	says := "pods on node pools %s get the tokens of their node"
	if len(without) == len(cluster.NodePools) {
		return check.Fail(mend, says, quoted(without))
	}
	return check.Warn(mend, says, quoted(without))
}

// account: one that was made again under its email is a stranger to the vendor, whose policy means the one before.
func (t gkeTrust) account(ctx context.Context) check.Result {
	email := t.ServiceAccountEmail
	found, unusable := t.usable(ctx, email, check.Fail(t.toldAnew(), "there is no service account %s", email))
	if unusable != nil {
		return *unusable
	}
	for _, thing := range t.Things {
		if id := thing.Text("uniqueId"); thing.Text("email") == email && id != "" && id != found.UniqueID {
			return check.Fail(t.toldAnew(), "the service account %s was made again: its unique id is %s, and the vendor's "+
				"policy means the former one, %s", email, found.UniqueID, id)
		}
	}
	return check.Pass("%s", email)
}

// usable returns a service account of the stack's project, or why nobody can act as it; gone is said where there is none.
func (t gkeTrust) usable(ctx context.Context, email string, gone check.Result) (*service.ServiceAccount, *check.Result) {
	found, err := t.gcp.Account(ctx, t.Config.Google.ProjectId, email)
	switch {
	case missing(err):
		return nil, &gone
	case err != nil:
		return nil, ptrTo(unreadable("the service account "+email, err, t.googleLogin()))
	case found.Disabled:
		return nil, ptrTo(check.Fail("gcloud iam service-accounts enable "+email, "the service account %s is disabled", email))
	}
	return found, nil
}

// refresherName is the ServiceAccount that refreshes.
func (t gkeTrust) refresherName(ctx context.Context) string {
	return t.objects.account(ctx, t.Config.Refresher.ServiceAccount)
}

func (t gkeTrust) member(ctx context.Context) check.Result {
	return t.mayActAs(ctx, t.Config.Google.ProjectId, t.ServiceAccountEmail, t.refresherName(ctx), t.up())
}

// mayActAs looks for the ServiceAccount among those who may act as a service account.
func (t gkeTrust) mayActAs(ctx context.Context, project, email, account, mend string) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the GKE cluster", err, t.googleLogin())
	}
	members, err := t.gcp.AccountMembers(ctx, project, email, userRole)
	switch {
	case missing(err):
		return check.Fail(mend, "there is no service account %s", email)
	case err != nil:
		return unreadable("the service account "+email, err, t.googleLogin())
	}
	want := gcp.Member(cluster.WorkloadPool, t.Config.Gateway.Namespace, account)
	if !slices.Contains(members, want) {
		return check.Fail(mend, "%s does not have %s on %s, but %s", want, userRole, email, quoted(members))
	}
	return check.Pass("%s, %s", email, want)
}

// annotation is by what the metadata server knows which token the pods of a ServiceAccount get.
func (t gkeTrust) annotation(ctx context.Context) check.Result {
	return t.annotated(ctx, t.refresherName(ctx), t.ServiceAccountEmail)
}

func (t gkeTrust) samePrincipal(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the GKE cluster", err, t.googleLogin())
	}
	want := gcp.Principal(t.ProjectNumber, cluster.WorkloadPool, t.Config.Gateway.Namespace, t.refresherName(ctx))
	if t.GooglePrincipal != want {
		return check.Fail(t.toldAnew(), "the refresher is %s, and the vendor was told of %s", want, t.GooglePrincipal)
	}
	return check.Pass("%s", want)
}

// tokenCreator lets a member get the tokens of a service account.
const tokenCreator = "roles/iam.serviceAccountTokenCreator"

func (t gkeTrust) impersonates(ctx context.Context) check.Result {
	vendors := t.Config.Gke.VendorServiceAccount
	project, _ := gcp.AccountProject(vendors)
	members, err := t.gcp.AccountMembers(ctx, project, vendors, tokenCreator)
	if err != nil {
		return check.Skip("only the vendor can read the policy of %s; pull-job tells whether it lets the refresher in", vendors)
	}
	want := t.GooglePrincipal
	if want == "" {
		want = "serviceAccount:" + t.ServiceAccountEmail
	}
	if !slices.Contains(members, want) {
		return check.Fail(t.handOff(), "%s does not have %s on the vendor's %s", want, tokenCreator, vendors)
	}
	return check.Pass("%s", vendors)
}
