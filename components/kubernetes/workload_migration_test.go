package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/graphtest"
)

const jobType = "kubernetes:batch/v1:Job"

func migrating(a *kubernetes.BifrostWorkloadArgs) { a.MigrationJob = true }

// TestMigrationJob: a Job of the pods' own template migrates first, and then no pod does.
func TestMigrationJob(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		migrating(a)
		a.PodLabels, a.Labels = map[string]string{"inject": "no"}, map[string]string{"team": "ai"}
	})
	job, d := g.One(t, jobType), g.One(t, deploymentType)
	const pod, container = "spec.template.spec", "spec.template.spec.containers[0]"
	for path, want := range map[string]any{
		"metadata.annotations":       map[string]any{"pulumi.com/replaceUnready": "true"},
		"metadata.labels.app":        "bifrost-migrate",
		"spec.activeDeadlineSeconds": 750.0,
		"spec.backoffLimit":          2.0,
		pod + ".restartPolicy":       "Never",
		pod + ".serviceAccountName":  "bifrost-sa",
		pod + ".imagePullSecrets":    []any{map[string]any{"name": "ecr-pull-secret"}},
		"spec.template.metadata.labels": map[string]any{"app": "bifrost-migrate", "inject": "no", "team": "ai",
			"sidecar.istio.io/inject": "false", "istio.io/dataplane-mode": "none", "kuma.io/sidecar-injection": "disabled"},
		container + ".image":                     graphtest.Image,
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
	require.Equal(t, []string{"x-BifrostWorkload-owned-elsewhere", "x-migration-failed"}, job.Request.GetHooks().GetOnError())
	const checksum = `spec.template.metadata.annotations["checksum/config"]`
	require.Equal(t, job.Input(t, checksum), d.Input(t, checksum), "another secret migrates again")
	require.Equal(t, "disabled", job.Input(t, `spec.template.metadata.annotations["linkerd.io/inject"]`), "a mesh's proxy would not end")
	require.False(t, d.Has(`spec.template.metadata.annotations["linkerd.io/inject"]`), "servers may be in a mesh")

	require.True(t, g.DependsOn(d, job))
	for property, of := range d.Request.GetPropertyDependencies() {
		require.NotContains(t, of.GetUrns(), job.URN, "%s of the Deployment comes from the Job: replacing that would delete the gateway",
			property)
	}
	require.Equal(t, map[string]any{"matchExpressions": []any{map[string]any{"key": "app", "operator": "In",
		"values": []any{"bifrost", "bifrost-migrate"}}}},
		g.One(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy").Input(t, "spec.podSelector"))
	require.Equal(t, map[string]any{"app": "bifrost"}, g.One(t, "kubernetes:core/v1:Service").Input(t, "spec.selector"),
		"no client reaches the Job")
	requireNoLeak(t, g)
	require.Empty(t, recordWorkload(t, asIs).Of(jobType))
}

// TestMigrationTemplate follows from what it migrates with, and a number of pods is none of that.
func TestMigrationTemplate(t *testing.T) {
	t.Parallel()
	template := func(change func(*kubernetes.BifrostWorkloadArgs)) any {
		job := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { migrating(a); change(a) }).One(t, jobType)
		require.False(t, job.Has("metadata.name"), "a name would be taken where an up has failed")
		return job.Input(t, "spec.template")
	}
	first := template(asIs)
	require.Equal(t, first, template(func(a *kubernetes.BifrostWorkloadArgs) { a.Replicas = 5 }))
	for what, change := range map[string]func(*kubernetes.BifrostWorkloadArgs){
		"image": func(a *kubernetes.BifrostWorkloadArgs) {
			a.Image = strings.Replace(graphtest.Image, "1.5.2", "1.5.3", 1)
		},
		"config.json": func(a *kubernetes.BifrostWorkloadArgs) { a.Config = graphtest.Secret(`{"a":2}`) },
		"database":    func(a *kubernetes.BifrostWorkloadArgs) { a.Env = map[string]string{"PG_HOST": "other"} },
	} {
		require.NotEqual(t, first, template(change), what)
	}
}

// TestGraceFollowsPreStop: streams end before SIGTERM, so the rest of a pod's end is what the gateway needs.
func TestGraceFollowsPreStop(t *testing.T) {
	t.Parallel()
	for preStop, grace := range map[int]float64{0: 60, 120: 165, 3600: 3645} {
		d := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.PreStopSeconds = preStop }).One(t, deploymentType)
		require.Equal(t, grace, d.Input(t, "spec.template.spec.terminationGracePeriodSeconds"))
	}
	late := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.PreStopSeconds = 3600 }).One(t, deploymentType)
	require.Equal(t, "63m", late.Request.GetCustomTimeouts().GetDelete(), "a destroy waits for the pods")
	require.Empty(t, recordWorkload(t, asIs).One(t, deploymentType).Request.GetCustomTimeouts().GetDelete())
}

// TestIpFamily: the gateway listens on IPv6, too, and the Services are of that family.
func TestIpFamily(t *testing.T) {
	t.Parallel()
	six := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.IpFamily, a.Clustering = gateway.IPv6, &kubernetes.WorkloadClusteringArgs{}
	})
	require.Equal(t, "::", envOf(t, six.One(t, deploymentType), gatewayContainer)["APP_HOST"])
	for _, service := range six.Of("kubernetes:core/v1:Service") {
		require.Equal(t, []any{"IPv6"}, service.Input(t, "spec.ipFamilies"))
	}
	four := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.IpFamily = gateway.IPv4 })
	require.NotContains(t, envOf(t, four.One(t, deploymentType), gatewayContainer), "APP_HOST")
	require.Equal(t, []any{"IPv4"}, four.One(t, "kubernetes:core/v1:Service").Input(t, "spec.ipFamilies"))
	require.False(t, recordWorkload(t, asIs).One(t, "kubernetes:core/v1:Service").Has("spec.ipFamilies"))
}

func TestStartRefused(t *testing.T) {
	t.Parallel()
	pods := workloadArgs()
	pods.MigrationJob, pods.IpFamily, pods.Replicas, pods.Storage = true, "six", 1, &kubernetes.WorkloadStorageArgs{}
	pods.Env = map[string]string{"BIFROST_NO_MIGRATE": "1"}
	pods.SecretEnv["APP_HOST"] = graphtest.Secret("0.0.0.0")
	pods.PreStopSeconds, pods.TerminationGraceSeconds = 120, 149
	graphtest.RequireRefused(t, pods.Validate(nil),
		[]string{"migrationJob", "migrationJob", "ipFamily", "ipFamily", "terminationGraceSeconds"},
		func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := kubernetes.NewBifrostWorkload(ctx, "x", pods, on)
			return err
		})
}
