package verify_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

var update = flag.Bool("update", false, "write the goldens anew")

// unstable is what differs from run to run.
var unstable = regexp.MustCompile(`[0-9dhms]+ old|expires in [0-9dhms]+|sha256:[0-9a-f]{12}|-first-run-[0-9a-f]{8}|config [0-9a-f]{12}|AROA[0-9A-F]{17}|client id [0-9a-f-]{36}`)

// TestScreens: what a person sees of a healthy stack, and of a broken one.
func TestScreens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		way    way
		edit   edits.Edit
		format report.Format
	}{
		{"aws-dev", refreshIRSA, nil, report.Table},
		{"azure-dev", trustAKS, nil, report.Table},
		{"aws-dev-broken", refreshIRSA, edits.Replacing(pulumitype.AwsRole, edits.PullRole, "assumeRolePolicy", subject, stranger), report.Table},
		{"azure-dev-broken", trustAKS, edits.Removed(edits.SecretKind, "ar-pull-secret"), report.Short},
		{"azure-dev-broken", trustAKS, edits.Removed(edits.SecretKind, "ar-pull-secret"), report.JSON},
	} {
		t.Run(test.name+" "+string(test.format), func(t *testing.T) {
			t.Parallel()
			r := stand(t, test.way)
			if test.edit != nil {
				test.edit(t, r.World)
			}
			printed, err := r.verify(verify.Options{Format: test.format})
			require.Equal(t, test.edit != nil, err != nil)
			printed = unstable.ReplaceAllString(printed, "(differs)")
			golden := filepath.Join("testdata", test.name+"."+string(test.format)+".golden")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(printed), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), printed, "run: go test ./verify -run TestScreens -update, and review the difference")
		})
	}
}

// TestBefore: what must hold before the first up is told before it.
func TestBefore(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			d := rehearse(t, w).document(verify.Options{Before: true})
			require.Empty(t, bad(d))
			for _, category := range d.Categories {
				for _, c := range category.Checks {
					require.True(t, c.Result == check.OK || maySkip(w, c.Code), "%+v", c)
				}
			}
		})
	}
	for _, b := range []breakage{
		{way: refreshIRSA, what: "another account", edit: func(_ testing.TB, w *cloud.World) { w.SignedIn.AWSAccount = "999988887777" }, code: "aws-account", error: "account 999988887777", hint: "aws sts get-caller-identity"},
		{way: refreshIRSA, what: "no OIDC provider", edit: edits.Removed(pulumitype.AwsOidcProvider, ""), code: "eks-oidc-provider", error: "has no IAM OIDC provider", hint: "eksctl"},
		{way: refreshIRSA, what: "no ECS cluster", edit: func(_ testing.TB, w *cloud.World) { w.AWS["111122223333"].ECS = nil }, code: "pre-ecs-cluster", error: "there is no ECS cluster dev", hint: "aws ecs create-cluster --region us-east-1 --cluster-name dev"},
		{way: podIdentity, what: "no agent", edit: edits.EKS(func(c *world.EKSCluster) { c.PodIdentityAgent = false }), code: "eks-pod-identity-agent", error: "add-on", hint: "aws eks create-addon"},
		{way: byNode, what: "other nodes", edit: edits.EKS(func(c *world.EKSCluster) { c.NodeRoles = []string{"other"} }), code: "eks-node-roles", error: "role/other", hint: "eks.nodeRoleArns"},
		{way: clustered, what: "no HTTPRoutes", edit: edits.Removed("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "httproutes"), code: "pre-kinds", error: "does not know HTTPRoute of gateway.networking.k8s.io/v1", hint: "custom resource definitions"},
		{way: trustAKS, what: "issuer off", edit: edits.AKS(func(c *world.AKSCluster) { c.OIDCIssuer = false }), code: "aks-issuer", error: "is off", hint: enable},
		{way: trustAKS, what: "another tenant", edit: func(_ testing.TB, w *cloud.World) {
			for _, s := range w.Azure {
				s.Tenant = "00000000-0000-4000-8000-00000000000f"
			}
		}, code: "azure-tenant", error: "azure.tenantId", hint: "az login --tenant"},
		{way: trustAKS, what: "no cluster", edit: func(_ testing.TB, w *cloud.World) {
			for _, s := range w.Azure {
				s.AKS = nil
			}
		}, code: "aks-cluster", error: "there is no AKS cluster dev", hint: "az aks list"},
		{way: trustAKS, what: "no API server", edit: func(_ testing.TB, w *cloud.World) { clear(w.Clusters) }, code: "cluster-api", error: "there is no way to the API server", hint: "az aks get-credentials --resource-group bifrost-dev --name dev"},
	} {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			r := rehearse(t, b.way)
			b.edit(t, r.World)
			found := bad(r.document(verify.Options{Before: true}))
			require.Len(t, found, 1, "%+v", found)
			require.Equal(t, b.code, found[0].Code, "%+v", found[0])
			require.Contains(t, found[0].Error, b.error)
			require.Contains(t, found[0].Hint, b.hint)
		})
	}
}

