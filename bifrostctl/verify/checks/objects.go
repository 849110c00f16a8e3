package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
)

// objects are the stack's Kubernetes objects, each looked up once.
type objects struct {
	names      *Cluster
	client     clientFunc
	deployment func(context.Context) (*appsv1.Deployment, error)
	pods       func(context.Context) ([]corev1.Pod, error)
	secret     func(context.Context) (*corev1.Secret, error)
	cronJob    func(context.Context) (*batchv1.CronJob, error)
}

func newObjects(client clientFunc, names *Cluster) *objects {
	o := &objects{names: names, client: client}
	namespace := names.Namespace
	o.deployment = shared(func(ctx context.Context) (*appsv1.Deployment, error) {
		c, err := client(ctx)
		if err != nil {
			return nil, err
		}
		return c.AppsV1().Deployments(namespace).Get(ctx, names.Deployment, metav1.GetOptions{})
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
		d, err := o.deployment(ctx)
		if err != nil {
			return nil, err
		}
		c, err := client(ctx)
		if err != nil {
			return nil, err
		}
		found, err := c.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
		if err != nil {
			return nil, err
		}
		// Those that end are of no interest any more.
		return slices.DeleteFunc(found.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), nil
	})
	return o
}

// gatewayContainer is the container of the gateway: the first of the pod.
func gatewayContainer(d *appsv1.Deployment) (*corev1.Container, error) {
	if len(d.Spec.Template.Spec.Containers) == 0 {
		return nil, errors.New("its pods have no container")
	}
	return &d.Spec.Template.Spec.Containers[0], nil
}

// failedDeployment is the result where the Deployment could not be had.
func (s Stack) failedDeployment(o *objects, err error) check.Result {
	if apierrors.IsNotFound(err) {
		return check.Fail(s.up(), "there is no Deployment %s in namespace %s", o.names.Deployment, o.names.Namespace)
	}
	return unreadable(fmt.Sprintf("Deployment %s", o.names.Deployment), err, s.clusterLogin())
}

func mounted(d *appsv1.Deployment, volume string) string {
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Name == volume && v.Secret != nil {
			return v.Secret.SecretName
		}
	}
	return ""
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
