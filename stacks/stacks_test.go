package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"bifrost/internal/component"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

var update = flag.Bool("update", false, "write the goldens")

// settings are a stack's configuration: keys without prefix, values as in the stack file.
type settings map[string]any

// canary marks every secret value of the tests.
const canary = "canary-5f0c"

// stackFile reads a stack file of the project.
func stackFile(t testing.TB, stack string) settings {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	return parseStackFile(t, text)
}

// parseStackFile adds the secrets that a stack file leaves out.
func parseStackFile(t testing.TB, text []byte) settings {
	t.Helper()
	var file struct {
		Config map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	s := settings{}
	for key, v := range file.Config {
		s[strings.TrimPrefix(key, stacks.Project+":")] = v
	}
	s["secrets"] = map[string]any{
		"license": canary + "-license", "encryptionKey": canary + "-encryption-key", "adminPassword": canary + "-admin",
		"env": map[string]any{"PG_PASSWORD": canary + "-password"},
	}
	s.addClusterSecrets()
	return s
}

// set changes a value by its dotted path; nil removes it.
func (s settings) set(path string, value any) settings {
	parts := strings.Split(path, ".")
	at := map[string]any(s)
	for _, part := range parts[:len(parts)-1] {
		next, ok := at[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[part] = next
		}
		at = next
	}
	last := parts[len(parts)-1]
	if value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
	return s
}

// graph is a recorder for the stack, with an account in which everything that the dev stacks name exists.
func (s settings) graph(t testing.TB, stack string) *graphtest.Graph {
	t.Helper()
	g := &graphtest.Graph{Project: stacks.Project, Stack: stack, Config: map[string]string{}, Answers: cloud()}
	if aws, ok := s["aws"].(map[string]any); ok {
		g.Answers[callerIdentity] = signedIn(fmt.Sprint(aws["accountId"]))
	}
	for key, v := range s {
		if text := reflect.ValueOf(v); text.Kind() == reflect.String {
			g.Config[stacks.Project+":"+key] = text.String()
		} else {
			b, err := json.Marshal(v)
			require.NoError(t, err)
			g.Config[stacks.Project+":"+key] = string(b)
		}
		if key == "secrets" {
			g.Secrets = append(g.Secrets, stacks.Project+":"+key)
		}
	}
	return g
}

func program(g *graphtest.Graph) pulumi.RunFunc {
	var keys []string
	for key := range g.Config {
		keys = append(keys, key)
	}
	return func(ctx *pulumi.Context) error {
		return stacks.Deploy(ctx, stacks.Options{Dir: "..", Readme: "readme", Keys: keys})
	}
}

// record deploys a stack that must succeed.
func record(t testing.TB, stack string, s settings) *graphtest.Graph {
	t.Helper()
	g := s.graph(t, stack)
	require.NoError(t, g.Run(program(g)))
	g.RequireSettled(t)
	return g
}

type answer = func(resource.PropertyMap) (resource.PropertyMap, error)

func always(m map[string]any) answer {
	return func(resource.PropertyMap) (resource.PropertyMap, error) {
		return resource.NewPropertyMapFromMap(m), nil
	}
}

func never(text string) answer {
	return func(resource.PropertyMap) (resource.PropertyMap, error) { return nil, errors.New(text) }
}

const (
	eksIssuer = "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
	aksIssuer = "https://westeurope.oic.prod-aks.azure.com/00000000-0000-4000-8000-000000000002/00000000-0000-4000-8000-000000000003/"
)

func eksLookup(version string) map[string]any {
	return map[string]any{
		"arn": "arn:aws:eks:us-east-1:111122223333:cluster/dev", "endpoint": "https://0123.gr7.us-east-1.eks.amazonaws.com", "version": version,
		"certificateAuthorities": []any{map[string]any{"data": base64.StdEncoding.EncodeToString([]byte("ca"))}},
		"identities":             []any{map[string]any{"oidcs": []any{map[string]any{"issuer": eksIssuer}}}},
		"status":                 "ACTIVE",
	}
}

// roleLookup finds every role, at an IAM path.
func roleLookup(path string) answer {
	return func(args resource.PropertyMap) (resource.PropertyMap, error) {
		name := args["name"].StringValue()
		return resource.NewPropertyMapFromMap(map[string]any{
			"name": name, "arn": "arn:aws:iam::111122223333:role" + path + name, "uniqueId": "AROA" + strings.ToUpper(name),
		}), nil
	}
}

// callerIdentity is the first look-up at AWS.
const callerIdentity = "aws:index/getCallerIdentity:getCallerIdentity"

// signedIn are credentials of an account.
func signedIn(account string) answer {
	return always(map[string]any{"accountId": account, "arn": "arn:aws:iam::" + account + ":user/test", "userId": "AIDATEST"})
}

func aksLookup(version string, issuer, workloadIdentity bool) map[string]any {
	return map[string]any{
		"id":                       "/subscriptions/s/resourceGroups/bifrost-dev/providers/Microsoft.ContainerService/managedClusters/dev",
		"currentKubernetesVersion": version,
		"oidcIssuerProfile":        map[string]any{"enabled": issuer, "issuerURL": aksIssuer},
		"securityProfile":          map[string]any{"workloadIdentity": map[string]any{"enabled": workloadIdentity}},
	}
}

const aksUserKubeconfig = `apiVersion: v1
kind: Config
current-context: dev
clusters: [{name: dev, cluster: {server: "https://dev.hcp.westeurope.azmk8s.io:443", certificate-authority-data: Y2E=}}]
contexts: [{name: dev, context: {cluster: dev, user: clusterUser}}]
users:
- name: clusterUser
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --environment, AzurePublicCloud, --server-id, 6dae42f8-4368-4678-94ff-3960e28e3630, --client-id, 80faf920-1908-4b52-b5ef-a8e7bedfc67a, --tenant-id, t, --login, devicecode]
`

func cloud() map[string]func(resource.PropertyMap) (resource.PropertyMap, error) {
	answers := map[string]func(resource.PropertyMap) (resource.PropertyMap, error){
		"aws:eks/getCluster:getCluster":                             always(eksLookup("1.34")),
		"aws:ecs/getCluster:getCluster":                             always(ecsLookup("ACTIVE", "enabled")),
		"aws:ecs/getService:getService":                             always(map[string]any{"taskDefinition": "arn:aws:test:us-east-1:111122223333:ecs-task-definition"}),
		"aws:eks/getAddon:getAddon":                                 always(map[string]any{"addonName": stacks.PodIdentityAgent}),
		"aws:iam/getRole:getRole":                                   roleLookup("/"),
		"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": always(map[string]any{"arn": "arn:aws:iam::111122223333:oidc-provider/" + strings.TrimPrefix(eksIssuer, "https://")}),
		"gcp:organizations/getProject:getProject":                   always(map[string]any{"number": "210987654321"}),
		gkeCluster: always(gkeLookup()),
		"azure-native:containerservice:getManagedCluster": always(aksLookup("1.34.2", true, true)),
		"azure-native:containerservice:listManagedClusterUserCredentials": always(map[string]any{
			"kubeconfigs": []any{map[string]any{"name": "clusterUser", "value": base64.StdEncoding.EncodeToString([]byte(aksUserKubeconfig))}},
		}),
	}
	maps.Copy(answers, ecsCloud())
	return answers
}

var devStacks = []string{"aws-dev", "azure-dev", "google-dev", "local-dev"}

// rollouts are those that a dev stack has: with the vendor's key there is nobody to allowlist.
func rollouts(stack string) []stacks.Rollout {
	if stack == "local-dev" {
		return []stacks.Rollout{stacks.RolloutFull}
	}
	return []stacks.Rollout{stacks.RolloutIdentity, stacks.RolloutFull}
}

// TestURNs pins the URNs: a name that leaves the golden is a resource that existing stacks would lose and make again.
func TestURNs(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		for _, rollout := range rollouts(stack) {
			t.Run(stack+"/"+string(rollout), func(t *testing.T) {
				g := record(t, stack, stackFile(t, stack).set("rollout", rollout))
				got := strings.Join(g.URNs(), "\n") + "\n"
				golden := filepath.Join("testdata", stack+"."+string(rollout)+".urns")
				if *update {
					require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				require.Equal(t, string(want), got,
					"a URN that goes is deleted and made again in every stack: give the resource an alias, then run go test ./stacks -update")
			})
		}
	}
}

// TestFullKeepsIdentities: what the vendor allowlisted is registered in the same way by both rollouts.
func TestFullKeepsIdentities(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		if !slices.Contains(rollouts(stack), stacks.RolloutIdentity) {
			continue
		}
		t.Run(stack, func(t *testing.T) {
			identity := record(t, stack, stackFile(t, stack).set("rollout", stacks.RolloutIdentity).set("gcp", nil).set("secrets", nil))
			full := record(t, stack, stackFile(t, stack))
			require.Greater(t, len(full.Resources), len(identity.Resources))
			require.NotEmpty(t, identity.Resources)
			for _, r := range identity.Resources {
				i := slices.IndexFunc(full.Resources, func(f graphtest.Resource) bool { return f.URN == r.URN })
				require.GreaterOrEqual(t, i, 0, "%s is missing", r.URN)
				// One knows the rollout, the other what it makes.
				if !slices.Contains([]string{stacks.PlaceGuardType, component.NamesType}, r.Type) {
					require.Equal(t, r.Inputs, full.Resources[i].Inputs, r.URN)
				}
				require.Equal(t, r.Provider, full.Resources[i].Provider, r.URN)
				require.Equal(t, r.Request.GetProtect(), full.Resources[i].Request.GetProtect(), r.URN)
			}
		})
	}
}

