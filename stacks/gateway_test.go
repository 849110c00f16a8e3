package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/gateway/configjson"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// pod is the template's specification of the gateway, whatever runs it.
func pod(t testing.TB, g *graphtest.Graph) map[string]any {
	t.Helper()
	for _, kind := range []string{"Deployment", "StatefulSet"} {
		for _, r := range g.Of("kubernetes:apps/v1:" + kind) {
			return r.Input(t, "spec.template.spec").(map[string]any)
		}
	}
	require.Fail(t, "there is no gateway")
	return nil
}

func gatewayContainer(t testing.TB, g *graphtest.Graph) map[string]any {
	return pod(t, g)["containers"].([]any)[0].(map[string]any)
}

// variables of the gateway's container, by name: a value, or where it comes from.
func variables(t testing.TB, g *graphtest.Graph) map[string]any {
	all := map[string]any{}
	for _, e := range gatewayContainer(t, g)["env"].([]any) {
		v := e.(map[string]any)
		if from, there := v["valueFrom"]; there {
			all[v["name"].(string)] = from.(map[string]any)["secretKeyRef"]
			continue
		}
		all[v["name"].(string)] = v["value"]
	}
	return all
}

// configOf is config.json as the cluster gets it.
func configOf(t testing.TB, g *graphtest.Graph) configjson.Document {
	t.Helper()
	for _, r := range g.Of("kubernetes:core/v1:Secret") {
		if r.Input(t, "metadata.name") == "bifrost-config" {
			require.True(t, r.Inputs["data"].IsSecret() || r.Inputs["data"].ObjectValue()["config.json"].IsSecret(), "config.json is secret")
			text, err := base64.StdEncoding.DecodeString(r.Input(t, `data["config.json"]`).(string))
			require.NoError(t, err)
			document, err := configjson.Parse(text)
			require.NoError(t, err)
			return document
		}
	}
	require.Fail(t, "there is no config.json")
	return nil
}

// TestSQLiteOnKubernetes: one pod with a volume, and no warning, for nothing is lost.
func TestSQLiteOnKubernetes(t *testing.T) {
	t.Parallel()
	g := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway", sqlite("storage", map[string]any{"size": "20Gi", "className": "fast"})))
	require.Empty(t, g.Of("kubernetes:apps/v1:Deployment"))
	set := g.One(t, "kubernetes:apps/v1:StatefulSet")
	require.EqualValues(t, 1, set.Input(t, "spec.replicas"))
	require.Equal(t, "20Gi", set.Input(t, "spec.volumeClaimTemplates[0].spec.resources.requests.storage"))
	require.Equal(t, "fast", set.Input(t, "spec.volumeClaimTemplates[0].spec.storageClassName"))

	plain := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway", sqlite("log", map[string]any{"level": "warn"})))
	require.Equal(t, "10Gi", plain.One(t, "kubernetes:apps/v1:StatefulSet").Input(t, "spec.volumeClaimTemplates[0].spec.resources.requests.storage"))
}

// TestConfigFile: the file's content reaches the cluster, and relative paths begin in the project's folder.
func TestConfigFile(t *testing.T) {
	t.Parallel()
	fromFile := record(t, "clustered", example(t, "clustered").set("gateway.clustering", map[string]any{"enabled": false}))
	text, err := os.ReadFile("../examples/clustered/config.json")
	require.NoError(t, err)
	want, err := configjson.Parse(text)
	require.NoError(t, err)
	want = configjson.WithoutDatabasePings(configjson.WithSourceOfTruth(configjson.WithLogin(want)))
	require.Equal(t, want, configOf(t, fromFile))

	absolute, err := filepath.Abs("../examples/clustered/config.json")
	require.NoError(t, err)
	require.Equal(t, want, configOf(t, record(t, "clustered", example(t, "clustered").set("gateway.clustering", map[string]any{"enabled": false}).set("gateway.configFile", absolute))))
}