// TestNeverUp: without outputs there is one failure, and nothing else is asked.
func TestNeverUp(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		found := bad(rehearse(t, w).document(verify.Options{}))
		require.Len(t, found, 1, "%s: %+v", w.Name, found)
		require.Equal(t, "stack-outputs", found[0].Code)
	}
}

// TestIdentityRollout: a stack of identities alone is judged by its identities.
func TestIdentityRollout(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			if on, _ := rehearse(t, w).stack.Config.Cluster(); on.StaticKey {
				t.Skip("with a key there are no identities to begin with")
			}
			r := rehearse(t, w).set("rollout=identity").up()
			d := r.document(verify.Options{})
			require.Empty(t, bad(d))
			for _, category := range d.Categories {
				require.Contains(t, []string{"credentials", "configuration", "what the stack made", "what the stack names", "identity trust"}, category.Name)
			}
			r.configure()
			found := bad(r.document(verify.Options{}))
			require.Len(t, found, 1)
			require.Contains(t, found[0].Error, "rollout is full in the configuration, and the last up was identity")
		})
	}
}

// TestWait: failed checks are repeated, with growing pauses, until they are good or the time has passed.
func TestWait(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	secret := edits.The(t, r.World, edits.SecretKind, "ecr-pull-secret")[0]
	secret.Deleted = true
	var pauses []time.Duration
	look := func(wait time.Duration, mendAfter int) error {
		pauses = nil
		return verify.Run(t.Context(), &bytes.Buffer{}, r.stack, saved.Clouds(r.World, r.Look.Server), verify.Options{Wait: wait, Format: report.Table},
			func(_ context.Context, d time.Duration) {
				if pauses = append(pauses, d); len(pauses) == mendAfter {
					secret.Deleted = false
				}
			})
	}
	var broken *verify.BrokenError
	require.ErrorAs(t, look(40*time.Second, 0), &broken)
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 10 * time.Second}, pauses)
	require.ErrorAs(t, look(0, 0), &broken)
	require.Empty(t, pauses)
	require.NoError(t, look(time.Hour, 2))
	require.Len(t, pauses, 2)
	require.NoError(t, look(time.Hour, 0))
	require.Empty(t, pauses, "what is good is not looked at again")
}

func TestInterruptedWait(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	edits.Removed(edits.SecretKind, "ecr-pull-secret")(t, r.World)
	ctx, cancel := context.WithCancel(t.Context())
	err := verify.Run(ctx, &bytes.Buffer{}, r.stack, saved.Clouds(r.World, r.Look.Server), verify.Options{Wait: time.Hour, Format: report.Table},
		func(context.Context, time.Duration) { cancel() })
	require.EqualError(t, err, "interrupted")
}

// TestNoWayToTheCluster: one failure, whatever else the cluster could have been asked.
func TestNoWayToTheCluster(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	clouds := saved.Clouds(r.World, r.Look.Server)
	clouds.Kubernetes = func(context.Context) (kubernetes.Interface, error) { return nil, errors.New("exec: aws: not found") }
	found := bad(r.documentOf(clouds, verify.Options{}))
	require.Len(t, found, 1, "%+v", found)
	require.Equal(t, "cluster-api", found[0].Code)
	require.Contains(t, found[0].Error, "exec: aws: not found")
	require.Contains(t, found[0].Hint, "aws eks update-kubeconfig --region us-east-1 --name dev")
}

// changed lets a function change the objects of the stack's cluster, as somebody with kubectl could.
func (r *rehearsed) changed(change func(ctx context.Context, client kubernetes.Interface)) service.Clouds {
	clouds := saved.Clouds(r.World, r.Look.Server)
	inner := clouds.Kubernetes
	clouds.Kubernetes = func(ctx context.Context) (kubernetes.Interface, error) {
		client, err := inner(ctx)
		require.NoError(r.T, err)
		change(ctx, client)
		return client, nil
	}
	return clouds
}