func TestEveryResourceHasAnExplicitProviderAndAComponent(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		g := record(t, stack, stackFile(t, stack))
		g.RequireProviders(t)
		for _, c := range g.Calls {
			require.NotEmpty(t, c.Provider, c.Token)
		}
		for _, r := range g.Resources {
			if r.Request.GetCustom() && !strings.HasPrefix(r.Type, "pulumi:providers:") {
				require.Contains(t, r.Parent(), "bifrost:index:", r.URN)
			}
		}
	}
}

func TestSecretsNeverStandInClear(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		s := stackFile(t, stack)
		if s["platform"] != "kubernetes" {
			s.set("secrets.kubeconfig", "apiVersion: v1 # "+canary)
		}
		seen := 0
		for _, r := range record(t, stack, s).Resources {
			require.Empty(t, graphtest.Leaks(r.Inputs, canary), r.URN)
			require.Empty(t, graphtest.Leaks(r.Inputs, base64.StdEncoding.EncodeToString([]byte(canary))[:8]), r.URN)
			if strings.Contains(fmt.Sprint(graphtest.Plain(r.Inputs)), canary) {
				seen++
			}
		}
		require.Positive(t, seen, "the canary reached nothing: the test proves nothing")
	}
}

func TestProtectedIdentities(t *testing.T) {
	t.Parallel()
	for stack, types := range map[string][]string{
		"aws-dev":   {"aws:iam/role:Role", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"},
		"azure-dev": {"azure-native:managedidentity:UserAssignedIdentity"}, "google-dev": {"gcp:serviceaccount/account:Account"},
	} {
		protected := record(t, stack, settingsWithOidc(t, stack).set("protectIdentities", nil))
		open := record(t, stack, stackFile(t, stack).set("protectIdentities", "false"))
		for _, r := range protected.Resources {
			// The gateway's own role is nobody's to allowlist.
			want := slices.Contains(types, r.Type) && r.Name != "ecs-task-role"
			require.Equal(t, want, r.Request.GetProtect(), "protection of %s", r.URN)
		}
		for _, r := range open.Resources {
			require.False(t, r.Request.GetProtect(), r.URN)
		}
	}
}

// settingsWithOidc also makes the OIDC provider, where the platform has one.
func settingsWithOidc(t *testing.T, stack string) settings {
	s := stackFile(t, stack)
	if stack == "aws-dev" {
		s.set("eks.oidcProvider", "create")
	}
	return s
}

// TestSettableNames: two stacks fit one account.
func TestSettableNames(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").
		set("aws.iamPath", "/bifrost/").set("aws.permissionsBoundary", "arn:aws:iam::111122223333:policy/boundary").
		set("eks.roleName", "R1").set("eks.policyName", "P1").set("ecs.roleName", "R2").set("ecs.taskRoleName", "R3").set("ecs.policyName", "P2").
		set("ecs.name", "gateway").set("ecs.logGroup", "/g").set("ecs.secretPrefix", "two/").
		set("refresher.images.kubectl", "mirror.example.com/kubectl:v1.34.3").set("refresher.images.aws", "mirror.example.com/aws-cli:2.37.1").
		set("refresher.serviceAccount", "puller").set("gateway.namespace", "two"))
	for name, want := range map[string]string{"eks-ecr-role": "R1", "ecs-execution-role": "R2", "ecs-task-role": "R3"} {
		role := g.Named(t, "aws:iam/role:Role", name)
		require.Equal(t, want, role.Input(t, "name"))
		require.Equal(t, "/bifrost/", role.Input(t, "path"))
		require.Equal(t, "arn:aws:iam::111122223333:policy/boundary", role.Input(t, "permissionsBoundary"))
	}
	require.Contains(t, g.Named(t, "aws:iam/role:Role", "eks-ecr-role").Input(t, "assumeRolePolicy"), "system:serviceaccount:two:puller")
	require.Equal(t, "P1", g.Named(t, "aws:iam/policy:Policy", "eks-ecr-policy").Input(t, "name"))
	require.Equal(t, "P2", g.Named(t, "aws:iam/policy:Policy", "ecs-execution-policy").Input(t, "name"))
	require.Equal(t, "gateway", g.One(t, "aws:ecs/service:Service").Input(t, "name"))
	require.Equal(t, "/g", g.One(t, "aws:cloudwatch/logGroup:LogGroup").Input(t, "name"))
	require.Contains(t, g.Of("aws:secretsmanager/secret:Secret")[0].Input(t, "name"), "two/")
	job := g.One(t, "kubernetes:batch/v1:Job")
	require.Equal(t, "mirror.example.com/aws-cli:2.37.1", job.Input(t, "spec.template.spec.initContainers[0].image"))
	require.Equal(t, "mirror.example.com/kubectl:v1.34.3", job.Input(t, "spec.template.spec.containers[0].image"))
	require.Equal(t, "two", g.One(t, "kubernetes:core/v1:Namespace").Input(t, "metadata.name"))
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s          settings
		eks, tasks float64
	}{
		"as configured":                {stackFile(t, "aws-dev"), 2, 2},
		"three with PostgreSQL":        {stackFile(t, "aws-dev").set("gateway.replicas", nil), 3, 3},
		"ECS on its own":               {stackFile(t, "aws-dev").set("ecs.desiredCount", 4), 2, 4},
		"a disabled store is no store": {stackFile(t, "aws-dev").set("gateway.config.logs_store", map[string]any{"enabled": false}), 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := record(t, "aws-dev", c.s)
			require.Equal(t, c.eks, g.One(t, "kubernetes:apps/v1:Deployment").Input(t, "spec.replicas"))
			require.Equal(t, c.tasks, g.One(t, "aws:ecs/service:Service").Input(t, "desiredCount"))
		})
	}
}