func TestSchemaFile(t *testing.T) {
	t.Parallel()
	record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway.schemaFile", "stacks/testdata/stores.schema.json"))
	g := stackFile(t, "azure-dev").set("gateway.schemaFile", "stacks/testdata/stores.schema.json").set("gateway.config.config_store.config.max_idle_conns", "5").graph(t, "azure-dev")
	require.ErrorContains(t, g.Run(program(g)), "bifrost:gateway.config.config_store.config.max_idle_conns: Forbidden: must be a whole number, not text; write it without quotes")
}

// TestTraces: the plugin is in config.json on every platform, and the policy lets its connections out.
func TestTraces(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("gateway.otel", map[string]any{
		"collectorUrl": "otel-collector.monitoring.svc:4317", "metricsEndpoint": "http://otel-collector.monitoring.svc:4318/v1/metrics",
		"headers": map[string]any{"authorization": "env.OTEL_TOKEN"},
	}).set("secrets.env.OTEL_TOKEN", canary))
	plugin := configOf(t, g)["plugins"].([]any)[0].(map[string]any)
	require.Equal(t, "otel", plugin["name"])
	require.Equal(t, true, plugin["enabled"])
	require.Equal(t, map[string]any{
		"collector_url": "otel-collector.monitoring.svc:4317", "protocol": "grpc", "trace_type": "genai_extension", "service_name": "bifrost", "insecure": false,
		"headers": map[string]any{"authorization": "env.OTEL_TOKEN"}, "metrics_enabled": true, "metrics_endpoint": "http://otel-collector.monitoring.svc:4318/v1/metrics",
	}, plugin["config"])
	for _, r := range g.Of("aws:secretsmanager/secretVersion:SecretVersion") {
		if strings.Contains(r.Name, "config") {
			require.Contains(t, r.Input(t, "secretString"), `"name":"otel"`)
		}
	}
	var open []any
	for _, rule := range g.Named(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "eks-gateway-network-policy").Input(t, "spec.egress").([]any) {
		for _, port := range rule.(map[string]any)["ports"].([]any) {
			open = append(open, port.(map[string]any)["port"])
		}
	}
	require.Subset(t, open, []any{443.0, 5432.0, 4317.0, 4318.0})
}

// TestVariables: each from its place, on both platforms.
func TestVariables(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("gateway.log", map[string]any{"level": "debug", "style": "pretty"}).set("secrets.setupToken", canary))
	vars := variables(t, g)
	require.Equal(t, "debug", vars["LOG_LEVEL"])
	require.Equal(t, "pretty", vars["LOG_STYLE"])
	require.Equal(t, map[string]any{"name": "bifrost-encryption-key", "key": "BIFROST_ENCRYPTION_KEY"}, vars["BIFROST_ENCRYPTION_KEY"])
	require.True(t, g.Named(t, "kubernetes:core/v1:Secret", "eks-gateway-env").Has("data.BIFROST_SETUP_TOKEN"))
	require.False(t, g.Named(t, "kubernetes:core/v1:Secret", "eks-gateway-env").Has("data.BIFROST_ENCRYPTION_KEY"), "the key has a Secret of its own")
	require.NotEmpty(t, g.Named(t, "aws:secretsmanager/secret:Secret", "ecs-secret-BIFROST_SETUP_TOKEN"))
	definition := g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)
	require.Contains(t, definition, `"LOG_LEVEL"`)
}

