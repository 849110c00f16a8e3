package checks

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// Before are the categories of what must hold before the first up.
func Before(s Stack, c service.Clouds) []check.Category {
	c.Objects = shared(c.Objects)
	b := newBefore(s, c)
	var clusters []check.Check
	for _, at := range s.places() {
		clusters = append(clusters, at.before(b)...)
	}
	kubernetes := s.pods().active
	if kubernetes != "" && s.Config.Rollout == stacks.RolloutFull {
		client := shared(c.Kubernetes)
		clusters = append(clusters, needing(kubernetes, []check.Check{
			s.reachable(clusterAPI, client),
			{Code: "pre-kinds", Description: "the API server knows all kinds that the stack makes", Needs: []string{clusterAPI},
				Run: b.kinds(client)},
		})...)
		more := append(s.namedChecks(c, true), s.nodesBefore(c))
		if s.Config.MakesNetworkPolicies() {
			more = append(more, s.enforcedBefore(c, client))
		}
		clusters = append(clusters, needing(clusterAPI, more)...)
	}
	return append(s.signedIn(c), check.Category{Name: "clusters", Checks: clusters})
}

// before is what the checks before the first up look at.
type before struct {
	Stack
	clouds service.Clouds
	// aks is read once: the first request to Azure tells about the login, too.
	aks aksTrust
}

func newBefore(s Stack, c service.Clouds) before {
	return before{s, c, aksTrust{Stack: s, cluster: shared(func(ctx context.Context) (*service.AKSCluster, error) {
		return c.AKS.Cluster(ctx, s.Config.Aks.ResourceGroup, s.Config.Aks.ClusterName)
	})}}
}

// eks are the checks of the cluster and of what its way of pulling takes for granted.
func (b before) eks() []check.Check { return needing(awsAccount, b.eksChecks()) }

func (b before) ecs() []check.Check {
	return []check.Check{{
		Code: "pre-ecs-cluster", Description: "the ECS cluster is active", Needs: []string{awsAccount}, Run: b.ecsCluster,
	}}
}

func (b before) aksChecks() []check.Check { return needing(azureTenant, b.aks.clusterChecks()) }

func (b before) eksChecks() []check.Check {
	t := eksTrust{awsRole: awsRole{Stack: b.Stack}, eks: b.clouds.EKS, iam: b.clouds.IAM,
		cluster: shared(func(ctx context.Context) (*service.EKSCluster, error) {
			return b.clouds.EKS.Cluster(ctx, b.Config.Eks.ClusterName)
		})}
	active := check.Check{Code: "eks-cluster", Description: "the EKS cluster is active", Run: t.active}
	return append([]check.Check{active}, needing(active.Code, eksPulls[b.Config.Eks.Pull].before(t))...)
}

func (b before) ecsCluster(ctx context.Context) check.Result {
	config := b.Config
	make := fmt.Sprintf("aws ecs create-cluster --region %s --cluster-name %s", config.Aws.Region, config.Ecs.ClusterName)
	status, err := b.clouds.ECS.Cluster(ctx, config.Ecs.ClusterName)
	switch {
	case missing(err):
		return check.Fail(make, "there is no ECS cluster %s in %s", config.Ecs.ClusterName, config.Aws.Region)
	case err != nil:
		return unreadable("the ECS cluster "+config.Ecs.ClusterName, err, b.awsLogin())
	case status != "ACTIVE":
		return check.Fail(make, "the ECS cluster %s is %s", config.Ecs.ClusterName, status)
	}
	return check.Pass("%s", config.Ecs.ClusterName)
}

// stackKinds are what the stack makes in its cluster; those of others' definitions only where the configuration asks for them.
func (b before) stackKinds() map[string][]string {
	kinds := map[string][]string{
		"v1":                           {"Namespace", "ServiceAccount", "Secret", "ConfigMap", "Service"},
		"apps/v1":                      {b.kind()},
		"batch/v1":                     {"CronJob", "Job"},
		"rbac.authorization.k8s.io/v1": {"Role", "RoleBinding"},
	}
	gateway := b.Config.Gateway
	if gateway.HttpRoute != nil {
		kinds["gateway.networking.k8s.io/v1"] = []string{"HTTPRoute"}
	}
	if m := gateway.Monitoring; m != nil {
		const operator = "monitoring.coreos.com/v1"
		if m.ServiceMonitor {
			kinds[operator] = append(kinds[operator], "ServiceMonitor")
		}
		if m.AlertRules {
			kinds[operator] = append(kinds[operator], "PrometheusRule")
		}
	}
	return kinds
}

func (b before) kinds(client clientFunc) func(context.Context) check.Result {
	return func(ctx context.Context) check.Result {
		c, err := client(ctx)
		if err != nil {
			return unreadable("the cluster", err, b.clusterLogin())
		}
		var lacking []string
		total := 0
		for groupVersion, kinds := range b.stackKinds() {
			known := map[string]bool{}
			list, err := c.Discovery().ServerResourcesForGroupVersion(groupVersion)
			if err != nil && !apierrors.IsNotFound(err) {
				return unreadable("the kinds of "+groupVersion, err, b.clusterLogin())
			}
			if err == nil {
				for _, r := range list.APIResources {
					known[r.Kind] = true
				}
			}
			for _, kind := range kinds {
				total++
				if !known[kind] {
					lacking = append(lacking, kind+" of "+groupVersion)
				}
			}
		}
		if slices.Sort(lacking); len(lacking) > 0 {
			return check.Fail("install the custom resource definitions of "+quoted(lacking)+", or upgrade the cluster",
				"the API server does not know %s", quoted(lacking))
		}
		return check.Pass("%d", total)
	}
}
