package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
)

// objects are the stack's Kubernetes objects, each looked up once.
type objects struct {
	names    *Cluster
	client   clientFunc
	workload func(context.Context) (*workload, error)
	pods     func(context.Context) ([]corev1.Pod, error)
	secret   func(context.Context) (*corev1.Secret, error)
	cronJob  func(context.Context) (*batchv1.CronJob, error)
}

func newObjects(client clientFunc, names *Cluster, kind string) *objects {
	o := &objects{names: names, client: client}
	namespace := names.Namespace
	o.workload = shared(func(ctx context.Context) (*workload, error) {
		c, err := client(ctx)
		if err != nil {
			return nil, err
		}
		if kind == statefulSet {
			set, err := c.AppsV1().StatefulSets(namespace).Get(ctx, names.Deployment, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			return ofStatefulSet(set), nil
		}
		d, err := c.AppsV1().Deployments(namespace).Get(ctx, names.Deployment, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return ofDeployment(d), nil
	})
	o.secret = shared(func(ctx context.Context) (*corev1.Secret, error) {
		c, err := client(ctx)
		if err != nil {
			return nil, err
		}
		return c.CoreV1().Secrets(namespace).Get(ctx, names.PullSecret, metav1.GetOptions{})
	})
	o.cronJob = shared(func(ctx context.Context) (*batchv1.CronJob, error) {
		c, err := client(ctx)
		if err != nil {
			return nil, err
		}
		return c.BatchV1().CronJobs(namespace).Get(ctx, names.RefreshCronJob, metav1.GetOptions{})
	})
	o.pods = shared(func(ctx context.Context) ([]corev1.Pod, error) {
		w, err := o.workload(ctx)
		if err != nil {
			return nil, err
		}
		c, err := client(ctx)
		if err != nil {
			return nil, err
		}
		found, err := c.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(w.selector)})
		if err != nil {
			return nil, err
		}
		// Those that end are of no interest any more.
		return slices.DeleteFunc(found.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), nil
	})
	return o
}

// The kinds that run the gateway's pods.
const (
	deployment  = "Deployment"
	statefulSet = "StatefulSet"
)

// workload is what runs the gateway's pods: a Deployment or a StatefulSet.
type workload struct {
	metav1.ObjectMeta
	kind     string
	replicas int32
	selector *metav1.LabelSelector
	template corev1.PodTemplateSpec
	// claims are the names of the claim templates, of which each pod has its own.
	claims []string

	observed                  int64
	there, updated, available int32
	// changing says that a StatefulSet goes from one revision to the next.
	changing bool
	// halted is why the controller makes no progress, in its own words.
	halted string
}

func ofDeployment(d *appsv1.Deployment) *workload {
	w := &workload{
		ObjectMeta: d.ObjectMeta, kind: deployment, replicas: wanted(d.Spec.Replicas), selector: d.Spec.Selector, template: d.Spec.Template,
		observed: d.Status.ObservedGeneration, there: d.Status.Replicas, updated: d.Status.UpdatedReplicas,
		available: d.Status.AvailableReplicas,
	}
	for _, c := range d.Status.Conditions {
		bad := c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse || c.Type == appsv1.DeploymentReplicaFailure &&
			c.Status == corev1.ConditionTrue
		if bad && w.halted == "" {
			w.halted = c.Reason + ": " + c.Message
		}
	}
	return w
}

// ofStatefulSet: its controller makes the update revision the current one once all pods are of it and ready; how many are of it counts
// only until then (Kubernetes, StatefulSetStatus).
func ofStatefulSet(s *appsv1.StatefulSet) *workload {
	w := &workload{
		ObjectMeta: s.ObjectMeta, kind: statefulSet, replicas: wanted(s.Spec.Replicas), selector: s.Spec.Selector,
		template: s.Spec.Template,
		observed: s.Status.ObservedGeneration, there: s.Status.Replicas, updated: s.Status.UpdatedReplicas,
		available: s.Status.AvailableReplicas,
	}
	w.changing = s.Status.CurrentRevision != s.Status.UpdateRevision
	if !w.changing {
		w.updated = s.Status.Replicas
	}
	for _, template := range s.Spec.VolumeClaimTemplates {
		w.claims = append(w.claims, template.Name)
	}
	return w
}

// wanted is a number of replicas, whose default is 1.
func wanted(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}

func (w *workload) String() string { return w.kind + " " + w.Name }

func (w *workload) complete() bool {
	return !w.changing && w.observed >= w.Generation && w.updated >= w.replicas && w.available >= w.replicas && w.there <= w.updated
}

// scaledBy tells whether an autoscaler scales it.
func (w *workload) scaledBy(a autoscalingv2.HorizontalPodAutoscaler) bool {
	target := a.Spec.ScaleTargetRef
	return target.Kind == w.kind && target.Name == w.Name
}

// claimNames are the claims that its pods need.
func (w *workload) claimNames() []string {
	var names []string
	for _, template := range w.claims {
		for i := range w.replicas {
			names = append(names, fmt.Sprintf("%s-%s-%d", template, w.Name, i))
		}
	}
	for _, v := range w.template.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			names = append(names, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return names
}

// container is that of the gateway: the first of the pod.
func (w *workload) container() (*corev1.Container, error) {
	if len(w.template.Spec.Containers) == 0 {
		return nil, errors.New("its pods have no container")
	}
	return &w.template.Spec.Containers[0], nil
}

// mounted is the Secret of a volume.
func (w *workload) mounted(volume string) string {
	for _, v := range w.template.Spec.Volumes {
		if v.Name == volume && v.Secret != nil {
			return v.Secret.SecretName
		}
	}
	return ""
}

// kind is what the configuration lets the gateway's pods be run by.
func (s Stack) kind() string {
	if s.Config.Stateful() {
		return statefulSet
	}
	return deployment
}

// workload is how kubectl names it: deployment/bifrost.
func (s Stack) workload(c *Cluster) string { return strings.ToLower(s.kind()) + "/" + c.Deployment }

// failedWorkload is the result where it could not be had.
func (s Stack) failedWorkload(o *objects, err error) check.Result {
	if apierrors.IsNotFound(err) {
		return check.Fail(s.up(), "there is no %s %s in namespace %s", s.kind(), o.names.Deployment, o.names.Namespace)
	}
	return unreadable(s.kind()+" "+o.names.Deployment, err, s.clusterLogin())
}

// account is the ServiceAccount in use: that of the CronJob that is there, or, where there is none, the configured one.
func (o *objects) account(ctx context.Context, configured string) string {
	if o == nil || o.names.RefreshCronJob == "" {
		return configured
	}
	cronJob, err := o.cronJob(ctx)
	if err != nil || cronJob.Spec.JobTemplate.Spec.Template.Spec.ServiceAccountName == "" {
		return configured
	}
	return cronJob.Spec.JobTemplate.Spec.Template.Spec.ServiceAccountName
}
