package aws

import (
	"errors"
	"fmt"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// Look-ups of what has a name once, for whoever asks whether the name is free.

// getPolicy finds a policy by its ARN (terraform-provider-aws 5.x, internal/service/iam/policy_data_source.go).
func getPolicy(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "arn"); err != nil {
		return nil, err
	}
	policy := c.World.Get(pulumitype.AwsPolicy, global(c), double.String(args, "arn"))
	if policy == nil {
		return nil, fmt.Errorf("reading IAM Policy (%v): couldn't find resource", args["arn"])
	}
	return answered(policy, "arn", "attachmentCount", "description", "name", "path", "policy", "policyId"), nil
}

// getSecret finds a secret by its name, and none that is scheduled for deletion (terraform-provider-aws 5.x,
// internal/service/secretsmanager/secret_data_source.go and secret.go, findSecretByID).
func getSecret(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "name"); err != nil {
		return nil, err
	}
	for _, r := range c.World.List(pulumitype.AwsSecret, regional(c)) {
		if r.State["name"] == args["name"] {
			answer := answered(r, "arn", "kmsKeyId", "name", "policy", "description")
			answer["createdDate"], answer["lastChangedDate"] = "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"
			return answer, nil
		}
	}
	return nil, fmt.Errorf("reading Secrets Manager Secret (%v): couldn't find resource", args["name"])
}

// getDnsNamespace finds the one namespace of a name in the region, whatever its VPC (terraform-provider-aws 5.x,
// internal/service/servicediscovery/dns_namespace_data_source.go).
func getDnsNamespace(c *double.Call, args double.Object) (double.Object, error) {
	if args["type"] != "DNS_PRIVATE" {
		return nil, fmt.Errorf("the sandbox models private namespaces only, not %v", args["type"])
	}
	var found []*world.Resource
	for _, r := range c.World.List(pulumitype.AwsPrivateDnsNamespace, regional(c)) {
		if r.State["name"] == args["name"] {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("reading Service Discovery %v Namespace (DNS_PRIVATE): empty result", args["name"])
	case 1:
		answer := answered(found[0], "arn", "description", "hostedZone", "name")
		answer["type"] = "DNS_PRIVATE"
		return answer, nil
	}
	return nil, fmt.Errorf("reading Service Discovery %v Namespace (DNS_PRIVATE): too many results: wanted 1, got %d", args["name"],
		len(found))
}

// getPrivateZone finds the zone of a name in a VPC: here those that Cloud Map makes with its namespaces. They have none of the namespace's
// tags.
func getPrivateZone(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "name", "privateZone", "vpcId"); err != nil {
		return nil, err
	}
	for _, r := range c.World.List(pulumitype.AwsPrivateDnsNamespace, regional(c)) {
		if args["privateZone"] == true && r.State["name"] == args["name"] && r.State["vpc"] == args["vpcId"] {
			id := double.String(r.State, "hostedZone")
			zone := double.Object{"id": id, "zoneId": id, "name": r.State["name"], "privateZone": true, "tags": double.Object{}}
			return zoneAnswer(c, id, zone), nil
		}
	}
	return nil, errors.New("no matching Route 53 Hosted Zone found")
}

// answered is what a look-up says of a resource: the named properties, empty where the resource has none, and its tags.
func answered(r *world.Resource, properties ...string) double.Object {
	answer := double.Object{"id": r.ID, "tags": double.Map(r.State, "tagsAll")}
	for _, key := range properties {
		answer[key] = r.State[key]
		double.Default(answer, key, "")
	}
	return answer
}