// eachPod changes the status of the gateway's container in every pod.
func (r *rehearsed) eachPod(change func(*corev1.ContainerStatus)) service.Clouds {
	return r.changed(func(ctx context.Context, client kubernetes.Interface) {
		pods, err := client.CoreV1().Pods("bifrost").List(ctx, metav1.ListOptions{})
		require.NoError(r.T, err)
		for _, pod := range pods.Items {
			change(&pod.Status.ContainerStatuses[0])
			_, err := client.CoreV1().Pods("bifrost").UpdateStatus(ctx, &pod, metav1.UpdateOptions{})
			require.NoError(r.T, err)
		}
	})
}

// TestPods: what only running pods tell.
func TestPods(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	ended := func(reason string, code int32, at time.Time) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code, FinishedAt: metav1.NewTime(at)}}
	}
	for name, test := range map[string]struct {
		change            func(*corev1.ContainerStatus)
		code, error, hint string
		result            check.Status
	}{
		"the same digest": {func(c *corev1.ContainerStatus) { c.ImageID = "registry/app@sha256:" + world.Hex(64, "2.1.0") }, "", "", "", ""},
		"the tag has moved": {func(c *corev1.ContainerStatus) { c.ImageID = "registry/app@sha256:" + world.Hex(64, "other") }, "pull-tag",
			"the tag 2.1.0 has moved", "acme-hub@sha256:" + world.Hex(64, "2.1.0"), check.Warning},
		"out of memory": {func(c *corev1.ContainerStatus) {
			c.RestartCount, c.LastTerminationState = 3, ended("OOMKilled", 137, time.Now())
		}, "workload-restarts", "OOMKilled, exit code 137: the container needed more memory", "gateway.memoryLimit", check.Warning},
		"restarts again and again": {func(c *corev1.ContainerStatus) {
			c.RestartCount, c.LastTerminationState = 7, ended("Error", 1, time.Now())
			c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
		}, "workload-restarts", "was restarted 7 times: Error, exit code 1", "kubectl logs deployment/bifrost -n bifrost --previous", check.Failed},
		"a restart of long ago": {func(c *corev1.ContainerStatus) {
			c.RestartCount, c.LastTerminationState = 1, ended("Error", 1, time.Now().Add(-48*time.Hour))
		}, "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := bad(r.documentOf(r.eachPod(test.change), verify.Options{}))
			if test.code == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1, "%+v", found)
			require.Equal(t, test.code, found[0].Code)
			require.Equal(t, test.result, found[0].Result)
			require.Contains(t, found[0].Error, test.error)
			require.Contains(t, found[0].Hint, test.hint)
		})
	}
}

// TestDisruptionBudget: one that lets no pod go keeps nodes from being drained.
func TestDisruptionBudget(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	r.World.Put(&world.Resource{Type: "kubernetes:policy/v1:PodDisruptionBudget", Scope: r.Look.Server, ID: "bifrost/another", State: map[string]any{
		"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": map[string]any{"name": "another", "namespace": "bifrost"},
		"spec": map[string]any{"minAvailable": "100%", "selector": map[string]any{"matchLabels": map[string]any{"app": "bifrost"}}},
	}})
	found := bad(r.document(verify.Options{}))
	require.Len(t, found, 1)
	require.Equal(t, "workload-disruption", found[0].Code)
	require.Contains(t, found[0].Error, "allows no disruption (2 healthy of 2 wanted)")
}

// TestChangedByHand: a Secret that somebody changed rolls no pod.
func TestChangedByHand(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	edits.With(edits.SecretKind, "bifrost-config", "metadata.managedFields=[{manager: kubectl-edit, operation: Update, apiVersion: v1, time: '2026-01-02T03:04:05Z', fieldsType: FieldsV1, fieldsV1: {'f:data': {'f:config.json': {}}}}]")(t, r.World)
	found := bad(r.document(verify.Options{}))
	require.Len(t, found, 1)
	require.Equal(t, "config-checksum", found[0].Code)
	require.Contains(t, found[0].Error, "was changed with kubectl-edit at 2026-01-02 03:04 UTC")
}

