package stacks_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// TestClusteringByDefault: where more than one process can run, a rollout included, and no store is SQLite.
func TestClusteringByDefault(t *testing.T) {
	t.Parallel()
	one := map[string]any{"ecs.desiredCount": 1, "ecs.minHealthyPercent": 0, "ecs.maxHealthyPercent": 100}
	for name, c := range map[string]struct {
		s         settings
		set       map[string]any
		eks, ecs  stacks.ClusterForm
		aks       stacks.ClusterForm
		processes map[stacks.Target]int
	}{
		"aws-dev":        {stackFile(t, "aws-dev"), nil, stacks.MeshCluster, stacks.MeshCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEks: 3, stacks.OnEcs: 4}},
		"azure-dev":      {stackFile(t, "azure-dev"), nil, stacks.NoCluster, stacks.NoCluster, stacks.MeshCluster, map[stacks.Target]int{stacks.OnAks: 3}},
		"minimal":        {example(t, "minimal"), nil, stacks.NoCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEks: 1}},
		"ecs-minimal":    {example(t, "ecs-minimal"), nil, stacks.NoCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEcs: 2}},
		"eks-production": {example(t, "eks-production"), nil, stacks.MeshCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEks: 7}},
		"aks-production": {example(t, "aks-production"), nil, stacks.NoCluster, stacks.NoCluster, stacks.MeshCluster, map[stacks.Target]int{stacks.OnAks: 4}},
		"clustered":      {example(t, "clustered"), nil, stacks.MeshCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEks: 4}},
		"air-gapped":     {example(t, "air-gapped"), nil, stacks.MeshCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEks: 4}},
		"ecs-production": {example(t, "ecs-production"), nil, stacks.NoCluster, stacks.MeshCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEcs: 24}},

		"one pod":            {stackFile(t, "azure-dev"), map[string]any{"gateway.replicas": 1}, stacks.NoCluster, stacks.NoCluster, stacks.MeshCluster, map[stacks.Target]int{stacks.OnAks: 2}},
		"one task":           {stackFile(t, "aws-dev"), map[string]any{"ecs.desiredCount": 1}, stacks.MeshCluster, stacks.MeshCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEcs: 2}},
		"never two tasks":    {stackFile(t, "aws-dev"), one, stacks.MeshCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnEcs: 1}},
		"one task that asks": {stackFile(t, "aws-dev"), merged(one, map[string]any{"ecs.clustering.service": "x"}), stacks.MeshCluster, stacks.MeshCluster, stacks.NoCluster, nil},
		"off":                {stackFile(t, "aws-dev"), map[string]any{"gateway.clustering.enabled": false}, stacks.NoCluster, stacks.NoCluster, stacks.NoCluster, nil},
		"off in config.json": {stackFile(t, "aws-dev"), map[string]any{"gateway.config.cluster_config.enabled": false}, stacks.NoCluster, stacks.NoCluster, stacks.NoCluster, nil},
		"a broker":           {stackFile(t, "aws-dev"), map[string]any{"gateway.clustering.type": "broker", "secrets.brokerToken": canary}, stacks.BrokerCluster, stacks.BrokerCluster, stacks.NoCluster, nil},
		"somebody's broker": {stackFile(t, "aws-dev"), map[string]any{"gateway.config.cluster_config": map[string]any{"enabled": true, "type": "broker", "broker": map[string]any{"address": "b:443"}}},
			stacks.OthersBroker, stacks.OthersBroker, stacks.NoCluster, nil},
		"an existing Secret":            {stackFile(t, "azure-dev"), map[string]any{"gateway": map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true}}, stacks.NoCluster, stacks.NoCluster, stacks.NoCluster, map[stacks.Target]int{stacks.OnAks: 4}},
		"an existing Secret, and asked": {stackFile(t, "azure-dev"), map[string]any{"gateway": map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true, "clustering": map[string]any{"enabled": true}}}, stacks.NoCluster, stacks.NoCluster, stacks.MeshCluster, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for path, value := range c.set {
				c.s.set(path, value)
			}
			config := c.s.parsed(t, name)
			for at, want := range map[stacks.Target]stacks.ClusterForm{stacks.OnEks: c.eks, stacks.OnEcs: c.ecs, stacks.OnAks: c.aks} {
				if len(config.Targets()) > 0 && config.Has(at) {
					require.Equal(t, want, config.ClusterFormAt(at), at)
				}
			}
			for at, want := range c.processes {
				require.Equal(t, want, config.TogetherAt(at), at)
			}
			require.Equal(t, c.eks == stacks.MeshCluster || c.aks == stacks.MeshCluster, config.Discovers())
		})
	}
}

