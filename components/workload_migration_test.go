package components

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const jobType = "kubernetes:batch/v1:Job"

func migrating(a *BifrostWorkloadArgs) { a.MigrationJob = true }

// TestMigrationJob: a Job of the pods' own template migrates first, and then no pod does.
func TestMigrationJob(t *testing.T) {
	g := recordWorkload(t, func(a *BifrostWorkloadArgs) {
		migrating(a)
		a.PodLabels, a.Labels = map[string]string{"inject": "no"}, map[string]string{"team": "ai"}
	})
	job, d := g.One(t, jobType), g.One(t, deploymentType)
	const pod, container = "spec.template.spec", "spec.template.spec.containers[0]"
	for path, want := range map[string]any{
		"metadata.annotations":                   map[string]any{"pulumi.com/replaceUnready": "true"},
		"metadata.labels.app":                    "bifrost-migrate",
		"spec.activeDeadlineSeconds":             750.0,
		"spec.backoffLimit":                      2.0,
		pod + ".restartPolicy":                   "Never",
		pod + ".serviceAccountName":              "bifrost-sa",
		pod + ".imagePullSecrets":                []any{map[string]any{"name": "ecr-pull-secret"}},
		"spec.template.metadata.labels":          map[string]any{"app": "bifrost-migrate", "inject": "no", "team": "ai"},
		container + ".image":                     image,
		container + ".envFrom[0].secretRef.name": "bifrost-env",
	} {
		require.Equal(t, want, job.Input(t, path), path)
	}
	for _, of := range []string{"ports", "startupProbe", "livenessProbe", "readinessProbe", "lifecycle"} {
		require.False(t, job.Has(container+"."+of), of)
	}
	require.Equal(t, "1", envOf(t, job, container)["BIFROST_MIGRATE_ONLY"])
	require.NotContains(t, envOf(t, job, container), "BIFROST_NO_MIGRATE")
	require.Equal(t, "1", envOf(t, d, container)["BIFROST_NO_MIGRATE"])
	require.NotContains(t, envOf(t, d, container), "BIFROST_MIGRATE_ONLY")
	require.Equal(t, []string{"x-migration-failed"}, job.Request.GetHooks().GetOnError())
	require.Equal(t, job.Input(t, "spec.template.metadata.annotations"), d.Input(t, "spec.template.metadata.annotations"), "another secret migrates again")

	require.True(t, g.DependsOn(d, job))
	for property, of := range d.Request.GetPropertyDependencies() {
		require.NotContains(t, of.GetUrns(), job.URN, "%s of the Deployment comes from the Job: replacing that would delete the gateway", property)
	}
	require.Equal(t, map[string]any{"matchExpressions": []any{map[string]any{"key": "app", "operator": "In", "values": []any{"bifrost", "bifrost-migrate"}}}},
		g.One(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy").Input(t, "spec.podSelector"))
	require.Equal(t, map[string]any{"app": "bifrost"}, g.One(t, "kubernetes:core/v1:Service").Input(t, "spec.selector"), "no client reaches the Job")
	requireNoLeak(t, g)
	require.Empty(t, recordWorkload(t, asIs).Of(jobType))
}

// TestMigrationName follows from what it migrates with, and from nothing else.
func TestMigrationName(t *testing.T) {
	name := func(change func(*BifrostWorkloadArgs)) string {
		job := recordWorkload(t, func(a *BifrostWorkloadArgs) { migrating(a); change(a) }).One(t, jobType)
		require.False(t, job.Inputs["metadata"].IsSecret())
		return job.Input(t, "metadata.name").(string)
	}
	first := name(asIs)
	require.Regexp(t, `^bifrost-migrate-[0-9a-f]{10}$`, first)
	require.Equal(t, first, name(func(a *BifrostWorkloadArgs) { a.Replicas, a.EncryptionKey = 5, secret("other") }))
	for what, change := range map[string]func(*BifrostWorkloadArgs){
		"image":       func(a *BifrostWorkloadArgs) { a.Image = strings.Replace(image, "1.5.2", "1.5.3", 1) },
		"config.json": func(a *BifrostWorkloadArgs) { a.Config = secret(`{"a":2}`) },
		"database":    func(a *BifrostWorkloadArgs) { a.Env = map[string]string{"PG_HOST": "other"} },
	} {
		require.NotEqual(t, first, name(change), what)
	}
}

// TestMigrationOnEcs: each task migrates in a container before its gateway, which waits for its success.
func TestMigrationOnEcs(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) { a.MigrationJob, a.StartupSeconds = true, 300 })
	var containers []containerDefinition
	require.NoError(t, json.Unmarshal([]byte(g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)), &containers))
	require.Len(t, containers, 3)
	migrate, gateway := containers[1], containers[2]
	require.Equal(t, "migrate", migrate.Name)
	require.False(t, migrate.Essential)
	require.Equal(t, []dependency{{"config", "SUCCESS"}}, migrate.DependsOn)
	require.Equal(t, []dependency{{"migrate", "SUCCESS"}, {"config", "SUCCESS"}}, gateway.DependsOn)
	require.Equal(t, gateway.Secrets, migrate.Secrets)
	require.Contains(t, migrate.Environment, variable{"BIFROST_MIGRATE_ONLY", "1"})
	require.Contains(t, gateway.Environment, variable{"BIFROST_NO_MIGRATE", "1"})
	require.NotContains(t, gateway.Environment, variable{"BIFROST_MIGRATE_ONLY", "1"})
	require.Nil(t, migrate.HealthCheck)
	require.Empty(t, migrate.PortMappings)
	require.Contains(t, migrate.Command[0], "left=600")
}