// TestForbidden: what the person may not read is told, and how to sign in.
func TestForbidden(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	clouds := r.changed(func(_ context.Context, client kubernetes.Interface) {
		client.(*fake.Clientset).PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x", errors.New("you may not"))
		})
	})
	d := r.documentOf(clouds, verify.Options{})
	require.Empty(t, bad(d), "a right that is missing breaks nothing")
	skipped := map[string]string{}
	for _, category := range d.Categories {
		for _, c := range category.Checks {
			if c.Result == check.Skipped {
				skipped[c.Code] = c.Error
			}
		}
	}
	for _, code := range []string{"config-json", "config-env", "config-checksum", "pull-secret", "pull-manifest"} {
		require.Contains(t, skipped[code], "you may not", code)
	}
}

// TestCatchUp: the sandbox's CronJobs run by this machine's clock, so that a stack which stands for long is still fine.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	r := rehearse(t, trustAKS).up()
	before := edits.The(t, r.World, edits.SecretKind, "ar-pull-secret")[0].State["data"]
	require.NoError(t, saved.CatchUp(t.Context(), r.World, r.Look.Server))
	require.Equal(t, before, edits.The(t, r.World, edits.SecretKind, "ar-pull-secret")[0].State["data"], "nothing is due yet")

	r.World.Later = -2 * time.Hour // the token is given two hours ago
	r.set("refresher.images.kubectl=registry.k8s.io/kubectl:v1.34.4").up()
	r.World.Later = 0
	require.Equal(t, "pull-token", bad(r.document(verify.Options{}))[0].Code)
	require.NoError(t, saved.CatchUp(t.Context(), r.World, r.Look.Server))
	require.Empty(t, bad(r.document(verify.Options{})))
}

// TestLoginByHalf: a user name without a password is a mistake.
func TestLoginByHalf(t *testing.T) {
	t.Setenv("BIFROST_ADMIN_USERNAME", "somebody")
	t.Setenv("BIFROST_ADMIN_PASSWORD", "")
	cmd := verify.Command(saved.Open)
	cmd.SetArgs([]string{"aws-dev", "--sandbox", "--dir", "/tmp"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.EqualError(t, cmd.Execute(), "BIFROST_ADMIN_USERNAME is in the environment, and BIFROST_ADMIN_PASSWORD is not: give both, or the password alone")
}

// TestNotInPulumi: who has the stack in the sandbox alone is told how verify looks there.
func TestNotInPulumi(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	t.Setenv("PULUMI_BACKEND_URL", "file://"+t.TempDir())
	cmd := verify.Command(saved.Open)
	cmd.SetArgs([]string{"aws-dev", "--dir", "../.."})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.ErrorContains(t, cmd.Execute(), "; for the stack in the sandbox: bifrostctl verify aws-dev --sandbox")
}

// TestPage: every code has its anchor in docs/verify.md, and every anchor its code.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	require.NoError(t, err)
	codes := map[string]bool{}
	collect := func(d report.Document) {
		for _, category := range d.Categories {
			for _, c := range category.Checks {
				codes[c.Code] = true
			}
		}
	}
	for _, w := range append(slices.Concat(ways, examples(t)), way{Name: "identity", Stack: "aws-dev", Settings: []string{"ecs=null", "eks.gatewayRoleArn=arn:aws:iam::111122223333:role/bedrock"}}) {
		r := rehearse(t, w)
		r.stack.Access = checks.Access{Model: "openai/gpt-4o-mini", Database: true}
		collect(r.document(verify.Options{Before: true}))
		collect(r.up().document(verify.Options{}))
	}
	for code := range codes {
		require.Contains(t, string(page), "\n### "+code+"\n")
	}
	for _, heading := range regexp.MustCompile(`(?m)^### (\S+)$`).FindAllStringSubmatch(string(page), -1) {
		require.True(t, codes[heading[1]], "no check has the code %s", heading[1])
	}
}

func TestCommandRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                             "verify takes one stack, not 0",
		"a b":                          "verify takes one stack, not 2",
		"aws-dev -o yaml":              "--output yaml: write table, short or json",
		"aws-dev --wait -1s":           "--wait -1s: must not be negative",
		"aws-dev --state x":            "give --sandbox, too",
		"aws-dev --pre --inference x":  "remove --inference and --database",
		"aws-dev --pre --database":     "remove --inference and --database",
		"nope --sandbox --dir ../..":   `there is no stack "nope"`,
		"aws-dev --sandbox --dir /tmp": "there is no Pulumi.yaml of the project",
	} {
		cmd := verify.Command(saved.Open)
		cmd.SetArgs(strings.Fields(args))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetOut(&bytes.Buffer{})
		err := cmd.Execute()
		require.ErrorContains(t, err, want, args)
		var broken *verify.BrokenError
		require.False(t, errors.As(err, &broken), "it could not be checked")
	}
}
