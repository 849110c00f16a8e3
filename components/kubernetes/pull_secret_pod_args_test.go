package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

const cronJobType = "kubernetes:batch/v1:CronJob"

var tolerateAll = corev1.TolerationArray{&corev1.TolerationArgs{Operator: pulumi.String("Exists")}}

func withCa(pem string) *kubernetes.PullSecretPodArgs {
	return &kubernetes.PullSecretPodArgs{Ca: &kubernetes.CaArgs{Pem: pem}}
}

// refresherPods are the templates of the refresher's pods: of the schedule and of the first run.
func refresherPods(t *testing.T, args *kubernetes.PullSecretArgs) map[string]func(path string) any {
	g := recordPullSecret(t, args)
	cron, job := g.One(t, cronJobType), g.One(t, jobType)
	return map[string]func(path string) any{
		"schedule":  func(path string) any { return cron.Input(t, "spec.jobTemplate.spec.template."+path) },
		"first run": func(path string) any { return job.Input(t, "spec.template."+path) },
	}
}

// TestRefresherFitsItsCluster: both pods have what the cluster asks of any pod, and the policy picks them as before.
func TestRefresherFitsItsCluster(t *testing.T) {
	t.Parallel()
	for registry, args := range map[string]*kubernetes.PullSecretArgs{"ecr": ecrArgs(), "artifact registry": arArgs(), "entra": entraArgs()} {
		args.Labels = map[string]string{"team": "ai"}
		args.Pods = &kubernetes.PullSecretPodArgs{
			Scheduling: &kubernetes.WorkloadSchedulingArgs{
				NodeSelector: map[string]string{"pool": "system"}, Tolerations: tolerateAll, PriorityClass: "high",
			},
			Labels: map[string]string{"cost-center": "7"}, Annotations: map[string]string{"policy.example.com/exempt": "no"},
			Env:              map[string]string{"HTTPS_PROXY": "http://proxy:3128"},
			SecretRefs:       map[string]kubernetes.SecretKeyRef{"PROXY_LOGIN": {Secret: "proxy", Key: "login"}},
			ImagePullSecrets: []string{"mirror"},
		}
		args.NetworkPolicy = &kubernetes.PullSecretNetworkPolicyArgs{Destinations: []kubernetes.NetworkDestination{
			{Peer: &kubernetes.NetworkPeer{Cidr: "10.0.0.7/32"}, Port: 3128},
		}}
		for which, pod := range refresherPods(t, args) {
			for path, want := range map[string]any{
				"spec.nodeSelector":      map[string]any{"pool": "system"},
				"spec.tolerations":       []any{map[string]any{"operator": "Exists"}},
				"spec.priorityClassName": "high",
				"spec.imagePullSecrets":  []any{map[string]any{"name": "mirror"}},
			} {
				require.Equal(t, want, pod(path), "%s: %s", registry, which)
			}
			labels := pod("metadata.labels").(map[string]any)
			require.Equal(t, "7", labels["cost-center"], registry)
			require.Equal(t, "ai", labels["team"], registry)
			require.Equal(t, "no", pod("metadata.annotations").(map[string]any)["policy.example.com/exempt"])
			env := pod("spec.initContainers").([]any)[0].(map[string]any)["env"].([]any)
			require.Contains(t, env, map[string]any{"name": "HTTPS_PROXY", "value": "http://proxy:3128"})
			require.Contains(t, env, map[string]any{"name": "PROXY_LOGIN",
				"valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "proxy", "key": "login"}}})
			require.Len(t, pod("spec.containers").([]any)[0].(map[string]any)["env"], 1, "kubectl speaks to the API server alone")
		}
		policy := recordPullSecret(t, args).One(t, policyType)
		require.Contains(t, policy.Input(t, "spec.egress"), map[string]any{
			"to":    []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.7/32"}}},
			"ports": []any{map[string]any{"protocol": "TCP", "port": 3128.0}},
		})
		require.Len(t, policy.Input(t, "spec.podSelector.matchLabels"), 1)
	}
}

// TestRefresherOutsideMeshes: a mesh's proxy goes on after the token is written, and the first run would never end. Whoever wants it there
// says so.
func TestRefresherOutsideMeshes(t *testing.T) {
	t.Parallel()
	for which, pod := range refresherPods(t, ecrArgs()) {
		labels, annotations := pod("metadata.labels").(map[string]any), pod("metadata.annotations").(map[string]any)
		require.Equal(t, "false", labels["sidecar.istio.io/inject"], which)
		require.Equal(t, "none", labels["istio.io/dataplane-mode"], which)
		require.Equal(t, "disabled", labels["kuma.io/sidecar-injection"], which)
		require.Equal(t, "false", annotations["sidecar.istio.io/inject"], which)
		require.Equal(t, "disabled", annotations["linkerd.io/inject"], which)
		require.Equal(t, "false", annotations["consul.hashicorp.com/connect-inject"], which)
		require.Equal(t, "disabled", annotations["openservicemesh.io/sidecar-injection"], which)
	}
	asked := ecrArgs()
	asked.Pods = &kubernetes.PullSecretPodArgs{
		Labels:      map[string]string{"sidecar.istio.io/inject": "true"},
		Annotations: map[string]string{"linkerd.io/inject": "enabled"},
	}
	for which, pod := range refresherPods(t, asked) {
		require.Equal(t, "true", pod("metadata.labels").(map[string]any)["sidecar.istio.io/inject"], which)
		require.Equal(t, "enabled", pod("metadata.annotations").(map[string]any)["linkerd.io/inject"], which)
	}
}

// TestMissedRuns: a run without a node waits for one, a run whose time passed while nobody watched begins late, and nothing waits behind a
// run that hangs. A try has five minutes from the moment in which a node has its pod.
func TestMissedRuns(t *testing.T) {
	t.Parallel()
	for registry, c := range map[string]struct {
		args     *kubernetes.PullSecretArgs
		deadline int
	}{
		"ecr":                             {ecrArgs(), 43200},
		"artifact registry":               {arArgs(), 3600},
		"artifact registry, longer lived": {longLived(), 14400},
	} {
		cron := recordPullSecret(t, c.args).One(t, cronJobType)
		require.Equal(t, "Replace", cron.Input(t, "spec.concurrencyPolicy"), registry)
		require.EqualValues(t, c.deadline, cron.Input(t, "spec.startingDeadlineSeconds"), registry)
		require.False(t, cron.Has("spec.jobTemplate.spec.activeDeadlineSeconds"), "%s: it would end a run that has no node", registry)
		for which, pod := range refresherPods(t, c.args) {
			require.EqualValues(t, 300, pod("spec.activeDeadlineSeconds"), "%s: %s", registry, which)
		}
	}
}

func longLived() *kubernetes.PullSecretArgs {
	args := arArgs()
	args.ArtifactRegistry.TokenLifeSeconds = 14400
	return args
}

// TestRefresherTrusts: the CLI that fetches the token trusts the network's authorities and the public ones, by each CLI's own variable.
func TestRefresherTrusts(t *testing.T) {
	t.Parallel()
	args := ecrArgs()
	args.Pods = withCa("OUR AUTHORITY")
	g := recordPullSecret(t, args)
	configMap := g.One(t, "kubernetes:core/v1:ConfigMap")
	require.Equal(t, "bifrost-pull-network-ca", configMap.Input(t, "metadata.name"))
	require.Equal(t, map[string]any{"network-ca.pem": "OUR AUTHORITY"}, configMap.Input(t, "data"))
	job := g.One(t, jobType)
	require.True(t, g.DependsOn(job, configMap))
	require.True(t, g.DependsOn(g.One(t, cronJobType), configMap))
	require.Contains(t, job.Input(t, "spec.template.spec.volumes"), map[string]any{"name": "network-ca", "configMap": map[string]any{
		"name": "bifrost-pull-network-ca", "items": []any{map[string]any{"key": "network-ca.pem", "path": "network-ca.pem"}},
	}})
	require.Contains(t, job.Input(t, "spec.template.spec.initContainers[0].volumeMounts"),
		map[string]any{"name": "network-ca", "mountPath": "/etc/bifrost/network-ca", "readOnly": true})
	require.Equal(t, "/etc/bifrost/network-ca/network-ca.pem", envOf(t, job, "spec.template.spec.initContainers[0]")["NETWORK_CA_FILE"])

	home, ca := t.TempDir(), filepath.Join(t.TempDir(), "network-ca.pem")
	require.NoError(t, os.WriteFile(ca, []byte("OUR AUTHORITY\n"), 0o600))
	stub := `cat "$AWS_CA_BUNDLE" > "$HOME/seen"; [ "$AWS_CA_BUNDLE$CURL_CA_BUNDLE" = "$SSL_CERT_FILE$CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE" ] && echo token`
	_, output, err := tokenContainer(t, args)(t, map[string]string{"aws": stub}, "HOME="+home, "NETWORK_CA_FILE="+ca)
	require.NoError(t, err, output)
	seen, err := os.ReadFile(filepath.Join(home, "seen"))
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(seen), "OUR AUTHORITY\n"))
	if public, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		require.Contains(t, string(seen), string(public))
	}

	_, output, err = tokenContainer(t, ecrArgs())(t, map[string]string{"aws": `[ -z "${AWS_CA_BUNDLE:-}" ] && echo token`})
	require.NoError(t, err, "without authorities of its own the CLI keeps those that it has: %s", output)

	existing := ecrArgs()
	existing.Pods = &kubernetes.PullSecretPodArgs{Ca: &kubernetes.CaArgs{ConfigMap: &kubernetes.ConfigMapKeyRef{Name: "team-ca", Key: "ca.crt"}}}
	g = recordPullSecret(t, existing)
	require.Empty(t, g.Of("kubernetes:core/v1:ConfigMap"))
	require.Contains(t, g.One(t, jobType).Input(t, "spec.template.spec.volumes"), map[string]any{"name": "network-ca", "configMap": map[string]any{
		"name": "team-ca", "items": []any{map[string]any{"key": "ca.crt", "path": "network-ca.pem"}},
	}})
}