func merged(all ...map[string]any) map[string]any {
	sum := map[string]any{}
	for _, m := range all {
		maps.Copy(sum, m)
	}
	return sum
}

// TestUnclusteredWarns: what goes wrong, where, and what says so.
func TestUnclusteredWarns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    settings
		set  map[string]any
		want []string
	}{
		"clustered":          {stackFile(t, "aws-dev"), nil, nil},
		"SQLite":             {example(t, "minimal"), map[string]any{"gateway.clustering.enabled": false}, nil},
		"an existing Secret": {stackFile(t, "azure-dev"), map[string]any{"gateway": map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true}}, nil},
		"both": {stackFile(t, "aws-dev"), map[string]any{"gateway.clustering.enabled": false},
			[]string{"gateway.clustering.enabled is false", "up to 3 on EKS, up to 4 on ECS", "a virtual key made on one is refused by the others", "one deleted on one stays valid", "counts limits and budgets by itself", "remove it"}},
		"in config.json": {stackFile(t, "azure-dev"), map[string]any{"gateway.config.cluster_config.enabled": false},
			[]string{"gateway.config.cluster_config.enabled is false", "up to 3 on AKS"}},
		"the rollout of one pod": {stackFile(t, "azure-dev"), map[string]any{"gateway.clustering.enabled": false, "gateway.replicas": 1}, []string{"up to 2 on AKS", "rollouts included"}},
		"one task alone": {stackFile(t, "aws-dev"), map[string]any{
			"eks": nil, "gateway.clustering.enabled": false, "ecs.desiredCount": 1, "ecs.minHealthyPercent": 0, "ecs.maxHealthyPercent": 100}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for path, value := range c.set {
				c.s.set(path, value)
			}
			warning := stacks.Unclustered(c.s.parsed(t, "x"))
			require.Equal(t, len(c.want) > 0, warning != "", warning)
			for _, want := range c.want {
				require.Contains(t, warning, want)
			}
		})
	}
}

// mesh is a cluster_config as it is written, with a discovery.
func mesh(region string, discovery map[string]any) map[string]any {
	return map[string]any{
		"enabled": true, "region": region, "discovery": discovery, "grpc": map[string]any{"port": 10102.0},
		"gossip": map[string]any{"port": 10101.0, "config": map[string]any{"timeout_seconds": 10.0, "success_threshold": 3.0, "failure_threshold": 3.0}},
	}
}

// plainNumbers is a document with its numbers as encoding/json has them.
func plainNumbers(t *testing.T, document any) map[string]any {
	t.Helper()
	text, err := json.Marshal(document)
	require.NoError(t, err)
	var plain map[string]any
	require.NoError(t, json.Unmarshal(text, &plain))
	return plain
}