// TestAirGapped: nothing is made that exists already, or that only the vendor's registry needs.
func TestAirGapped(t *testing.T) {
	t.Parallel()
	g := record(t, "air-gapped", example(t, "air-gapped"))
	for _, r := range g.Resources {
		if !r.Request.GetCustom() {
			continue
		}
		for _, typ := range []string{"aws:iam", "kubernetes:batch", "kubernetes:core/v1:Namespace", "kubernetes:core/v1:ServiceAccount"} {
			require.NotContains(t, r.Type, typ)
		}
		if strings.Contains(r.Type, "kubernetes:rbac") {
			require.Contains(t, r.Name, "eks-gateway-discovery", "another right than to find each other")
		}
		if r.Type == "kubernetes:core/v1:Secret" {
			require.Equal(t, "bifrost-config", r.Input(t, "metadata.name"), "another Secret than config.json's")
		}
	}
	require.Equal(t, []any{map[string]any{"name": "registry-internal"}}, pod(t, g)["imagePullSecrets"])
	require.Equal(t, "llm-gateway", pod(t, g)["serviceAccountName"])
	require.Equal(t, map[string]any{"name": "bifrost-secrets", "key": "encryption-key"}, variables(t, g)["BIFROST_ENCRYPTION_KEY"])
	require.Equal(t, []any{}, output(t, example(t, "air-gapped"), "vendorHandoff"))
	require.Contains(t, g.Named(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "eks-gateway-network-policy").Input(t, "spec.egress"),
		map[string]any{"to": []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.20.0.0/16", "except": []any{}}}}, "ports": []any{map[string]any{"port": 8000.0, "protocol": "TCP"}}},
		"a port of the configuration is a number")
}

// TestMirrorOnAKS: without an identity, the cluster need not issue tokens.
func TestMirrorOnAKS(t *testing.T) {
	t.Parallel()
	s := func() settings {
		return stackFile(t, "azure-dev").set("gcp", nil).set("registry", map[string]any{"image": "registry.internal.example.com/bifrost:2.1.0", "mirror": true})
	}
	g := s().graph(t, "azure-dev")
	g.Answers["azure-native:containerservice:getManagedCluster"] = always(aksLookup("1.34.2", false, false))
	require.NoError(t, g.Run(program(g)))
	require.Empty(t, g.Of("azure-native:managedidentity:UserAssignedIdentity"))
	require.NotContains(t, pod(t, g), "imagePullSecrets")

	g = s().set("aks.gatewayClientId", "00000000-0000-4000-8000-000000000004").graph(t, "azure-dev")
	g.Answers["azure-native:containerservice:getManagedCluster"] = always(aksLookup("1.34.2", false, false))
	require.ErrorContains(t, g.Run(program(g)), "OIDC issuer off")
}

func TestExistingConfigSecret(t *testing.T) {
	t.Parallel()
	g := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway", map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true}))
	require.EqualValues(t, 3, g.One(t, "kubernetes:apps/v1:Deployment").Input(t, "spec.replicas"))
	require.Contains(t, pod(t, g)["volumes"], map[string]any{"name": "config", "secret": map[string]any{"secretName": "theirs"}})

	sqlite := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway", map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true, "storage": map[string]any{"size": "1Gi"}}))
	require.EqualValues(t, 1, sqlite.One(t, "kubernetes:apps/v1:StatefulSet").Input(t, "spec.replicas"))
}

// TestGatewayRole: the gateway's identity is its own ServiceAccount's, and the pods wait for its policies.
func TestGatewayRole(t *testing.T) {
	t.Parallel()
	policy := "arn:aws:iam::111122223333:policy/bedrock"
	for name, c := range map[string]struct {
		eks         map[string]any
		annotated   bool
		made        bool
		association string
	}{
		"made, irsa":          {map[string]any{"gatewayPolicyArns": []any{policy}}, true, true, ""},
		"made, pod identity":  {map[string]any{"gatewayPolicyArns": []any{policy}, "gatewayAuth": "podIdentity"}, false, true, "eks-gateway-role"},
		"made, nodes pull":    {map[string]any{"gatewayPolicyArns": []any{policy}, "pull": "node", "nodeRoleArns": []any{"arn:aws:iam::111122223333:role/nodes"}}, true, true, ""},
		"made, kubelets pull": {map[string]any{"gatewayPolicyArns": []any{policy}, "pull": "kubelet", "gatewayAuth": "podIdentity"}, false, true, "eks-gateway-role"},
		"given, irsa":         {map[string]any{"gatewayRoleArn": "arn:aws:iam::111122223333:role/given"}, true, false, ""},
		"given, pod identity": {map[string]any{"gatewayRoleArn": "arn:aws:iam::111122223333:role/given", "gatewayAuth": "podIdentity"}, false, false, "eks-gateway-role-association"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, "aws-dev").set("ecs", nil)
			for key, value := range c.eks {
				s.set("eks."+key, value)
			}
			g := record(t, "aws-dev", s)
			g.RequireProviders(t)
			account := g.Named(t, "kubernetes:core/v1:ServiceAccount", "eks-gateway-service-account")
			require.Equal(t, c.annotated, account.Has(`metadata.annotations["eks.amazonaws.com/role-arn"]`))
			requireOneRoleForAToken(t, g)
			deployment := g.One(t, "kubernetes:apps/v1:Deployment")
			if c.made && c.annotated {
				require.Contains(t, g.Named(t, "aws:iam/role:Role", "eks-gateway-role-role").Input(t, "assumeRolePolicy"), "system:serviceaccount:bifrost:bifrost-sa")
				require.True(t, g.DependsOn(deployment, account))
				attachments := 0
				for _, attachment := range g.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
					if attachment.Input(t, "policyArn") == policy {
						require.True(t, g.DependsOn(deployment, attachment), "the pods do not wait for %s", attachment.Name)
						attachments++
					}
				}
				require.Equal(t, 1, attachments)
			}
			associations := g.Of("aws:eks/podIdentityAssociation:PodIdentityAssociation")
			if c.association == "" {
				require.Empty(t, associations)
				return
			}
			require.Len(t, associations, 1)
			require.Contains(t, associations[0].Name, c.association)
			require.Equal(t, "bifrost-sa", associations[0].Input(t, "serviceAccount"))
			if !c.made {
				require.True(t, g.DependsOn(deployment, associations[0]))
			}
		})
	}
}