// TestOldClusters: identities need less of a cluster than the gateway does.
func TestOldClusters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack, token string
		answer       answer
		auth, want   string
	}{
		"EKS":                   {"aws-dev", "aws:eks/getCluster:getCluster", always(eksLookup("1.23")), "irsa", ""},
		"EKS, too old":          {"aws-dev", "aws:eks/getCluster:getCluster", always(eksLookup("1.22")), "irsa", "1.23 or newer"},
		"EKS with Pod Identity": {"aws-dev", "aws:eks/getCluster:getCluster", always(eksLookup("1.23")), "podIdentity", "eks.auth podIdentity: EKS cluster dev runs Kubernetes 1.23; Bifrost needs 1.24 or newer"},
		"AKS":                   {"azure-dev", "azure-native:containerservice:getManagedCluster", always(aksLookup("1.24.0", true, true)), "", ""},
		"AKS, too old":          {"azure-dev", "azure-native:containerservice:getManagedCluster", always(aksLookup("1.23.8", true, true)), "", "1.24 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, c.stack).set("rollout", stacks.RolloutIdentity)
			if c.auth != "" {
				s.set("eks.auth", c.auth)
			}
			g := s.graph(t, c.stack)
			g.Answers[c.token] = c.answer
			err := g.Run(program(g))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestOidcProvider(t *testing.T) {
	t.Parallel()
	existing := record(t, "aws-dev", stackFile(t, "aws-dev"))
	require.Empty(t, existing.Of("aws:iam/openIdConnectProvider:OpenIdConnectProvider"))

	made := record(t, "aws-dev", stackFile(t, "aws-dev").set("eks.oidcProvider", "create"))
	provider := made.One(t, "aws:iam/openIdConnectProvider:OpenIdConnectProvider")
	require.Equal(t, "urn:pulumi:aws-dev::bifrost::aws:iam/openIdConnectProvider:OpenIdConnectProvider::eks-oidc-provider", provider.URN)
	made.RequireProviders(t)
	require.Equal(t, eksIssuer, provider.Input(t, "url"))
	require.Equal(t, []any{"sts.amazonaws.com"}, provider.Input(t, "clientIdLists"))
	require.True(t, made.DependsOn(made.Named(t, "aws:iam/role:Role", "eks-ecr-role"), provider), "the role waits for the provider")
}

func TestProvidersAreGuardedAndLabel(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("aws.profile", "p").set("aws.assumeRoleArn", "arn:aws:iam::111122223333:role/deployer"))
	provider := g.One(t, "pulumi:providers:aws")
	require.Equal(t, []any{"111122223333"}, provider.Input(t, "allowedAccountIds"))
	require.Equal(t, map[string]any{"environment": "dev", "managed-by": "pulumi", "pulumi-stack": "aws-dev"}, provider.Input(t, "defaultTags.tags"))
	require.Equal(t, "arn:aws:iam::111122223333:role/deployer", provider.Input(t, "assumeRole.roleArn"))

	kubernetes := g.One(t, "pulumi:providers:kubernetes")
	require.True(t, kubernetes.Inputs["kubeconfig"].IsSecret(), "a kubeconfig is secret")
	require.Equal(t, "arn:aws:eks:us-east-1:111122223333:cluster/dev", kubernetes.Input(t, "clusterIdentifier"))
	require.Equal(t, true, kubernetes.Input(t, "enableSecretMutable"))
	require.Equal(t, true, kubernetes.Input(t, "enableConfigMapMutable"))
	kubeconfig := kubernetes.Input(t, "kubeconfig").(string)
	for _, want := range []string{"command: aws", "get-token", "--cluster-name", "- dev", "--role-arn", "--profile", "certificate-authority-data: Y2E="} {
		require.Contains(t, kubeconfig, want)
	}

	a := record(t, "azure-dev", stackFile(t, "azure-dev").set("aks.login", "workloadidentity"))
	azure := a.One(t, "pulumi:providers:azure-native")
	require.Equal(t, "00000000-0000-4000-8000-000000000001", azure.Input(t, "subscriptionId"))
	require.Equal(t, "00000000-0000-4000-8000-000000000002", azure.Input(t, "tenantId"))
	aks := a.One(t, "pulumi:providers:kubernetes")
	require.True(t, aks.Inputs["kubeconfig"].IsSecret(), "a kubeconfig is secret")
	login := aks.Input(t, "kubeconfig").(string)
	require.Contains(t, login, "- workloadidentity")
	require.Contains(t, login, "6dae42f8-4368-4678-94ff-3960e28e3630")
	require.NotContains(t, login, "devicecode")
	require.Equal(t, "dev", a.One(t, "azure-native:managedidentity:UserAssignedIdentity").Input(t, "tags.environment"))
	require.Equal(t, "dev", a.One(t, "kubernetes:apps/v1:Deployment").Input(t, "metadata.labels.environment"))
}

func TestGivenKubeconfig(t *testing.T) {
	t.Parallel()
	for stack, platform := range map[string]string{"aws-dev": "eks", "azure-dev": "aks"} {
		s := stackFile(t, stack).set("secrets.kubeconfig", "apiVersion: v1").set(platform+".context", "there")
		provider := record(t, stack, s).One(t, "pulumi:providers:kubernetes")
		require.Equal(t, "apiVersion: v1", provider.Input(t, "kubeconfig"))
		require.Equal(t, "there", provider.Input(t, "context"))
	}
}

// TestLookUps: what is missing or unfit stops the stack before any identity is made, with the command that mends it.
func TestLookUps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack, token string
		answer       answer
		want         []string
	}{
		"credentials of another account": {"aws-dev", callerIdentity, signedIn("222233334444"),
			[]string{"aws.accountId: the credentials are of account 222233334444, and this stack is for account 111122223333", "aws sts get-caller-identity"}},
		"an account that the provider refuses": {"aws-dev", callerIdentity, never("AWS account ID not allowed: 222233334444"),
			[]string{"aws.accountId: the credentials are of account 222233334444, and this stack is for account 111122223333"}},
		"no credentials": {"aws-dev", callerIdentity, never("no valid credential sources for AWS found"),
			[]string{"cannot sign in to account 111122223333", "no valid credential sources", "aws sso login"}},
		"a subscription that the login does not reach": {"azure-dev", "azure-native:containerservice:getManagedCluster", never(`Code="SubscriptionNotFound" Message="The subscription could not be found"`),
			[]string{"azure.subscriptionId: the login does not reach subscription 00000000-0000-4000-8000-000000000001 in tenant 00000000-0000-4000-8000-000000000002", "az login --tenant"}},
		"a login to another tenant": {"azure-dev", "azure-native:containerservice:getManagedCluster", never(`Code="InvalidAuthenticationTokenTenant" Message="wrong issuer"`),
			[]string{"azure.tenantId: the login does not reach", "az login --tenant 00000000-0000-4000-8000-000000000002"}},
		"no EKS cluster": {"aws-dev", "aws:eks/getCluster:getCluster", never("couldn't find resource"),
			[]string{"eks.clusterName", "dev", "aws eks list-clusters --region us-east-1"}},
		"an old EKS cluster": {"aws-dev", "aws:eks/getCluster:getCluster", always(eksLookup("1.22")),
			[]string{"1.22", "1.27", "aws eks update-cluster-version --region us-east-1 --name dev"}},
		"an EKS cluster in the making": {"aws-dev", "aws:eks/getCluster:getCluster", always(map[string]any{"version": "1.34", "status": "CREATING"}),
			[]string{"CREATING", "aws eks wait cluster-active"}},
		"no OIDC provider": {"aws-dev", "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider", never("not found"),
			[]string{"eks.oidcProvider", eksIssuer, "pulumi config set --path 'bifrost:eks.oidcProvider' create"}},
		"no ECS cluster": {"aws-dev", "aws:ecs/getCluster:getCluster", never("couldn't find resource"),
			[]string{"ecs.clusterName", "aws ecs create-cluster --region us-east-1 --cluster-name dev"}},
		"no AKS cluster": {"azure-dev", "azure-native:containerservice:getManagedCluster", never("ResourceNotFound"),
			[]string{"aks.clusterName", "bifrost-dev", "az aks list"}},
		"an old AKS cluster": {"azure-dev", "azure-native:containerservice:getManagedCluster", always(aksLookup("1.23.8", true, true)),
			[]string{"1.23.8", "1.27", "az aks upgrade --resource-group bifrost-dev --name dev"}},
		"no issuer": {"azure-dev", "azure-native:containerservice:getManagedCluster", always(aksLookup("1.34.2", false, true)),
			[]string{"OIDC issuer off", "az aks update --resource-group bifrost-dev --name dev --enable-oidc-issuer --enable-workload-identity"}},
		"no workload identity": {"azure-dev", "azure-native:containerservice:getManagedCluster", always(aksLookup("1.34.2", true, false)),
			[]string{"workload identity off", "--enable-workload-identity"}},
		"an AKS cluster of another tenant": {"azure-dev", "azure-native:containerservice:getManagedCluster", always(map[string]any{"currentKubernetesVersion": "1.34.2", "identity": map[string]any{"tenantId": "other-tenant"}}),
			[]string{"azure.tenantId", "other-tenant", "az login --tenant 00000000-0000-4000-8000-000000000002"}},
		"a deleted ECS cluster": {"aws-dev", "aws:ecs/getCluster:getCluster", always(map[string]any{"arn": "arn:aws:ecs:us-east-1:111122223333:cluster/dev", "status": "INACTIVE"}),
			[]string{"INACTIVE", "aws ecs create-cluster"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := stackFile(t, c.stack).graph(t, c.stack)
			g.Answers[c.token] = c.answer
			err := g.Run(program(g))
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			for _, r := range g.Resources {
				require.Contains(t, r.Type, "pulumi:providers:", "%s was registered", r.URN)
			}
		})
	}
}

