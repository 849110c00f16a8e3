package real

import (
	"context"
	"errors"
	"path"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"bifrost/bifrostctl/verify/service"
)

type awsEKS struct{ client *eks.Client }

func (e awsEKS) describe(ctx context.Context, name string) (*ekstypes.Cluster, error) {
	answer, err := e.client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return nil, notFound("EKS cluster "+name, err, new(*ekstypes.ResourceNotFoundException))
	}
	return answer.Cluster, nil
}

// automatic tells whether the cluster is one of EKS Auto Mode.
func automatic(cluster *ekstypes.Cluster) bool {
	return cluster.ComputeConfig != nil && aws.ToBool(cluster.ComputeConfig.Enabled)
}

// AddonConfiguration implements service.EKS.
func (e awsEKS) AddonConfiguration(ctx context.Context, cluster, name string) (string, error) {
	answer, err := e.client.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
	if err != nil {
		return "", notFound("add-on "+name, err, new(*ekstypes.ResourceNotFoundException))
	}
	return aws.ToString(answer.Addon.ConfigurationValues), nil
}

// Cluster implements service.EKS.
func (e awsEKS) Cluster(ctx context.Context, name string) (*service.EKSCluster, error) {
	found, err := e.describe(ctx, name)
	if err != nil {
		return nil, err
	}
	cluster := &service.EKSCluster{ARN: aws.ToString(found.Arn), Status: string(found.Status), Version: aws.ToString(found.Version),
		AutoMode: automatic(found)}
	if found.Identity != nil && found.Identity.Oidc != nil {
		cluster.Issuer = aws.ToString(found.Identity.Oidc.Issuer)
	}
	return cluster, nil
}

// HasAddon implements service.EKS. EKS Auto Mode has the Pod Identity agent built in.
func (e awsEKS) HasAddon(ctx context.Context, cluster, name string) (bool, error) {
	found, err := e.describe(ctx, cluster)
	if err != nil {
		return false, err
	}
	if automatic(found) {
		return true, nil
	}
	_, err = e.client.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
	if err = notFound(name, err, new(*ekstypes.ResourceNotFoundException)); errors.Is(err, service.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Associations implements service.EKS.
func (e awsEKS) Associations(ctx context.Context, cluster, namespace, serviceAccount string) ([]string, error) {
	listed, err := e.client.ListPodIdentityAssociations(ctx,
		&eks.ListPodIdentityAssociationsInput{ClusterName: &cluster, Namespace: &namespace, ServiceAccount: &serviceAccount})
	if err != nil {
		return nil, err
	}
	var roles []string
	for _, summary := range listed.Associations {
		answer, err := e.client.DescribePodIdentityAssociation(ctx,
			&eks.DescribePodIdentityAssociationInput{ClusterName: &cluster, AssociationId: summary.AssociationId})
		if err != nil {
			return nil, err
		}
		roles = append(roles, aws.ToString(answer.Association.RoleArn))
	}
	return roles, nil
}

// PullRoles implements service.EKS. It knows of Fargate profiles, managed node groups and EKS Auto Mode; nodes that others manage, such as
// Karpenter's, it does not see.
func (e awsEKS) PullRoles(ctx context.Context, cluster, namespace string) ([]string, error) {
	fargate, err := e.fargateRoles(ctx, cluster, namespace)
	if err != nil || len(fargate) > 0 {
		return fargate, err
	}
	found, err := e.describe(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var roles []string
	if automatic(found) {
		roles = append(roles, aws.ToString(found.ComputeConfig.NodeRoleArn))
	}
	pages := eks.NewListNodegroupsPaginator(e.client, &eks.ListNodegroupsInput{ClusterName: &cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, group := range page.Nodegroups {
			answer, err := e.client.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &group})
			if err != nil {
				return nil, err
			}
			roles = append(roles, aws.ToString(answer.Nodegroup.NodeRole))
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

func (e awsEKS) fargateRoles(ctx context.Context, cluster, namespace string) ([]string, error) {
	var roles []string
	pages := eks.NewListFargateProfilesPaginator(e.client, &eks.ListFargateProfilesInput{ClusterName: &cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, profile := range page.FargateProfileNames {
			answer, err := e.client.DescribeFargateProfile(ctx,
				&eks.DescribeFargateProfileInput{ClusterName: &cluster, FargateProfileName: &profile})
			if err != nil {
				return nil, err
			}
			for _, selector := range answer.FargateProfile.Selectors {
				// Namespaces may have the wildcards * and ? (EKS user guide, "Fargate profile wildcards").
				if matched, err := path.Match(aws.ToString(selector.Namespace), namespace); err == nil && matched {
					roles = append(roles, aws.ToString(answer.FargateProfile.PodExecutionRoleArn))
				}
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}
