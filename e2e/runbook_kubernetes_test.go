package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"bifrost/e2e/runbook"
)

// testOnKubernetes: a secret is rotated, the pods are started anew, stopped and taken back, and the cluster goes before the stack.
func testOnKubernetes(t *testing.T, s *site, ran map[string]bool) {
	d := newDesk(t, ran, "Pulumi.aws-dev.yaml", s, "pulumi config rm bifrost:ecs",
		"pulumi config set --path bifrost:refresher.schedule '"+noRunNow()+"'")
	require.Contains(t, d.page(t, runbook.Preview), "to create")
	d.page(t, runbook.Up)
	first := gatewayPods(t, s)
	same(t, d.page(t, runbook.Up))

	d.page(t, runbook.SetAdminPassword)
	d.page(t, runbook.Up)
	rotated := gatewayPods(t, s)
	another(t, first, rotated)
	require.True(t, s.holds(t, "a new password 0123"), "a Secret has the password that was typed in")

	d.page(t, runbook.Restart)
	s.rolledOut(t)
	another(t, rotated, gatewayPods(t, s))
	same(t, d.page(t, runbook.Up))

	d.stopped(t)
	d.shell(t, "", "pulumi config set --path bifrost:gateway.env.PG_HOST another.example.com")
	d.page(t, runbook.UpForced)
	require.Len(t, gatewayPods(t, s), 2)
	d.stopped(t)
	d.page(t, runbook.UpForcedRefresh)
	require.Len(t, gatewayPods(t, s), 2)

	// A number of 0 is owned by nobody afterwards (k8s.io/api, autoscaling/v1, ScaleSpec leaves it out); any other one is kubectl's.
	d.shell(t, "", strings.Replace(runbook.ScaleToZero, "=0", "=4", 1))
	s.rolledOut(t)
	d.shell(t, "", "pulumi config set --path bifrost:gateway.replicas 3")
	require.Contains(t, d.fails(t, runbook.Up), runbook.UpForced, "the error names the command")
	require.Len(t, gatewayPods(t, s), 4, "and nothing was changed")
	d.page(t, runbook.UpForced)
	require.Len(t, gatewayPods(t, s), 3)
	s.ownedByTheStack(t)
	require.Contains(t, d.page(t, runbook.Up), "-enablePatchForce", "the variable leaves the provider in the state")
	same(t, d.page(t, runbook.Up))

	d.labelled(t)
	d.stoppedAutoscaler(t)

	refreshByCronJob(t, s, ecrLogin, "by-hand")
	require.Contains(t, d.page(t, runbook.RefresherPods), "by-hand", "the refresher's pods are found by that label")

	d.clusterGoes(t)
}

// stopped scales the gateway to zero, as somebody else than the stack.
func (d *desk) stopped(t *testing.T) {
	t.Helper()
	d.page(t, runbook.ScaleToZero)
	d.cluster.rolledOut(t)
	require.Empty(t, gatewayPods(t, d.cluster))
}

// labelled: what somebody did with kubectl label is taken back.
func (d *desk) labelled(t *testing.T) {
	t.Helper()
	d.shell(t, "", "kubectl label service bifrost -n bifrost environment=by-hand --overwrite")
	d.shell(t, "", "pulumi config set --path bifrost:gateway.service.annotations.team platform")
	d.page(t, runbook.UpSkipPreview)
	service, err := d.cluster.client.CoreV1().Services(namespace).Get(t.Context(), gateway, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "dev", service.Labels["environment"])
	require.Equal(t, "platform", service.Annotations["team"])
}

// stoppedAutoscaler: an autoscaler leaves zero pods alone, and an up leaves the number to the autoscaler.
func (d *desk) stoppedAutoscaler(t *testing.T) {
	t.Helper()
	d.shell(t, "", "pulumi config rm --path bifrost:gateway.replicas && pulumi config set-all --path --plaintext "+
		"bifrost:gateway.autoscaling.minReplicas=3 --plaintext bifrost:gateway.autoscaling.maxReplicas=4 --plaintext bifrost:gateway.autoscaling.cpuPercent=60")
	d.page(t, runbook.Up)
	d.stopped(t)
	d.shell(t, "", "pulumi config set --path bifrost:gateway.env.PG_HOST yet-another.example.com")
	d.page(t, runbook.Up)
	eventually(t, "the autoscaler says that it is disabled", func(ctx context.Context) error {
		scaler, err := d.cluster.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, gateway, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range scaler.Status.Conditions {
			if condition.Reason == "ScalingDisabled" {
				return nil
			}
		}
		return fmt.Errorf("%+v", scaler.Status)
	})
	require.Empty(t, gatewayPods(t, d.cluster))
	d.shell(t, "", strings.Replace(runbook.ScaleToZero, "=0", "=3", 1))
	d.cluster.rolledOut(t)
	require.Len(t, gatewayPods(t, d.cluster), 3)
}