// TestClusterConfig: without a key, pods find each other in the Kubernetes API and tasks by DNS, and what config.json says is what is there.
func TestClusterConfig(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev"))
	inAPI := map[string]any{"enabled": true, "type": "kubernetes", "k8s_namespace": "bifrost", "k8s_label_selector": "app=bifrost"}
	byDns := map[string]any{"enabled": true, "type": "dns", "dns_names": []any{"bifrost.aws-dev.bifrost.internal"}, "bind_port": 10101.0}
	require.Equal(t, mesh("us-east-1", inAPI), plainNumbers(t, configOf(t, g)["cluster_config"]))
	require.Equal(t, mesh("us-east-1", byDns), ecsConfigFile(t, g)["cluster_config"])
	deployment := g.One(t, "kubernetes:apps/v1:Deployment")
	require.Equal(t, "bifrost", deployment.Input(t, "spec.template.metadata.labels.app"))
	require.Equal(t, "bifrost", deployment.Input(t, "metadata.namespace"))
	require.Equal(t, []any{"pods"}, g.Named(t, "kubernetes:rbac.authorization.k8s.io/v1:Role", "eks-gateway-discovery").Input(t, "rules[0].resources"))
	require.Equal(t, "aws-dev.bifrost.internal", g.One(t, "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace").Input(t, "name"))
	require.Equal(t, "bifrost", g.One(t, "aws:servicediscovery/service:Service").Input(t, "name"))

	azure := record(t, "azure-dev", stackFile(t, "azure-dev"))
	require.Equal(t, mesh("westeurope", inAPI), plainNumbers(t, configOf(t, azure)["cluster_config"]))
	named := record(t, "aws-dev", stackFile(t, "aws-dev").set("gateway.clustering.region", "here").set("ecs.clustering", map[string]any{"namespace": "llm.internal", "service": "peers"}))
	require.Equal(t, "here", configOf(t, named)["cluster_config"].(map[string]any)["region"])
	require.Equal(t, []any{"peers.llm.internal"}, ecsConfigFile(t, named)["cluster_config"].(map[string]any)["discovery"].(map[string]any)["dns_names"])
	odd := record(t, "My_Stack.1", stackFile(t, "aws-dev"))
	require.Equal(t, "my-stack-1.bifrost.internal", odd.One(t, "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace").Input(t, "name"))

	off := record(t, "aws-dev", stackFile(t, "aws-dev").set("gateway.clustering.enabled", false))
	require.NotContains(t, configOf(t, off), "cluster_config")
	require.NotContains(t, ecsConfigFile(t, off), "cluster_config")
	require.Empty(t, off.Of("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"))
	for _, binding := range off.Of("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding") {
		require.NotContains(t, binding.Name, "discovery")
	}
}

// TestOwnClusterConfig: what config.json says beside stays; one discovery that it says is one place's.
func TestOwnClusterConfig(t *testing.T) {
	t.Parallel()
	given := map[string]any{
		"enabled": true, "region": "here", "gossip": map[string]any{"port": 10101, "config": map[string]any{"timeout_seconds": 5}},
		"discovery": map[string]any{"type": "dns", "dns_names": []any{"bifrost.aws-dev.bifrost.internal", "other.example.com"}, "dial_timeout": "5s"},
	}
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("gateway.config.cluster_config", given))
	want := mesh("here", map[string]any{
		"enabled": true, "type": "dns", "dns_names": []any{"bifrost.aws-dev.bifrost.internal", "other.example.com"}, "dial_timeout": "5s", "bind_port": 10101.0,
	})
	want["gossip"].(map[string]any)["config"].(map[string]any)["timeout_seconds"] = 5.0
	require.Equal(t, want, ecsConfigFile(t, g)["cluster_config"])
	require.Equal(t, "kubernetes", configOf(t, g)["cluster_config"].(map[string]any)["discovery"].(map[string]any)["type"])

	s := stackFile(t, "aws-dev").set("eks", nil).set("gateway.config.cluster_config.discovery.type", "kubernetes").graph(t, "aws-dev")
	require.ErrorContains(t, s.Run(program(s)), "cluster_config.discovery.type: Invalid value: \"kubernetes\": ECS tasks find each other through DNS; write dns, or remove it")
	for name, c := range map[string]struct {
		set  map[string]any
		want string
	}{
		"off":    {map[string]any{"gateway.config.cluster_config.enabled": false}, "gateway.config.cluster_config.enabled: Invalid value: false: ecs.clustering wants a cluster; remove one of them"},
		"broker": {map[string]any{"gateway.config.cluster_config": map[string]any{"enabled": true, "type": "broker", "broker": map[string]any{"address": "b:443"}}}, "with a broker the tasks need not find each other; remove ecs.clustering"},
		"switch": {map[string]any{"gateway.clustering.enabled": false}, "ecs.clustering: Forbidden: gateway.clustering.enabled is false; remove one of them"},
		"SQLite": {map[string]any{"gateway": sqlite("log", map[string]any{"level": "info"})}, "ecs.clustering: Forbidden: a store is SQLite"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, "aws-dev").set("eks", nil).set("ecs.clustering.namespace", "bifrost.internal")
			for path, value := range c.set {
				s.set(path, value)
			}
			g := s.graph(t, "aws-dev")
			require.ErrorContains(t, g.Run(program(g)), c.want)
			require.Empty(t, g.Resources)
		})
	}
}

// TestClusteringOnECSAlone: the switch, the form and the region are read there, too.
func TestClusteringOnECSAlone(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("eks", nil).set("gateway.clustering", map[string]any{"enabled": true, "type": "mesh", "region": "here"}))
	require.Equal(t, "here", ecsConfigFile(t, g)["cluster_config"].(map[string]any)["region"])
}