func TestRefresherPodsRefused(t *testing.T) {
	t.Parallel()
	args := ecrArgs()
	args.Pods = &kubernetes.PullSecretPodArgs{
		Scheduling: &kubernetes.WorkloadSchedulingArgs{NodeSelector: map[string]string{"a b": "c"}, PriorityClass: "A", Architectures: []string{"s390x"}},
		Labels:     map[string]string{"app": "mine"}, Annotations: map[string]string{"a b": "c"},
		Env:              map[string]string{"AWS_ROLE_ARN": "mine", "NETWORK_CA_FILE": "/x", "A B": "c"},
		SecretRefs:       map[string]kubernetes.SecretKeyRef{"HOME": {Secret: "s", Key: "k"}, "OK": {Secret: "A B", Key: "a b"}},
		ImagePullSecrets: []string{"A"}, Ca: &kubernetes.CaArgs{},
	}
	graphtest.RequireRefused(t, args.Validate(nil), []string{
		"pods.scheduling.nodeSelector[a b]", "pods.scheduling.architectures[0]", "pods.scheduling.priorityClass", "pods.labels[app]",
		"pods.annotations[a b]", "pods.env[A B]", "pods.env[AWS_ROLE_ARN]", "pods.env[NETWORK_CA_FILE]", "pods.secretRefs[HOME]",
		"pods.secretRefs[OK].secret", "pods.secretRefs[OK].key", "pods.imagePullSecrets[0]", "pods.ca",
	}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewPullSecret(ctx, "x", args, on)
		return err
	})
	short := arArgs()
	short.ArtifactRegistry.TokenLifeSeconds = 60
	require.ErrorContains(t, short.Validate(nil).ToAggregate(), "artifactRegistry.tokenLifeSeconds")
}
