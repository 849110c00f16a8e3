package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// Before are the categories of what must hold before the first up.
func Before(s Stack, c service.Clouds) []check.Category {
	var credentials, cluster []check.Check
	if s.Config.AWS != nil {
		credentials = append(credentials, check.Check{Code: "pre-aws-account", Description: "the AWS credentials are of the configured account", Fatal: true, Run: before{s, c}.awsAccount})
	}
	needs := []string{}
	if s.Config.EKS != nil {
		t := eksTrust{awsRole: awsRole{Stack: s}, eks: c.EKS, iam: c.IAM,
			cluster: shared(func(ctx context.Context) (*service.EKSCluster, error) {
				return c.EKS.Cluster(ctx, s.Config.EKS.ClusterName)
			})}
		cluster = append(cluster, check.Check{Code: "eks-cluster", Description: "the EKS cluster is active", Fatal: true, Needs: []string{"pre-aws-account"}, Run: t.active})
		switch {
		case s.Config.EKS.Pull == pullNode:
			cluster = append(cluster, t.nodes()[0])
		case s.Config.EKS.Auth == authPodIdentity:
			cluster = append(cluster, check.Check{Code: "eks-pod-identity-agent", Description: "the cluster has the EKS Pod Identity agent", Run: t.agent})
		case s.Config.EKS.OidcProvider != oidcCreate:
			cluster = append(cluster, check.Check{Code: "eks-oidc-provider", Description: "the account has an IAM OIDC provider for the cluster", Run: t.provider})
		}
		needs = append(needs, "eks-cluster")
	}
	if s.Config.ECS != nil {
		cluster = append(cluster, check.Check{Code: "pre-ecs-cluster", Description: "the ECS cluster is active", Needs: []string{"pre-aws-account"}, Run: before{s, c}.ecsCluster})
	}
	if s.Config.AKS != nil {
		t := aksTrust{Stack: s, cluster: shared(func(ctx context.Context) (*service.AKSCluster, error) {
			return c.AKS.Cluster(ctx, s.aksResourceGroup(), s.Config.AKS.ClusterName)
		})}
		credentials = append(credentials, check.Check{Code: "pre-azure-tenant", Description: "the Azure credentials reach the configured subscription and tenant", Fatal: true, Run: t.tenant})
		cluster = append(cluster,
			check.Check{Code: "aks-cluster", Description: "the AKS cluster runs", Fatal: true, Needs: []string{"pre-azure-tenant"}, Run: t.running},
			check.Check{Code: "aks-issuer", Description: "the cluster's OIDC issuer is on", Run: t.issuer},
			check.Check{Code: "aks-workload-identity", Description: "the cluster's workload identity is on", Run: t.workloadIdentity},
		)
		needs = append(needs, "aks-cluster")
	}
	if len(needs) > 0 && s.Config.Rollout == stacks.RolloutFull {
		b := before{s, c}
		client := shared(c.Kubernetes)
		cluster = append(cluster,
			needing(needs[0], []check.Check{s.reachable(clusterAPI, client)})[0],
			check.Check{Code: "pre-kinds", Description: "the API server knows all kinds that the stack makes", Needs: []string{clusterAPI}, Run: b.kinds(client)},
		)
	}
	return []check.Category{{Name: "credentials", Checks: credentials}, {Name: "clusters", Checks: cluster}}
}

// before is what the checks before the first up look at.
type before struct {
	Stack
	clouds service.Clouds
}

func (b before) awsAccount(ctx context.Context) check.Result {
	account, caller, err := b.clouds.STS.Caller(ctx)
	profile := ""
	if b.Config.AWS.Profile != "" {
		profile = " --profile " + b.Config.AWS.Profile
	}
	if err != nil {
		return check.Fail("aws sso login"+profile+", or set AWS_PROFILE", "there are no usable AWS credentials: %v", err)
	}
	if account != b.Config.AWS.AccountID {
		return check.Fail("export AWS_PROFILE=..., or set aws.profile or aws.assumeRoleArn; look with aws sts get-caller-identity"+profile,
			"the credentials are of account %s (%s), and aws.accountId is %s", account, caller, b.Config.AWS.AccountID)
	}
	return check.Pass("%s", caller)
}

func (b before) ecsCluster(ctx context.Context) check.Result {
	config := b.Config
	make := fmt.Sprintf("aws ecs create-cluster --region %s --cluster-name %s", config.AWS.Region, config.ECS.ClusterName)
	status, err := b.clouds.ECS.Cluster(ctx, config.ECS.ClusterName)
	switch {
	case missing(err):
		return check.Fail(make, "there is no ECS cluster %s in %s", config.ECS.ClusterName, config.AWS.Region)
	case err != nil:
		return unreadable("the ECS cluster "+config.ECS.ClusterName, err, b.awsLogin())
	case status != "ACTIVE":
		return check.Fail(make, "the ECS cluster %s is %s", config.ECS.ClusterName, status)
	}
	return check.Pass("%s", config.ECS.ClusterName)
}

// tenant reads the cluster: the first request to Azure tells whether the login reaches subscription and tenant.
func (t aksTrust) tenant(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	switch {
	case missing(err):
		return check.Pass("subscription %s", t.Config.Azure.SubscriptionID) // it answered; the next category tells
	case err != nil:
		return check.Fail(t.azureLogin(), "subscription %s cannot be read: %v", t.Config.Azure.SubscriptionID, err)
	case cluster.TenantID != "" && !strings.EqualFold(cluster.TenantID, t.Config.Azure.TenantID):
		return check.Fail(t.azureLogin(), "the cluster is of tenant %s, and azure.tenantId is %s", cluster.TenantID, t.Config.Azure.TenantID)
	}
	return check.Pass("subscription %s", t.Config.Azure.SubscriptionID)
}

// stackKinds are what the stacks make in a cluster.
var stackKinds = map[string][]string{
	"v1":                           {"Namespace", "ServiceAccount", "Secret", "ConfigMap", "Service"},
	"apps/v1":                      {"Deployment"},
	"batch/v1":                     {"CronJob", "Job"},
	"rbac.authorization.k8s.io/v1": {"Role", "RoleBinding"},
}

func (b before) kinds(client clientFunc) func(context.Context) check.Result {
	return func(ctx context.Context) check.Result {
		c, err := client(ctx)
		if err != nil {
			return unreadable("the cluster", err, b.clusterLogin())
		}
		var lacking []string
		total := 0
		for groupVersion, kinds := range stackKinds {
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
			return check.Fail("install the custom resource definitions of "+quoted(lacking)+", or upgrade the cluster", "the API server does not know %s", quoted(lacking))
		}
		return check.Pass("%d", total)
	}
}