// requireOneRoleForAToken requires that no token of a ServiceAccount opens two roles.
func requireOneRoleForAToken(t *testing.T, g *graphtest.Graph) {
	t.Helper()
	trusts := map[any]string{}
	for _, role := range g.Of("aws:iam/role:Role") {
		var trust struct {
			Statement []struct{ Principal, Condition any }
		}
		require.NoError(t, json.Unmarshal([]byte(role.Input(t, "assumeRolePolicy").(string)), &trust))
		token := fmt.Sprint(trust.Statement[0].Principal, trust.Statement[0].Condition)
		require.Empty(t, trusts[token], "%s trusts what %s does: %s", role.Name, trusts[token], token)
		trusts[token] = role.Name
	}
}

// TestGatewayRoleLookUps: what the gateway signs in with is looked up before anything is made.
func TestGatewayRoleLookUps(t *testing.T) {
	t.Parallel()
	g := stackFile(t, "aws-dev").set("eks.gatewayRoleArn", "arn:aws:iam::111122223333:role/given").set("eks.gatewayAuth", "podIdentity").graph(t, "aws-dev")
	g.Answers["aws:eks/getAddon:getAddon"] = never("couldn't find resource")
	require.ErrorContains(t, g.Run(program(g)), "eks.gatewayAuth: podIdentity needs the add-on eks-pod-identity-agent")

	g = stackFile(t, "aws-dev").set("eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{"arn:aws:iam::111122223333:role/nodes"}, "gatewayPolicyArns": []any{"arn:aws:iam::aws:policy/p"}}).graph(t, "aws-dev")
	g.Answers["aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"] = never("not found")
	require.ErrorContains(t, g.Run(program(g)), "eks.oidcProvider")
}

// TestPieces: what stands in the configuration in the words of the Kubernetes API is what the cluster gets.
func TestPieces(t *testing.T) {
	t.Parallel()
	g := record(t, "azure-dev", stackFile(t, "azure-dev").
		set("gateway.extraContainers", []any{map[string]any{
			"name": "sidecar", "image": "example.com/sidecar:1", "ports": []any{map[string]any{"containerPort": 9000}},
			"readinessProbe": map[string]any{"httpGet": map[string]any{"path": "/", "port": 9000}},
			"resources":      map[string]any{"limits": map[string]any{"cpu": 1, "memory": "64Mi"}},
		}}).
		set("gateway.scheduling", map[string]any{
			"tolerations": []any{map[string]any{"key": "gateway", "operator": "Exists"}}, "nodeSelector": map[string]any{"pool": "gateway"},
			"affinity": map[string]any{"nodeAffinity": map[string]any{"preferredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
				"weight": 1, "preference": map[string]any{"matchExpressions": []any{map[string]any{"key": "disk", "operator": "In", "values": []any{"ssd"}}}},
			}}}},
		}))
	spec := pod(t, g)
	sidecar := spec["containers"].([]any)[1].(map[string]any)
	require.Equal(t, 9000.0, sidecar["readinessProbe"].(map[string]any)["httpGet"].(map[string]any)["port"])
	require.Equal(t, map[string]any{"cpu": "1", "memory": "64Mi"}, sidecar["resources"].(map[string]any)["limits"])
	require.Equal(t, []any{map[string]any{"key": "gateway", "operator": "Exists"}}, spec["tolerations"])
	require.Equal(t, map[string]any{"pool": "gateway"}, spec["nodeSelector"])
	require.Equal(t, "disk", spec["affinity"].(map[string]any)["nodeAffinity"].(map[string]any)["preferredDuringSchedulingIgnoredDuringExecution"].([]any)[0].(map[string]any)["preference"].(map[string]any)["matchExpressions"].([]any)[0].(map[string]any)["key"])
}

