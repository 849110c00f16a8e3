package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// ask asks the registry as a kubelet does. The error never holds the token.
func (p pulls) ask(ctx context.Context, registry service.Registry) (string, error) {
	secret, err := p.objects.secret(ctx)
	if err != nil {
		return "", err
	}
	all, err := logins(secret)
	if err != nil {
		return "", err
	}
	l := all[p.Config.Image().Host]
	digest, err := registry.Digest(ctx, p.Config.Image().String(), l.user, l.password)
	if err != nil {
		return "", errors.New(without(err.Error(), l.password))
	}
	return digest, nil
}

func (p pulls) manifest(ctx context.Context) check.Result {
	digest, err := p.digest(ctx)
	if err != nil && p.Config.Registry.Mirror && noAnswer.MatchString(err.Error()) {
		return check.Skip("%s does not answer from here; it need only answer the nodes", p.Config.Image().Host)
	}
	if service.Forbidden(err) {
		return check.Skip("the login for it cannot be read: %v", err)
	}
	if err != nil {
		says, hint := p.translate(err.Error())
		return check.Fail(hint, "%s is refused: %s\n%v", p.Config.Image(), says, err)
	}
	return check.Pass("%.19s", digest)
}

// tag compares what the tag means now with what the pods run. A digest cannot move.
func (p pulls) tag(ctx context.Context) check.Result {
	image := p.Config.Image()
	if image.Digest != "" {
		return check.Skip("registry.image names a digest")
	}
	now, err := p.digest(ctx)
	if err != nil && p.Config.Registry.Mirror {
		return check.Skip("the registry does not tell what the tag means")
	}
	if err != nil {
		return unreadable(image.String(), err, p.refresh())
	}
	pods, err := p.objects.pods(ctx)
	if err != nil {
		return p.failedWorkload(p.objects, err)
	}
	known := 0
	for _, pod := range pods {
		for _, c := range pod.Status.ContainerStatuses {
			_, runs, ok := strings.Cut(c.ImageID, "@")
			if !ok || c.Image != image.String() {
				continue
			}
			known++
			if runs != now {
				return check.Warn(fmt.Sprintf("pulumi config set --stack %s --path 'bifrost:registry.image' %s/%s@%s, then pulumi up",
					p.Name, image.Host, image.Path, now),
					"the tag %s has moved: it means %.19s now, and pod %s runs %.19s", image.Tag, now, pod.Name, runs)
			}
		}
	}
	if known == 0 {
		return check.Skip("no pod tells which digest it runs")
	}
	return check.Pass("%.19s on %d pods", now, known)
}

// without keeps a password out of a text.
func without(text, password string) string {
	if password == "" {
		return text
	}
	return strings.ReplaceAll(text, password, "[secret]")
}

// badWaits are the reasons for which the kubelet does not get an image (kubelet, images.go).
var badWaits = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ImageInspectError", "ErrImageNeverPull",
	"RegistryUnavailable"}

// events translates why pods do not get their image, in the words of their status and events.
func (p pulls) events(ctx context.Context) check.Result {
	pod, words, err := p.objects.waiting(ctx)
	if err != nil {
		return unreadable("the pods", err, p.clusterLogin())
	}
	if words != "" {
		says, hint := p.translate(words)
		return check.Fail(hint, "pod %s does not get its image: %s\n%s", pod, says, words)
	}
	return check.Pass("none waits")
}

// waiting is a pod that waits for its image, with the words of the kubelet; empty where none does.
func (o *objects) waiting(ctx context.Context) (pod, words string, err error) {
	pods, err := o.pods(ctx)
	if err != nil {
		return "", "", err
	}
	client, err := o.client(ctx)
	if err != nil {
		return "", "", err
	}
	for _, p := range pods {
		if isReady(&p) {
			continue
		}
		if words, err := pullWords(ctx, client, &p); err != nil || words != "" {
			return p.Name, words, err
		}
	}
	return "", "", nil
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// pullWords are why a pod has no image; "" where that is not what it lacks.
func pullWords(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) (string, error) {
	events, err := client.CoreV1().Events(pod.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod.Name})
	if err != nil {
		return "", err
	}
	var newest corev1.Event
	for _, e := range events.Items {
		about := e.InvolvedObject.Kind == "Pod" && e.InvolvedObject.Name == pod.Name && e.Type == corev1.EventTypeWarning
		pulls := strings.Contains(e.Message, "Failed to pull image") || e.Reason == "FailedToRetrieveImagePullSecret"
		if about && pulls && !e.LastTimestamp.Before(&newest.LastTimestamp) {
			newest = e
		}
	}
	if newest.Message != "" {
		return newest.Message, nil
	}
	for _, c := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
		if w := c.State.Waiting; w != nil && slices.Contains(badWaits, w.Reason) {
			return w.Reason + ": " + w.Message, nil
		}
	}
	return "", nil
}