// TestRolledBackService: the provider takes a rollback for success, up must not.
func TestRolledBackService(t *testing.T) {
	t.Parallel()
	g := stackFile(t, "aws-dev").graph(t, "aws-dev")
	g.Answers["aws:ecs/getService:getService"] = always(map[string]any{"taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/bifrost:1"})
	err := g.Run(program(g))
	require.ErrorContains(t, err, "rolled back")
	require.ErrorContains(t, err, "aws ecs describe-services")
}

// missing are the secrets that a stack file lacks.
func missing(s settings) []string { return stacks.Lenient("x", "..", s).MissingSecrets() }

func TestMissingSecrets(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		want := []string{"adminPassword", "encryptionKey", "env.PG_PASSWORD", "license"}
		if stack == "local-dev" {
			want = []string{"adminPassword", "encryptionKey", "license", "registryKey"}
		}
		require.Equal(t, want, missing(stackFile(t, stack).set("secrets", nil)))
		require.Empty(t, missing(stackFile(t, stack)))
		require.Empty(t, missing(stackFile(t, stack).set("secrets", nil).set("rollout", stacks.RolloutIdentity)))
	}
	require.NotContains(t, missing(stackFile(t, "aws-dev").set("secrets", nil).set("registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:1.5.2")), "license")
}

