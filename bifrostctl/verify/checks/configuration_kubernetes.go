package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/check"
	"bifrost/stacks"
)

// kubernetesDrift compares the configuration with what runs in a cluster.
type kubernetesDrift struct {
	Stack
	objects *objects
}

func (s Stack) kubernetesConfiguration(o *objects) []check.Check {
	d := kubernetesDrift{s, o}
	return []check.Check{
		{Code: "config-image", Description: "the configured image runs", Run: d.image},
		{Code: "config-replicas", Description: "the configured number of pods runs", Run: d.replicas},
		{Code: "config-json", Description: "the gateway's config.json is the configured one", Run: d.json},
		{Code: "config-env", Description: "every env.NAME of config.json is given to the gateway", Run: d.env},
		{Code: "config-checksum", Description: "the pods run with the current configuration", Run: d.checksum},
	}
}

func (d kubernetesDrift) image(ctx context.Context) check.Result {
	workload, err := d.objects.workload(ctx)
	if err != nil {
		return d.failedWorkload(d.objects, err)
	}
	container, err := workload.container()
	if err != nil {
		return check.Fail(d.up(), "%s: %v", workload, err)
	}
	want := d.Stack.Config.Image()
	if container.Image != want.String() {
		return check.Fail(d.up(), "%s runs %s, and registry.image is %s", workload, container.Image, want)
	}
	if want.Digest == "" {
		return check.Pass("%s, by tag", want)
	}
	return check.Pass("%s, by digest", want)
}

func (d kubernetesDrift) replicas(ctx context.Context) check.Result {
	workload, err := d.objects.workload(ctx)
	if err != nil {
		return d.failedWorkload(d.objects, err)
	}
	have := workload.replicas
	client, err := d.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, d.clusterLogin())
	}
	scalers, err := client.AutoscalingV2().HorizontalPodAutoscalers(workload.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("HorizontalPodAutoscalers", err, d.clusterLogin())
	}
	for _, scaler := range scalers.Items {
		if workload.scaledBy(scaler) {
			return check.Pass("%d, of HorizontalPodAutoscaler %s", have, scaler.Name)
		}
	}
	want := d.Config.Replicas()
	if int(have) != want {
		return check.Fail(d.up(), "%s has %d replicas, and the configuration says %d", workload, have, want)
	}
	return check.Pass("%d", have)
}

// live returns the gateway's config.json as the pods mount it.
func (d kubernetesDrift) live(ctx context.Context) (map[string]any, string, error) {
	workload, err := d.objects.workload(ctx)
	if err != nil {
		return nil, "", err
	}
	secret := workload.mounted("config")
	client, err := d.objects.client(ctx)
	if err != nil {
		return nil, secret, err
	}
	found, err := client.CoreV1().Secrets(workload.Namespace).Get(ctx, secret, metav1.GetOptions{})
	if err != nil {
		return nil, secret, err
	}
	var config map[string]any
	if err := json.Unmarshal(found.Data["config.json"], &config); err != nil {
		return nil, secret, fmt.Errorf("its config.json is no JSON object")
	}
	return config, secret, nil
}

func (d kubernetesDrift) json(ctx context.Context) check.Result {
	config, secret, err := d.live(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return check.Fail(d.up(), "there is no Secret %s in namespace %s", secret, d.objects.names.Namespace)
	case err != nil:
		return unreadable("Secret "+secret, err, d.clusterLogin())
	}
	if differing := differs("", d.Config.Document(), config); differing != "" {
		return check.Fail(d.up(), "config.json in Secret %s is not what gateway.config says, at %s", secret, differing)
	}
	return check.Pass("Secret %s", secret)
}

// differs returns the path of the first value that is not in have as it is in want; "" where all are. What have has beside is its
// maker's. The values are not told.
func differs(at string, want, have any) string {
	object, isObject := want.(map[string]any)
	if !isObject {
		if fmt.Sprint(want) == fmt.Sprint(have) || reflect.DeepEqual(want, have) {
			return ""
		}
		return strings.TrimPrefix(at, ".")
	}
	there, _ := have.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if found := differs(at+"."+key, object[key], there[key]); found != "" {
			return found
		}
	}
	return ""
}

