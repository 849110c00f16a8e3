package access_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/sandbox/cloud"
)

const (
	boundary = account + "policy/BifrostBoundary"
	bounded  = "aws.permissionsBoundary=" + boundary
	// exampleProvider stands in the ready files for the OIDC provider of the cluster.
	exampleProvider = account + "oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
)

// The ready policies of the two roles.
var (
	deploys  = []string{"deploy-identities", "deploy-eks", "deploy-ecs", "deploy-ecs-network", "deploy-ecs-names", "state-deploy"}
	previews = []string{"preview", "state-preview"}
)

// ours is the tag that the program gives to all that it makes, as a condition key sees it.
func ours(kind string) map[string]string {
	return map[string]string{"aws:" + kind + "/pulumi-stack": "aws-dev"}
}

// awsWays are the ways of the dev stack in which it makes every type.
var awsWays = []stacktest.Way{
	{Name: "EKS, IRSA", InFile: []string{bounded, stacktest.OnlyEKS, "eks.oidcProvider=create",
		"eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess]"}},
	{Name: "EKS, Pod Identity", InFile: []string{
		bounded, stacktest.OnlyEKS, "eks.auth=podIdentity", "eks.gatewayAuth=podIdentity",
		"eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess]",
	}},
	{Name: "EKS, node", InFile: append([]string{bounded}, stacktest.PullNode.Settings...)},
	{Name: "EKS, kubelet", InFile: append([]string{bounded}, stacktest.PullKubelet.Settings...)},
	{Name: "ECS, exec", InFile: []string{bounded, stacktest.OnlyECS, "ecs.exec=true", "ecs.readOnlyRoot=false",
		"ecs.taskPolicyArns=[arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess]"}},
	{Name: "ECS, broker", InFile: []string{bounded, stacktest.OnlyECS, stacktest.WithBroker, "ecs.securityGroups=null"}},
	{Name: "ECS, names", InFile: []string{bounded, stacktest.OnlyECS, "ecs.securityGroups=null", stacktest.WithDns}},
	{Name: "ECS, everything", InFile: []string{
		bounded, stacktest.OnlyECS, "ecs.securityGroups=null", "ecs.clustering={namespace: bifrost.internal}",
		"ecs.loadBalancer.certificateArn=arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001",
		"ecs.autoscaling={minTasks: 2, maxTasks: 6, cpuPercent: 60, memoryPercent: 75}",
		"ecs.alarms={topicArn: arn:aws:sns:us-east-1:111122223333:bifrost-alarms}",
		"ecs.secretKmsKeyArn=arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000a",
	}},
}

// upIn brings a way of a stack up.
func upIn(t *testing.T, stack string, way stacktest.Way) []*resource.State {
	way.Stack = stack
	return made(way.Start(t).Engine.MustUp(), "aws")
}

// policies reads ready policies. The cluster of the sandbox has an OIDC provider of its own.
func policies(t *testing.T, names ...string) []string {
	t.Helper()
	var documents []string
	for _, name := range names {
		documents = append(documents, string(file(t, "aws/"+name+".json")))
	}
	return documents
}

// may asks documents that are attached together.
func may(t *testing.T, documents []string, q asked) bool {
	t.Helper()
	allowed := false
	for _, document := range documents {
		d, err := iam.Evaluate(document, iam.Request{Action: q.action, Resource: q.resource, Context: q.context})
		require.NoError(t, err)
		if d.Denied {
			return false
		}
		allowed = allowed || d.Allowed
	}
	return allowed
}