// TestMigrationScript: it ends as the migration does, and stops a server that an image without the variable starts.
func TestMigrationScript(t *testing.T) {
	run := func(program string, deadline int) (string, error) {
		script := strings.Replace(migrationScript(deadline), "/app/docker-entrypoint.sh /app/main", program, 1)
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", script).CombinedOutput()
		return string(out), err
	}
	out, err := run("true", 5)
	require.NoError(t, err, out)
	_, err = run("sh -c 'exit 3'", 5)
	require.ErrorContains(t, err, "exit status 3")
	out, err = run("sleep 60", 0)
	require.ErrorContains(t, err, "exit status 1")
	require.Contains(t, out, "the migration did not end within 0 s: an image that does not know BIFROST_MIGRATE_ONLY starts a server instead")
}

// TestEcsStartup: the container's check and the load balancer's wait as long as a start may take.
func TestEcsStartup(t *testing.T) {
	for seconds, want := range map[int]healthCheck{
		60: {StartPeriod: 60, Retries: 3}, 300: {StartPeriod: 300, Retries: 3}, 0: {StartPeriod: 300, Retries: 5}, 600: {StartPeriod: 300, Retries: 10},
	} {
		got := (&EcsServiceArgs{StartupSeconds: seconds}).healthCheck()
		require.Equal(t, []int{want.StartPeriod, want.Retries}, []int{got.StartPeriod, got.Retries}, seconds)
	}
}

// TestGraceFollowsPreStop: streams end before SIGTERM, so the rest of a pod's end is what the gateway needs.
func TestGraceFollowsPreStop(t *testing.T) {
	for preStop, grace := range map[int]float64{0: 60, 120: 165, 3600: 3645} {
		d := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.PreStopSeconds = preStop }).One(t, deploymentType)
		require.Equal(t, grace, d.Input(t, "spec.template.spec.terminationGracePeriodSeconds"))
	}
	late := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.PreStopSeconds = 3600 }).One(t, deploymentType)
	require.Equal(t, "63m", late.Request.GetCustomTimeouts().GetDelete(), "a destroy waits for the pods")
	require.Empty(t, recordWorkload(t, asIs).One(t, deploymentType).Request.GetCustomTimeouts().GetDelete())
}

// TestIpFamily: the gateway listens on IPv6, too, and the Services are of that family.
func TestIpFamily(t *testing.T) {
	six := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.IpFamily, a.Clustering = IPv6, &WorkloadClusteringArgs{} })
	require.Equal(t, "::", envOf(t, six.One(t, deploymentType), gatewayContainer)["APP_HOST"])
	for _, service := range six.Of("kubernetes:core/v1:Service") {
		require.Equal(t, []any{"IPv6"}, service.Input(t, "spec.ipFamilies"))
	}
	four := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.IpFamily = IPv4 })
	require.NotContains(t, envOf(t, four.One(t, deploymentType), gatewayContainer), "APP_HOST")
	require.Equal(t, []any{"IPv4"}, four.One(t, "kubernetes:core/v1:Service").Input(t, "spec.ipFamilies"))
	require.False(t, recordWorkload(t, asIs).One(t, "kubernetes:core/v1:Service").Has("spec.ipFamilies"))

	task := recordEcs(t, func(a *EcsServiceArgs) { a.IpFamily = IPv6 }).One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions")
	require.Contains(t, task, `{"name":"APP_HOST","value":"::"}`)
	require.Contains(t, task, "http://127.0.0.1:8080/health", "it listens there, too")
}

func TestStartRefused(t *testing.T) {
	pods := workloadArgs()
	pods.MigrationJob, pods.IpFamily, pods.Replicas, pods.Storage = true, "six", 1, &WorkloadStorageArgs{}
	pods.Env = map[string]string{"BIFROST_NO_MIGRATE": "1"}
	pods.SecretEnv["APP_HOST"] = secret("0.0.0.0")
	pods.PreStopSeconds, pods.TerminationGraceSeconds = 120, 149
	requireRefused(t, pods.Validate(), []string{"migrationJob", "migrationJob", "ipFamily", "ipFamily", "terminationGraceSeconds"}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewBifrostWorkload(ctx, "x", pods, on)
		return err
	})
	task := ecsArgs()
	task.MigrationJob, task.IpFamily, task.StartupSeconds, task.StopTimeoutSeconds = true, IPv6, 601, 1
	task.Env = map[string]string{"BIFROST_MIGRATE_ONLY": "1", "APP_HOST": "0.0.0.0"}
	requireRefused(t, task.Validate(), []string{"migrationJob", "ipFamily", "startupSeconds", "stopTimeoutSeconds"}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewEcsService(ctx, "x", task, on)
		return err
	})
}