// clusterGoes: destroy fails at the first object, one resource leaves by hand, and the variable lets the others go. What is in the cloud is
// deleted.
func (d *desk) clusterGoes(t *testing.T) {
	t.Helper()
	require.NotZero(t, d.exists(t, "aws:iam/role:Role"))
	d.cluster.plane.KillAPIServer()
	require.Contains(t, d.fails(t, runbook.Destroy), "PULUMI_K8S_DELETE_UNREACHABLE")
	before := d.resources(t)
	i := slices.IndexFunc(before, func(urn string) bool { return strings.Contains(urn, "kubernetes:batch/v1:CronJob::") })
	require.GreaterOrEqual(t, i, 0, "%v", before)
	d.ran[runbook.StateDelete] = true
	d.shell(t, "", strings.Replace(runbook.StateDelete, "URN", "'"+before[i]+"'", 1))
	require.Equal(t, slices.Delete(slices.Clone(before), i, i+1), d.resources(t))

	// The sandbox asks the API server who it is before it serves.
	require.NoError(t, d.cluster.plane.StartAPIServer(t.Context()))
	d.serve(t, strings.Fields(variable.FindString(runbook.DestroyGone))...)
	d.cluster.plane.KillAPIServer()
	d.page(t, runbook.DestroyGone)
	require.Empty(t, d.resources(t))
	require.Zero(t, d.exists(t, "aws:iam/role:Role"), "what is in the cloud was deleted")
}

// testGrownVolume: the claim grows by hand, and the stack goes on.
func testGrownVolume(t *testing.T, s *site, ran map[string]bool) {
	d := newDesk(t, ran, "examples/minimal/Pulumi.minimal.yaml", s, "pulumi config set --path bifrost:refresher.schedule '"+noRunNow()+"'")
	s.storage(t, "gp2")
	d.page(t, runbook.Up)
	pod := s.readyPods(t, namespace, 1)
	require.Contains(t, d.fails(t, runbook.GrowClaim), "must support resize", "not every storage class lets a claim grow")
	d.shell(t, "", `kubectl patch storageclass gp2 -p '{"allowVolumeExpansion":true}'`)
	d.page(t, runbook.GrowClaim)
	s.resize(t, "20Gi")
	d.page(t, runbook.SetGrownTo)
	same(t, d.page(t, runbook.Up))
	require.Equal(t, pod, s.readyPods(t, namespace, 1), "the pod goes on")
	d.page(t, runbook.Destroy)
}

// resize does what a CSI driver does for a claim that asks for more. Controllers write to the same objects.
func (s *site) resize(t *testing.T, size string) {
	t.Helper()
	claim, err := s.client.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), "data-bifrost-0", metav1.GetOptions{})
	require.NoError(t, err)
	want := resource.MustParse(size)
	require.Equal(t, want.String(), claim.Spec.Resources.Requests.Storage().String())
	_, err = s.client.CoreV1().PersistentVolumes().Patch(t.Context(), claim.Spec.VolumeName, types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"capacity":{"storage":%q}}}`, size), metav1.PatchOptions{})
	require.NoError(t, err)
	_, err = s.client.CoreV1().PersistentVolumeClaims(namespace).Patch(t.Context(), claim.Name, types.MergePatchType,
		fmt.Appendf(nil, `{"status":{"capacity":{"storage":%q}}}`, size), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}

func (s *site) deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	deployment, err := s.client.AppsV1().Deployments(namespace).Get(t.Context(), gateway, metav1.GetOptions{})
	require.NoError(t, err)
	return deployment
}

// rolledOut waits until the Deployment is what it was last asked to be.
func (s *site) rolledOut(t *testing.T) {
	t.Helper()
	eventually(t, "the rollout", func(context.Context) error {
		d := s.deployment(t)
		want := *d.Spec.Replicas
		if d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedReplicas != want || d.Status.Replicas != want || d.Status.AvailableReplicas != want {
			return fmt.Errorf("%+v, %s", d.Status, s.words(t.Context()))
		}
		return nil
	})
}

// ownedByTheStack: the number of pods is nobody else's.
func (s *site) ownedByTheStack(t *testing.T) {
	t.Helper()
	for _, entry := range s.deployment(t).ManagedFields {
		if entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), `"f:replicas"`) && entry.Subresource != "status" {
			require.Contains(t, entry.Manager, "pulumi-kubernetes")
		}
	}
}

// holds tells whether a Secret of the stack has a value.
func (s *site) holds(t *testing.T, value string) bool {
	t.Helper()
	secrets, err := s.client.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, secret := range secrets.Items {
		for _, data := range secret.Data {
			if strings.Contains(string(data), value) || strings.Contains(string(data), base64.StdEncoding.EncodeToString([]byte(value))) {
				return true
			}
		}
	}
	return false
}

// another: every pod is another one.
func another(t *testing.T, before, after []types.UID) {
	t.Helper()
	require.Len(t, after, len(before))
	for _, pod := range before {
		require.NotContains(t, after, pod)
	}
}
