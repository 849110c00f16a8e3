package checks

import (
	"context"
	"fmt"

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
		if at.before != nil {
			clusters = append(clusters, at.before(b)...)
		}
	}
	if s.pods().pods && s.Config.Rollout == stacks.RolloutFull {
		client := shared(c.Kubernetes)
		reach := []check.Check{s.reachable(clusterAPI, client)}
		if at := s.pods(); at.active != "" {
			reach = needing(at.active, reach)
		}
		if at := s.pods(); at.inside != nil {
			reach = append(reach, at.inside(b)...)
		}
		clusters = append(append(clusters, reach...), needing(clusterAPI, []check.Check{
			{Code: "pre-kinds", Description: "the API server knows all kinds that the stack makes",
				Run: s.knows(client, s.stackKinds())},
		})...)
		more := append(s.namedChecks(c, true), s.nodesBefore(c))
		if s.Config.MakesNetworkPolicies() {
			more = append(more, s.enforcedBefore(c, client))
		}
		clusters = append(clusters, needing(clusterAPI, more)...)
	}
	categories := append(s.signedIn(c), check.Category{Name: "clusters", Checks: clusters})
	named := s.namedArnChecks(c)
	if s.Config.Rollout == stacks.RolloutFull {
		named = append(named, s.authority()...)
	}
	if len(named) > 0 {
		categories = append(categories, check.Category{Name: "what the stack names", Checks: named})
	}
	return categories
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