// TestProjectFile: the program's keys and those that Pulumi.yaml describes are the same.
func TestProjectFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Name   string                    `json:"name"`
		Config map[string]map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &project))
	require.Equal(t, stacks.Project, project.Name)
	require.Equal(t, map[string]any{"value": []any{"*"}}, project.Config["pulumi:disable-default-providers"])
	var described []string
	for key, c := range project.Config {
		if key != "pulumi:disable-default-providers" {
			described = append(described, stacks.Project+":"+key)
			require.NotEmpty(t, c["description"], key)
			require.NotEmpty(t, c["type"], key)
		}
	}
	require.ElementsMatch(t, stacks.KnownKeys(), described)
}

// TestComparisonHasReasons: what is not here says why, and no row is empty.
func TestComparisonHasReasons(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/comparison.md")
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "---") || strings.Contains(cells[len(cells)-2], " Here ") {
			continue
		}
		rows++
		verdict, reason, _ := strings.Cut(strings.TrimSpace(cells[len(cells)-2]), ":")
		require.NotEmpty(t, verdict, line)
		if strings.HasPrefix(verdict, "not") {
			require.Greater(t, len(reason), 20, "no reason: %s", line)
		}
	}
	require.Greater(t, rows, 60, "the tables were not found")
}

func TestEnvironmentKeys(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"bifrost:platform":"aws","bifrost:eks":"{}"}`)
	require.Equal(t, []string{"bifrost:eks", "bifrost:platform"}, stacks.EnvironmentKeys())
	t.Setenv(pulumi.EnvConfig, "")
	require.Empty(t, stacks.EnvironmentKeys())
}

// TestTokenGatesTheGateway: no pod is made before the pull Secret holds a token.
func TestTokenGatesTheGateway(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		g := record(t, stack, stackFile(t, stack))
		if stack == "local-dev" {
			key, pods := g.Named(t, "kubernetes:core/v1:Secret", "kubernetes-pull-secret"), g.One(t, "kubernetes:apps/v1:StatefulSet")
			require.True(t, g.DependsOn(pods, key))
		} else {
			job, deployment := g.One(t, "kubernetes:batch/v1:Job"), g.One(t, "kubernetes:apps/v1:Deployment")
			require.True(t, g.DependsOn(deployment, job))
		}
		namespace := g.One(t, "kubernetes:core/v1:Namespace")
		for _, r := range g.Resources {
			if strings.HasPrefix(r.Type, "kubernetes:") && r.URN != namespace.URN {
				require.True(t, g.DependsOn(r, namespace), "%s does not wait for the namespace", r.URN)
			}
		}
	}
}

// TestNumbersForTexts: pulumi config set stores digits as a number.
func TestNumbersForTexts(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("aws.accountId", 111122223333).set("gateway.env.PORT", 8080).set("tags.costCenter", 42))
	require.Equal(t, []any{"111122223333"}, g.One(t, "pulumi:providers:aws").Input(t, "allowedAccountIds"))
	require.Equal(t, "42", g.One(t, "pulumi:providers:aws").Input(t, "defaultTags.tags.costCenter"))
}

// TestFreeTexts: the customer's own texts may look like the recipes' placeholders.
func TestFreeTexts(t *testing.T) {
	t.Parallel()
	record(t, "aws-dev", stackFile(t, "aws-dev").set("gateway.env.PROMPT", "write YOUR_NAME").set("gateway.env.OIDC_ID", "x").set("gateway.config.client.id", "env.OIDC_ID"))
}

// TestDocumentedProduction: the stack file that docs/ci.md shows is a stack, with the defaults for production.
func TestDocumentedProduction(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/ci.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "```yaml\nconfig:\n")
	require.True(t, found, "docs/ci.md shows no stack file")
	text, _, _ := strings.Cut(rest, "```")
	g := record(t, "aws-prod", parseStackFile(t, []byte("config:\n"+text)))
	require.EqualValues(t, 3, g.One(t, "kubernetes:apps/v1:Deployment").Input(t, "spec.replicas"))
	require.EqualValues(t, 30, g.Of("aws:secretsmanager/secret:Secret")[0].Input(t, "recoveryWindowInDays"))
	for _, role := range []string{"eks-ecr-role", "ecs-execution-role"} {
		require.True(t, g.Named(t, "aws:iam/role:Role", role).Request.GetProtect(), role)
	}
}

// TestReadmeOutput: the readme output names only outputs that every stack has at every rollout. It is there where there is a page of it.
func TestReadmeOutput(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../Pulumi.README.md")
	require.NoError(t, err)
	named := regexp.MustCompile(`\$\{outputs\.([^}]+)\}`).FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, named)
	for _, stack := range devStacks {
		for _, rollout := range rollouts(stack) {
			g := stackFile(t, stack).set("rollout", rollout).graph(t, stack)
			var exported map[string]pulumi.Input
			require.NoError(t, g.Run(func(ctx *pulumi.Context) error {
				err := program(g)(ctx)
				exported = ctx.GetCurrentExportMap()
				return err
			}))
			for _, name := range named {
				require.Contains(t, exported, name[1], "%s at rollout %s", stack, rollout)
			}
			require.NotContains(t, exported, "readme")
			g = stackFile(t, stack).set("rollout", rollout).graph(t, stack)
			g.Organization = "acme"
			require.NoError(t, g.Run(func(ctx *pulumi.Context) error {
				err := program(g)(ctx)
				require.Contains(t, ctx.GetCurrentExportMap(), "readme")
				return err
			}))
		}
	}
}
