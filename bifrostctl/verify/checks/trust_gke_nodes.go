package checks

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/check"
	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
	"bifrost/stacks"
)

// nodeAccounts: a node pool that came later runs as somebody whom the vendor does not know.
func (t gkeTrust) nodeAccounts(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the GKE cluster", err, t.googleLogin())
	}
	var others, used []string
	for _, pool := range cluster.NodePools {
		account := stacks.NodeAccount(pool.ServiceAccount, t.ProjectNumber)
		if !slices.Contains(t.NodeServiceAccounts, account) {
			others = append(others, fmt.Sprintf("%s (node pool %s)", account, pool.Name))
		}
		if !slices.Contains(used, account) {
			used = append(used, account)
		}
	}
	if len(others) > 0 {
		return check.Fail(t.toldAnew(), "pods may land on nodes of %s, of whom the vendor was not told", quoted(others))
	}
	return check.Pass("%s", quoted(used))
}

// scopes: whatever the nodes' service account may, their tokens are good for these alone.
func (t gkeTrust) scopes(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the GKE cluster", err, t.googleLogin())
	}
	for _, pool := range cluster.NodePools {
		if !stacks.MayPull(pool.Scopes) {
			return check.Fail(fmt.Sprintf("gcloud container node-pools create POOL --cluster %s --scopes=cloud-platform, then remove %s",
				t.flags(), pool.Name), "the nodes of pool %s may not read from Artifact Registry: their scopes are %s", pool.Name,
				quoted(pool.Scopes))
		}
	}
	return check.Pass("%d node pools", len(cluster.NodePools))
}

// gatewayEmail is the gateway's own service account, given or made; empty where it has none, or it is not made yet.
func (t gkeTrust) gatewayEmail() string {
	if given := t.Config.Gke.GatewayServiceAccountEmail; given != "" {
		return given
	}
	if t.Outputs.GKE != nil {
		return t.Outputs.GKE.GatewayServiceAccount
	}
	return ""
}

// gatewayChecks are of the gateway's own identity, given or made, once there is one.
func (t gkeTrust) gatewayChecks() []check.Check {
	if t.gatewayEmail() == "" {
		return nil
	}
	return []check.Check{{Code: "gke-gateway-member", Description: "the gateway's ServiceAccount may act as its own service account",
		Needs: []string{"gke-workload-pool"}, Run: t.gatewayMember}}
}

func (t gkeTrust) gatewayMember(ctx context.Context) check.Result {
	email, mend := t.gatewayEmail(), t.up()
	project, own := gcp.AccountProject(email)
	if !own {
		project = t.Config.Google.ProjectId
	}
	if t.Config.Gke.GatewayServiceAccount == nil {
		mend = fmt.Sprintf("gcloud iam service-accounts add-iam-policy-binding %s --project=%s --role=%s --member='serviceAccount:"+
			"%s.svc.id.goog[%s/%s]'", email, project, userRole, t.Config.Gke.ProjectId, t.Config.Gateway.Namespace,
			t.Config.Gateway.ServiceAccount)
	}
	return t.mayActAs(ctx, project, email, t.Config.Gateway.ServiceAccount, mend)
}

// givenAccounts are those that the configuration names and others have made.
func (t gkeTrust) givenAccounts() []check.Check {
	var given []string
	for _, email := range []string{t.Config.Gke.ServiceAccountEmail, t.Config.Gke.GatewayServiceAccountEmail} {
		if email != "" {
			given = append(given, email)
		}
	}
	if len(given) == 0 {
		return nil
	}
	return []check.Check{{Code: "gke-given-accounts", Description: "the service accounts that the configuration names are there",
		Run: func(ctx context.Context) check.Result {
			for _, email := range given {
				gone := check.Fail("gcloud iam service-accounts list --project "+t.Config.Google.ProjectId,
					"there is no service account %s", email).
					Without(pulumitype.GcpServiceAccount, "projects/"+t.Config.Google.ProjectId+"/serviceAccounts/"+email)
				if _, unusable := t.usable(ctx, email, gone); unusable != nil {
					return *unusable
				}
			}
			return check.Pass("%s", quoted(given))
		}}}
}

// annotated looks at the annotation with which a ServiceAccount names its service account.
func (t gkeTrust) annotated(ctx context.Context, name, email string) check.Result {
	client, err := t.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, t.clusterLogin())
	}
	account, err := client.CoreV1().ServiceAccounts(t.objects.names.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return check.Fail(t.up(), "there is no ServiceAccount %s in namespace %s", name, t.objects.names.Namespace)
	}
	if err != nil {
		return unreadable("ServiceAccount "+name, err, t.clusterLogin())
	}
	if have := account.Annotations[kubernetes.GoogleAccountAnnotation]; have != email {
		return check.Fail(t.up(), "ServiceAccount %s has %s = %q, and not %s: its pods get another token", name,
			kubernetes.GoogleAccountAnnotation, have, email)
	}
	return check.Pass("%s", email)
}