// questions are all that the provider asks for a resource, from its making to its end. bounds are the boundaries of the stack's roles.
func questions(t *testing.T, r *resource.State, bounds map[string]string) []asked {
	t.Helper()
	known, ok := awsActions[string(r.Type)]
	require.True(t, ok, "%s has no row in awsActions: which actions does the provider call for it?", r.Type)
	o := objectOf(r)
	on := o.text("arn")
	if known.on != nil {
		on = known.on(o)
	}
	if r.Type == pulumitype.AwsOidcProvider {
		on = exampleProvider
	}
	require.NotEmpty(t, on, "the ARN of %s", r.URN)
	context := func(tag string) map[string]string {
		all := ours(tag)
		if bound := bounds[on]; bound != "" {
			all["iam:PermissionsBoundary"] = bound
		}
		if policy := o.text("policyArn"); policy != "" {
			all["iam:PolicyARN"] = policy
		}
		return all
	}
	var all []asked
	for _, action := range known.create {
		all = append(all, asked{action, on, context("RequestTag")})
	}
	for _, action := range slices.Concat(known.read, known.update, known.remove) {
		all = append(all, asked{action, on, context("ResourceTag")})
	}
	if known.also == nil {
		return all
	}
	return append(all,
		slices.DeleteFunc(known.also(o), func(q asked) bool { return q.resource == "" })...) // a task without a role passes none
}

// boundaries are those of the roles, by ARN.
func boundaries(resources []*resource.State) map[string]string {
	bounds := map[string]string{}
	for _, r := range resources {
		if o := objectOf(r); r.Type == pulumitype.AwsRole {
			bounds[o.text("arn")] = o.text("permissionsBoundary")
		}
	}
	return bounds
}

// lookUps are all that the program can look up.
func lookUps(t *testing.T) []asked {
	t.Helper()
	var all []asked
	for _, provider := range cloud.Providers() {
		if provider.Package != "aws" {
			continue
		}
		for _, token := range slices.Sorted(maps.Keys(provider.Functions)) {
			calls, known := awsLookUps[token]
			require.True(t, known, "%s has no row in awsLookUps: which actions does the provider call for it?", token)
			all = append(all, calls...)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// TestAWS: who deploys may do all that the stacks ask for and holds no other action; who previews may look everything up, and do nothing
// else of it.
func TestAWS(t *testing.T) {
	t.Parallel()
	deploy, preview := policies(t, deploys...), policies(t, previews...)
	needed, types := map[string]bool{}, map[string]bool{}
	looked := map[string]bool{}
	for _, q := range lookUps(t) {
		require.True(t, may(t, deploy, q), "deploy: %s on %s", q.action, q.resource)
		require.True(t, may(t, preview, q), "preview: %s on %s", q.action, q.resource)
		needed[q.action], looked[q.action] = true, true
	}
	for _, way := range awsWays {
		resources := upIn(t, "aws-dev", way)
		bounds := boundaries(resources)
		for _, r := range resources {
			types[string(r.Type)] = true
			for _, q := range questions(t, r, bounds) {
				require.True(t, may(t, deploy, q), "%s: %s: deploy may not %s on %s (%v)", way.Name, r.URN.Name(), q.action, q.resource,
					q.context)
				require.False(t, may(t, preview, q) && !looked[q.action], "%s: %s: preview may %s on %s", way.Name, r.URN.Name(), q.action,
					q.resource)
				needed[q.action] = true
			}
		}
	}
	for typ := range awsActions {
		require.True(t, types[typ], "no stack makes a %s", typ)
	}
	for _, name := range deploys[:5] {
		for _, action := range allowed(t, name) {
			require.True(t, needed[action], "%s.json allows %s, which nothing asks for", name, action)
		}
	}
	for _, action := range allowed(t, "preview") {
		require.True(t, looked[action], "preview.json allows %s, which no look-up asks for", action)
	}
}

// allowed are the actions that a ready policy allows.
func allowed(t *testing.T, name string) []string {
	t.Helper()
	var document struct {
		Statement []struct {
			Effect string
			Action []string
		}
	}
	require.NoError(t, json.Unmarshal(file(t, "aws/"+name+".json"), &document))
	var all []string
	for _, s := range document.Statement {
		if s.Effect == "Allow" {
			all = append(all, s.Action...)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// TestPolicySizes: IAM takes 6144 characters without white space for a managed policy (IAM user guide, "IAM and AWS STS quotas").
func TestPolicySizes(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Concat(deploys, previews, []string{"boundary", "bedrock"}) {
		var compact any
		require.NoError(t, json.Unmarshal(file(t, "aws/"+name+".json"), &compact))
		text, err := json.Marshal(compact)
		require.NoError(t, err)
		require.LessOrEqual(t, len(text), 6144, "%s.json", name)
	}
}
