package byhand

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/internal/iampolicy"
	"bifrost/stacks"
)

// Make puts what a way makes into the clouds of a stack's file, where the file says: its account and cluster, its namespace and image. It
// returns how many things there are. server is the URL of the stack's API server. The objects of Kubernetes are written to manifest, as
// YAML for kubectl; nil has them made in the sandbox's own cluster.
func Make(ctx context.Context, w *cloud.World, server, way string, file *stacks.Config, manifest *bytes.Buffer) (int, error) {
	configs, s := map[string]map[string]any{}, &stack{w: w, server: server, file: file, way: way, manifest: manifest}
	if file.Aws != nil {
		configs["aws"] = map[string]any{"region": file.Aws.Region}
	}
	if file.Azure != nil {
		configs["azure-native"] = map[string]any{"subscriptionId": file.Azure.SubscriptionId, "tenantId": file.Azure.TenantId,
			"location": file.Azure.Location}
	}
	if cluster := w.Clusters[server]; cluster != nil && manifest == nil {
		configs["kubernetes"] = map[string]any{"kubeconfig": fmt.Sprintf(kubeconfig, cluster.Server,
			base64.StdEncoding.EncodeToString([]byte(cluster.CA)))}
	}
	made := 0
	err := making(ctx, w, configs, func(m *maker) error {
		err := s.make(m)
		made = m.made
		return err
	})
	return made, err
}

const kubeconfig = `apiVersion: v1
kind: Config
current-context: by-hand
contexts: [{name: by-hand, context: {cluster: by-hand, user: by-hand}}]
clusters: [{name: by-hand, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: by-hand, user: {token: by-hand}}]
`

type stack struct {
	w           *cloud.World
	server, way string
	file        *stacks.Config
	manifest    *bytes.Buffer
}

// made is what each way makes, and of which object of the stack file.
var made = map[string]struct {
	needs string
	has   func(*stacks.Config) bool
	make  func(*stack, *maker) error
}{
	"eks":        {"eks", func(c *stacks.Config) bool { return c.Eks != nil }, (*stack).eks},
	"ecs":        {"ecs", func(c *stacks.Config) bool { return c.Ecs != nil }, (*stack).ecs},
	"aks":        {"aks", func(c *stacks.Config) bool { return c.Aks != nil }, (*stack).aks},
	"chart":      {"a cluster of Kubernetes", onKubernetes, (*stack).chart},
	"module":     {"a cluster of Kubernetes", onKubernetes, (*stack).objects},
	"module-ecs": {"ecs", func(c *stacks.Config) bool { return c.Ecs != nil }, (*stack).moduleEcs},
}

// OnKubernetes tells whether a way makes objects of Kubernetes.
func OnKubernetes(way string) bool { return made[way].needs != "ecs" }

func onKubernetes(c *stacks.Config) bool {
	_, is := c.Cluster()
	return is
}

func (s *stack) make(m *maker) error {
	of, known := made[s.way]
	switch {
	case !known:
		return fmt.Errorf("%q: write one of %s", s.way, strings.Join(Ways, ", "))
	case !of.has(s.file):
		return fmt.Errorf("%s: the stack file has no %s", s.way, of.needs)
	}
	return of.make(s, m)
}

func (s *stack) values() Values {
	image := s.file.Image()
	v := Values{
		Namespace: s.file.Gateway.Namespace, Image: image.String(), Release: "bifrost", Replicas: 2,
		Config: "{}", DockerConfig: `{"auths":{}}`,
	}
	if s.file.Aws != nil {
		v.RoleArn = s.arn("role", "BifrostECRPullRole")
	}
	return v
}

func (s *stack) arn(kind, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s/%s", iampolicy.Partition(s.file.Aws.Region), s.file.Aws.AccountId, kind, name)
}

func (s *stack) objects(m *maker) error { return s.objectsOf(m, s.values()) }

func (s *stack) objectsOf(m *maker, v Values) error {
	if s.manifest != nil {
		text, err := Manifest(s.way, v)
		s.manifest.WriteString(text)
		return err
	}
	objects, err := Objects(s.way, v)
	if err != nil {
		return err
	}
	if s.way == "eks" || s.way == "aks" {
		objects = applied(objects)
	}
	return m.objects(objects)
}

// chart: helm install --create-namespace makes the namespace, of which the release knows nothing.
func (s *stack) chart(m *maker) error {
	name := s.file.Gateway.Namespace
	if s.manifest != nil {
		fmt.Fprintf(s.manifest, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n---\n", name)
		return s.objects(m)
	}
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}
	if err := m.objects([]map[string]any{namespace}); err != nil {
		return err
	}
	return s.objects(m)
}

// eks makes the policy and the role, whose trust is for the gateway's own ServiceAccount.
func (s *stack) eks(m *maker) error {
	account := s.w.AWS[s.file.Aws.AccountId]
	host := strings.TrimPrefix(s.w.Clusters[s.server].Issuer, "https://")
	if account == nil || host == "" {
		return fmt.Errorf("eks: the stack's cluster is not there")
	}
	trust := document(map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": map[string]any{"Federated": s.arn("oidc-provider", host)},
		"Condition": map[string]any{"StringEquals": map[string]any{
			host + ":aud": "sts.amazonaws.com",
			host + ":sub": "system:serviceaccount:" + s.file.Gateway.Namespace + ":bifrost-sa",
		}},
	})
	if err := s.role(m, "BifrostECRPullRole", trust, "BifrostECRPullPolicy", s.pull()); err != nil {
		return err
	}
	return s.objects(m)
}

