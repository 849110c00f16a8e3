package aws

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
	"bifrost/internal/enforcement"
)

// objectNamePattern is that of namespaces and ServiceAccounts.
var objectNamePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// podIdentityAssociation lets a ServiceAccount of a cluster use a role; there is one for each ServiceAccount (EKS API reference,
// CreatePodIdentityAssociation). Namespace and ServiceAccount need not exist.
func podIdentityAssociation() *double.Type {
	return taggable(&double.Type{
		Args:  eks.PodIdentityAssociationArgs{},
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			for _, property := range []string{"namespace", "serviceAccount"} {
				if name := double.String(in, property); name != "" && !objectNamePattern.MatchString(name) {
					fail(property, "%q must match %s", name, objectNamePattern)
				}
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			s := sessionOf(c)
			cluster, namespace, account := double.String(in, "clusterName"), double.String(in, "namespace"),
				double.String(in, "serviceAccount")
			failed := func(format string, args ...any) (string, double.Object, error) {
				return "", nil, fmt.Errorf("creating EKS Pod Identity Association: operation error EKS: CreatePodIdentityAssociation, %w",
					fmt.Errorf(format, args...))
			}
			if c.World.AWS[s.account].EKSCluster(s.region, cluster) == nil {
				return failed("ResourceNotFoundException: No cluster found for name: %s.", cluster)
			}
			if role := double.String(in, "roleArn"); !roleOfARNExists(c, role) {
				return failed("InvalidParameterException: Role provided in the request does not exist: %s", role)
			}
			for _, r := range c.World.List(pulumitype.AwsPodIdentityAssociation, regional(c)) {
				if r.State["clusterName"] == cluster && r.State["namespace"] == namespace && r.State["serviceAccount"] == account {
					return failed("ResourceInUseException: Association already exists: %s", r.ID)
				}
			}
			id := strings.ToLower(uniqueID(c, "a-"))
			return id, state(in, double.Object{
				"associationId": id, "associationArn": s.arnIn(fmt.Sprintf("podidentityassociation/%s/%s", cluster, id)),
			}), nil
		},
	})
}

// arnIn is the ARN of something of EKS.
func (s *session) arnIn(resource string) string {
	return fmt.Sprintf("arn:%s:eks:%s:%s:%s", s.partition, s.region, s.account, resource)
}

// podIdentityAgent is the one add-on whose presence matters here, beside the one that networks pods.
const podIdentityAgent = "eks-pod-identity-agent"

// addon is the version and the configuration of an add-on that the cluster has.
func addon(cluster *world.EKSCluster, name string) (version, configuration string, has bool) {
	switch name {
	case podIdentityAgent:
		return "v1.3.4-eksbuild.1", "", cluster.PodIdentityAgent
	case enforcement.EKSAddon:
		configuration, has = cluster.HasVpcCni()
		return "v1.21.1-eksbuild.1", configuration, has
	}
	return "", "", false
}

func getAddon(c *double.Call, args double.Object) (double.Object, error) {
	s := sessionOf(c)
	cluster, name := double.String(args, "clusterName"), double.String(args, "addonName")
	found := c.World.AWS[s.account].EKSCluster(s.region, cluster)
	missing := fmt.Errorf("reading EKS Add-On (%s:%s): couldn't find resource", cluster, name)
	if found == nil {
		return nil, missing
	}
	version, configuration, has := addon(found, name)
	if !has {
		return nil, missing
	}
	return double.Object{
		"id": cluster + ":" + name, "addonName": name, "clusterName": cluster, "addonVersion": version,
		"arn": s.arnIn(fmt.Sprintf("addon/%s/%s/1", cluster, name)), "configurationValues": configuration,
		"createdAt":  "2025-01-01T00:00:00Z",
		"modifiedAt": "2025-01-01T00:00:00Z", "podIdentityAssociations": []any{}, "serviceAccountRoleArn": "", "tags": double.Object{},
	}, nil
}

func getRole(c *double.Call, args double.Object) (double.Object, error) {
	name := double.String(args, "name")
	r := c.World.Get(pulumitype.AwsRole, global(c), name)
	if r == nil {
		return nil, fmt.Errorf("reading IAM Role (%s): couldn't find resource", name)
	}
	answer := double.Object{"id": r.ID, "roleLastUseds": []any{}, "description": "", "permissionsBoundary": "", "tags": r.State["tagsAll"]}
	for _, key := range []string{"arn", "assumeRolePolicy", "createDate", "maxSessionDuration", "name", "path", "uniqueId"} {
		answer[key] = r.State[key]
	}
	for _, key := range []string{"description", "permissionsBoundary"} {
		if r.State[key] != nil {
			answer[key] = r.State[key]
		}
	}
	return answer, nil
}