// TestKeysOfTypesWithoutTags: the decoder takes them from the names of fields, and the Kubernetes API has them as the SDK's tags.
func TestKeysOfTypesWithoutTags(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	tags := 0
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			if tag, _, _ := strings.Cut(f.Tag.Get("pulumi"), ","); tag != "" {
				require.Equal(t, tag, stacks.KeyOf(f), "%s.%s", typ, f.Name)
				tags++
			}
			if f.IsExported() {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[stacks.Gateway]())
	require.Greater(t, tags, 400, "the SDK's types were not reached")
}

// TestURLs: where clients reach the gateway.
func TestURLs(t *testing.T) {
	t.Parallel()
	require.Equal(t, []any{"https://llm.example.com/"}, output(t, example(t, "clustered"), "eks").(map[string]any)["urls"])
	require.Equal(t, []any{"http://a.example.com/v1"}, output(t, stackFile(t, "azure-dev").set("gateway.ingress", map[string]any{
		"controller": "nginx", "hosts": []any{"a.example.com"}, "path": "/v1", "allowHttp": true, "allowedCidrs": []any{"10.0.0.0/8"},
	}), "aks").(map[string]any)["urls"])
	require.NotContains(t, output(t, stackFile(t, "azure-dev"), "aks"), "urls")
}

// TestEncryptionKeyGuard: the stack's key reaches what guards it on every platform, and gateway.changeEncryptionKey opens that.
func TestEncryptionKeyGuard(t *testing.T) {
	t.Parallel()
	for open, guarded := range map[bool]bool{false: true, true: false} {
		for stack, names := range map[string][]string{"azure-dev": {"aks-gateway"}, "aws-dev": {"eks-gateway", "ecs"}} {
			s := stackFile(t, stack)
			if open {
				s.set("gateway.changeEncryptionKey", true)
			}
			g := record(t, stack, s)
			for _, name := range names {
				guard := g.Named(t, "bifrost:index:EncryptionKeyGuard", name+"-encryption-key-fingerprint")
				require.Equal(t, guarded, len(guard.Request.GetHooks().GetBeforeUpdate()) > 0)
				require.True(t, guard.Inputs["fingerprint"].IsSecret())
			}
		}
		secret := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway.changeEncryptionKey", open)).Named(t, "kubernetes:core/v1:Secret", "aks-gateway-encryption-key")
		require.Equal(t, guarded, len(secret.Request.GetHooks().GetBeforeUpdate()) > 0)
	}
}