// pull is the document with the rights to pull.
func (s *stack) pull(more ...map[string]any) string {
	of, _ := s.file.Image().Ecr()
	repository := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", iampolicy.Partition(of.Region), of.Region, of.AccountId,
		s.file.Image().Path)
	return document(append([]map[string]any{
		{"Sid": "ECRAuth", "Effect": "Allow", "Action": []string{"ecr:GetAuthorizationToken"}, "Resource": "*"},
		{"Sid": "ECRPullFromBifrost", "Effect": "Allow", "Resource": repository,
			"Action": []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"}},
	}, more...)...)
}

func (s *stack) role(m *maker, role, trust, policy, rights string) error {
	arn, _, err := m.make(pulumitype.AwsPolicy, policy, map[string]any{"name": policy, "policy": rights})
	if err != nil {
		return err
	}
	if _, _, err := m.make(pulumitype.AwsRole, role, map[string]any{"name": role, "assumeRolePolicy": trust}); err != nil {
		return err
	}
	_, _, err = m.make(pulumitype.AwsRolePolicyAttachment, role, map[string]any{"role": role, "policyArn": arn})
	return err
}

const tasksTrust = "ecs-tasks.amazonaws.com"

func trustTasks() string {
	return document(map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": tasksTrust}, "Action": "sts:AssumeRole"})
}

// ecs makes the execution role with its policy, the task definition and the service, and the log group without which no task starts.
func (s *stack) ecs(m *maker) error {
	logs := map[string]any{"Effect": "Allow", "Action": []string{"logs:CreateLogStream", "logs:PutLogEvents"}, "Resource": "*"}
	err := s.role(m, "BifrostECSExecutionRole", trustTasks(), "BifrostECSExecutionPolicy", s.pull(logs))
	if err != nil {
		return err
	}
	return s.service(m, "BifrostECSExecutionRole", names{service: "bifrost", family: "bifrost", logs: "/ecs/bifrost"})
}

type names struct{ service, family, logs string }

// moduleEcs: the module's names begin with its name_prefix, bifrost here. Its role reads a secret with config.json, which is not made here.
func (s *stack) moduleEcs(m *maker) error {
	const role = "bifrost-ecs-execution"
	logs := map[string]any{"Effect": "Allow", "Action": []string{"logs:CreateLogStream", "logs:PutLogEvents"}, "Resource": "*"}
	if err := s.role(m, role, trustTasks(), "bifrost-ecs-pull", s.pull(logs)); err != nil {
		return err
	}
	return s.service(m, role, names{service: "bifrost-service", family: "bifrost-task", logs: "/ecs/bifrost"})
}

func (s *stack) service(m *maker, role string, named names) error {
	if _, _, err := m.make(pulumitype.AwsLogGroup, named.logs, map[string]any{"name": named.logs}); err != nil {
		return err
	}
	containers, err := json.Marshal([]map[string]any{{
		"name": "bifrost", "image": s.file.Image().String(), "essential": true,
		"portMappings": []map[string]any{{"containerPort": 8080, "protocol": "tcp"}},
		"logConfiguration": map[string]any{"logDriver": "awslogs", "options": map[string]any{
			"awslogs-group": named.logs, "awslogs-region": s.file.Aws.Region, "awslogs-stream-prefix": "bifrost"}},
	}})
	if err != nil {
		return err
	}
	_, task, err := m.make(pulumitype.AwsTaskDefinition, named.family, map[string]any{
		"family": named.family, "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "cpu": "512", "memory": "1024",
		"executionRoleArn": s.arn("role", role), "containerDefinitions": string(containers),
	})
	if err != nil {
		return err
	}
	var subnets, groups []any
	for _, subnet := range s.file.Ecs.Subnets {
		subnets = append(subnets, subnet)
	}
	for _, group := range s.file.Ecs.SecurityGroups {
		groups = append(groups, group)
	}
	_, _, err = m.make(pulumitype.AwsEcsService, named.service, map[string]any{
		"name": named.service, "cluster": s.cluster(), "taskDefinition": task["arn"].StringValue(), "desiredCount": 2,
		"launchType":           "FARGATE",
		"networkConfiguration": map[string]any{"subnets": subnets, "securityGroups": groups, "assignPublicIp": s.file.Ecs.AssignPublicIp},
	})
	return err
}

func (s *stack) cluster() string {
	return fmt.Sprintf("arn:%s:ecs:%s:%s:cluster/%s", iampolicy.Partition(s.file.Aws.Region), s.file.Aws.Region, s.file.Aws.AccountId,
		s.file.Ecs.ClusterName)
}

// aks makes the managed identity and its credential for the gateway's own ServiceAccount.
func (s *stack) aks(m *maker) error {
	on := s.file.Azure
	_, identity, err := m.make(pulumitype.AzureManagedIdentity, "bifrost-pull-identity", map[string]any{
		"resourceGroupName": on.ResourceGroup, "resourceName": "bifrost-pull-identity", "location": on.Location,
	})
	if err != nil {
		return err
	}
	_, _, err = m.make(pulumitype.AzureFederatedCredential, "bifrost-federated-credential", map[string]any{
		"resourceGroupName": on.ResourceGroup, "resourceName": "bifrost-pull-identity",
		"federatedIdentityCredentialResourceName": "bifrost-federated-credential", "issuer": s.w.Clusters[s.server].Issuer,
		"subject":   "system:serviceaccount:" + s.file.Gateway.Namespace + ":bifrost-sa",
		"audiences": []any{"api://AzureADTokenExchange"},
	})
	if err != nil {
		return err
	}
	values := s.values()
	values.ClientID, values.PullSecret = identity["clientId"].StringValue(), "ar-pull-secret"
	config, err := json.Marshal(cmp.Or(s.file.Gcp, &stacks.Gcp{}).CredentialConfig)
	if err != nil {
		return err
	}
	values.CredentialConfig = string(config)
	return s.objectsOf(m, values)
}
