package addons

import (
	"context"
	_ "embed" // of the objects
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"bifrost/e2e/images"
)

var (
	//go:embed kube-router.yaml
	kubeRouter string
	//go:embed metrics-server.yaml
	metricsServer string
)

// StartKubeRouter has NetworkPolicies enforced on every node. It returns once kube-router says on each that it does.
func StartKubeRouter(ctx context.Context, config *rest.Config) error {
	return start(ctx, config, kubeRouter, images.KubeRouter, func(ctx context.Context, client kubernetes.Interface) error {
		set, err := client.AppsV1().DaemonSets("kube-system").Get(ctx, "kube-router", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if s := set.Status; s.DesiredNumberScheduled == 0 || s.NumberReady != s.DesiredNumberScheduled {
			return fmt.Errorf("%d of %d pods of kube-router are ready", s.NumberReady, s.DesiredNumberScheduled)
		}
		return nil
	})
}

// StartMetricsServer has the kubelets asked what pods use, every ten seconds. It returns once every node's answer is there. Stop it with
// StopMetricsServer: while nobody answers for an API no namespace can go.
func StartMetricsServer(ctx context.Context, config *rest.Config) error {
	return start(ctx, config, metricsServer, images.MetricsServer, func(ctx context.Context, client kubernetes.Interface) error {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		var errs []error
		for _, node := range nodes.Items {
			asked := client.Discovery().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/nodes", node.Name)
			errs = append(errs, asked.Do(ctx).Error())
		}
		return errors.Join(errs...)
	})
}

// StopMetricsServer takes away all that StartMetricsServer made, its API first, and waits until nothing of it runs.
func StopMetricsServer(ctx context.Context, config *rest.Config) error {
	if err := Delete(ctx, config, metricsServer); err != nil {
		return err
	}
	return await(ctx, config, func(ctx context.Context, client kubernetes.Interface) error {
		pods, err := client.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=metrics-server"})
		if err == nil && len(pods.Items) > 0 {
			err = fmt.Errorf("%s is still there", pods.Items[0].Name)
		}
		return err
	})
}

// start applies objects with an image, and waits until what they make is ready.
func start(ctx context.Context, config *rest.Config, text, image string, ready check) error {
	if err := Apply(ctx, config, strings.ReplaceAll(text, "IMAGE", image)); err != nil {
		return err
	}
	if err := await(ctx, config, ready); err != nil {
		return fmt.Errorf("%s: %w", image, err)
	}
	return nil
}

// check says what is not yet as it should be.
type check func(context.Context, kubernetes.Interface) error

func await(ctx context.Context, config *rest.Config, ready check) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		last = ready(ctx, client)
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}