var envReference = regexp.MustCompile(`"env\.([A-Za-z_][A-Za-z0-9_]*)"`)

func (d kubernetesDrift) env(ctx context.Context) check.Result {
	config, secret, err := d.live(ctx)
	if err != nil {
		return unreadable("Secret "+secret, err, d.clusterLogin())
	}
	text, err := json.Marshal(config)
	if err != nil {
		return check.Fail(d.up(), "config.json in Secret %s: %v", secret, err)
	}
	workload, _ := d.objects.workload(ctx) // live has had it
	container, err := workload.container()
	if err != nil {
		return check.Fail(d.up(), "%s: %v", workload, err)
	}
	client, err := d.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, d.clusterLogin())
	}
	given, err := variables(ctx, client, workload.Namespace, container)
	if err != nil {
		return check.Fail(d.up(), "the variables of %s: %v", workload, err)
	}
	var named, lacking []string
	for _, reference := range envReference.FindAllStringSubmatch(string(text), -1) {
		name := reference[1]
		if slices.Contains(named, name) {
			continue
		}
		named = append(named, name)
		if !given[name] {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) > 0 {
		return check.Fail(fmt.Sprintf("pulumi config set --stack %s --secret --path 'bifrost:secrets.%s', then %s", d.Name,
			stacks.SecretPath(lacking[0]), d.up()),
			"config.json refers to %s, which no variable of %s gives", strings.Join(lacking, ", "), workload)
	}
	return check.Pass("%[1]d of %[1]d", len(named))
}

// variables are the names of a container's variables. A Secret or ConfigMap that it takes them from must be there.
func variables(ctx context.Context, client kubernetes.Interface, namespace string, c *corev1.Container) (map[string]bool, error) {
	names := map[string]bool{}
	for _, v := range c.Env {
		names[v.Name] = true
	}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			secret, err := client.CoreV1().Secrets(namespace).Get(ctx, from.SecretRef.Name, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			for key := range secret.Data {
				names[from.Prefix+key] = true
			}
		}
		if from.ConfigMapRef != nil {
			configMap, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, from.ConfigMapRef.Name, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			for key := range configMap.Data {
				names[from.Prefix+key] = true
			}
		}
	}
	return names, nil
}

const checksumAnnotation = "checksum/config"

// checksum compares the pods with the template that they come from: the annotation changes with every value that they read at start.
// It cannot tell of a Secret that somebody changed since, but for who did.
func (d kubernetesDrift) checksum(ctx context.Context) check.Result {
	workload, err := d.objects.workload(ctx)
	if err != nil {
		return d.failedWorkload(d.objects, err)
	}
	want := workload.template.Annotations[checksumAnnotation]
	if want == "" {
		return check.Fail(d.up(), "the pod template of %s lacks the annotation %s: a changed configuration would roll no pod", workload,
			checksumAnnotation)
	}
	pods, err := d.objects.pods(ctx)
	if err != nil {
		return unreadable("the pods", err, d.clusterLogin())
	}
	for _, pod := range pods {
		if pod.Annotations[checksumAnnotation] != want {
			return check.Fail(fmt.Sprintf("kubectl rollout status %s -n %s; where it stands still, kubectl rollout restart %[1]s -n %[2]s",
				d.Stack.workload(d.objects.names), workload.Namespace),
				"pod %s runs with an older configuration than %s", pod.Name, workload)
		}
	}
	secret := workload.mounted("config")
	client, err := d.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, d.clusterLogin())
	}
	found, err := client.CoreV1().Secrets(workload.Namespace).Get(ctx, secret, metav1.GetOptions{})
	if err != nil {
		return unreadable("Secret "+secret, err, d.clusterLogin())
	}
	for _, entry := range found.ManagedFields {
		if !strings.HasPrefix(entry.Manager, "pulumi-kubernetes") && entry.FieldsV1 != nil &&
			strings.Contains(entry.FieldsV1.GetRawString(), `"f:data"`) {
			return check.Warn(d.up(), "Secret %s was changed with %s at %s, and that rolls no pod", secret, entry.Manager, when(entry.Time))
		}
	}
	return check.Pass("%s %.12s on %d pods", checksumAnnotation, want, len(pods))
}

func when(t *metav1.Time) string {
	if t == nil {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}