// TestTaskVariables: ecs.env and secrets.ecsEnv are the tasks' alone, and win there.
func TestTaskVariables(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("ecs.env.PG_HOST", "ecs.example.com").set("secrets.ecsEnv", map[string]any{"PG_PASSWORD": canary + "-ecs"}))
	require.Equal(t, "bifrost", variables(t, g)["PG_DATABASE"])
	require.Equal(t, "bifrost.cluster-c0ffee.us-east-1.rds.amazonaws.com", variables(t, g)["PG_HOST"])
	tasks := map[string]string{}
	for _, v := range ecsContainers(t, g, "ecs-task-definition")[1]["environment"].([]any) {
		tasks[v.(map[string]any)["name"].(string)] = v.(map[string]any)["value"].(string)
	}
	require.Equal(t, "bifrost_ecs", tasks["PG_DATABASE"])
	require.Equal(t, "ecs.example.com", tasks["PG_HOST"])
	require.Equal(t, canary+"-ecs", g.Named(t, "aws:secretsmanager/secretVersion:SecretVersion", "ecs-secret-PG_PASSWORD-version").Input(t, "secretString"))

	// A secret that only the tasks refer to is missed by its key.
	s := stackFile(t, "aws-dev").set("secrets.env", nil).set("secrets.ecsEnv", map[string]any{"PG_PASSWORD": canary})
	require.Equal(t, []string{"env.PG_PASSWORD"}, missing(s), "the pods have none")
	require.Empty(t, missing(s.set("eks", nil)))
}

// TestDatabaseOfEachPlatform: another host, port or name is another database, plain or secret; no secret is repeated.
func TestDatabaseOfEachPlatform(t *testing.T) {
	t.Parallel()
	secretHost := func(ecs string) settings {
		s := stackFile(t, "aws-dev").set("ecs.env", nil).set("gateway.env.PG_HOST", nil).set("secrets.env.PG_HOST", canary+".example.com")
		return s.set("secrets.ecsEnv", map[string]any{"PG_HOST": ecs})
	}
	for name, c := range map[string]struct {
		s    settings
		same bool
	}{
		"name":                {stackFile(t, "aws-dev"), false},
		"host":                {stackFile(t, "aws-dev").set("ecs.env", map[string]any{"PG_HOST": "other.example.com"}), false},
		"port":                {stackFile(t, "aws-dev").set("ecs.env", map[string]any{"PG_PORT": "6432"}).set("gateway.env.PG_PORT", "5432").set("gateway.config.config_store.config.port", "env.PG_PORT").set("gateway.config.logs_store.config.port", "env.PG_PORT"), false},
		"secret host":         {secretHost("other." + canary), false},
		"the same secretly":   {secretHost(canary + ".example.com"), true},
		"the same":            {stackFile(t, "aws-dev").set("ecs.env", nil), true},
		"the same logs alone": {stackFile(t, "aws-dev").set("gateway.config.logs_store.config.db_name", "logs"), true},
		"one platform":        {stackFile(t, "aws-dev").set("ecs.env", nil).set("eks", nil), false},
		"identity":            {stackFile(t, "aws-dev").set("ecs.env", nil).set("rollout", "identity"), true},
	} {
		t.Run(name, func(t *testing.T) {
			g := c.s.graph(t, "aws-dev")
			err := g.Run(program(g))
			if !c.same {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "would share one database")
			require.NotContains(t, err.Error(), canary)
			require.Empty(t, g.Resources)
		})
	}
}

// ecsContainers are the containers of a task definition.
func ecsContainers(t *testing.T, g *graphtest.Graph, name string) []map[string]any {
	t.Helper()
	var containers []map[string]any
	require.NoError(t, json.Unmarshal([]byte(g.Named(t, "aws:ecs/taskDefinition:TaskDefinition", name).Input(t, "containerDefinitions").(string)), &containers))
	return containers
}

// runningTasks answers that each service runs what was registered for it.
func runningTasks(args resource.PropertyMap) (resource.PropertyMap, error) {
	name := "ecs-task-definition"
	if args["serviceName"].StringValue() == "bifrost-broker" {
		name = "ecs-broker-task-definition"
	}
	return resource.NewPropertyMapFromMap(map[string]any{"taskDefinition": "arn:aws:test:us-east-1:111122223333:" + name}), nil
}
