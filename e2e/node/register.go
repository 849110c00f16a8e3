package node

import (
	"context"
	"encoding/json"
	"runtime"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	hostIP = "127.0.0.1"
	// A kubelet renews its lease as often; the node controller gives up on a node after 40 s and more.
	beatInterval  = 5 * time.Second
	leaseDuration = int32(40)
)

// register makes the Node, or takes over the one there is.
func (a *Agent) register(ctx context.Context) error {
	name := a.config.Name
	_, err := a.client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelHostname:           name,
		corev1.LabelOSStable:           "linux",
		corev1.LabelArchStable:         runtime.GOARCH,
		corev1.LabelTopologyZone:       "zone-a",
		corev1.LabelTopologyRegion:     "region-a",
		corev1.LabelInstanceTypeStable: "test",
	}}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	if err := a.reportNode(ctx); err != nil {
		return err
	}
	return a.renew(ctx)
}

// reportNode writes the Node's status.
func (a *Agent) reportNode(ctx context.Context) error {
	resources := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("32"), corev1.ResourceMemory: resource.MustParse("128Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"), corev1.ResourcePods: resource.MustParse("250"),
	}
	patch, err := json.Marshal(map[string]any{"status": corev1.NodeStatus{
		Capacity: resources, Allocatable: resources,
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "the node's agent runs",
			LastHeartbeatTime: metav1.Now(), LastTransitionTime: a.since,
		}},
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: hostIP},
			{Type: corev1.NodeHostName, Address: a.config.Name}},
		NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: runtime.GOARCH},
	}})
	if err != nil {
		return err
	}
	_, err = a.client.CoreV1().Nodes().Patch(ctx, a.config.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// renew writes the node's lease.
func (a *Agent) renew(ctx context.Context) error {
	leases, now, duration := a.client.CoordinationV1().Leases(corev1.NamespaceNodeLease), metav1.NowMicro(), leaseDuration
	spec := coordinationv1.LeaseSpec{HolderIdentity: &a.config.Name, LeaseDurationSeconds: &duration, RenewTime: &now}
	lease, err := leases.Get(ctx, a.config.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: a.config.Name}, Spec: spec},
			metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec = spec
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}

// beat keeps the node alive. An API server that was away meanwhile may hold the node for lost: so the status is written, too.
func (a *Agent) beat() {
	for pause(a.ctx, beatInterval) {
		for _, step := range []func(context.Context) error{a.renew, a.reportNode} {
			if err := step(a.ctx); err != nil && a.ctx.Err() == nil {
				a.config.Logf("node %s: heartbeat: %v", a.config.Name, err)
			}
		}
	}
}

// pause waits; false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
