package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/fieldpath"
)

// file is a file of a volume.
type file struct {
	content []byte
	mode    os.FileMode
}

// files are a volume's, by path in it.
type files map[string]file

// mount makes the pod's volumes. It can be called again when it failed.
func (p *podRun) mount(ctx context.Context) error {
	for _, v := range p.pod.Spec.Volumes {
		if err := p.mountVolume(ctx, v); err != nil {
			return fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", v.Name, err)
		}
	}
	return nil
}

func (p *podRun) mountVolume(ctx context.Context, v corev1.Volume) error {
	dir, content := p.volume(v.Name), files{}
	var err error
	switch {
	case v.EmptyDir != nil:
		return p.writeVolume(dir, content, 0o777)
	case v.PersistentVolumeClaim != nil:
		return p.addClaim(ctx, v.Name, v.PersistentVolumeClaim.ClaimName)
	case v.ConfigMap != nil:
		err = p.addConfigMap(ctx, content, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional, mode(v.ConfigMap.DefaultMode))
	case v.Secret != nil:
		err = p.addSecret(ctx, content, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional, mode(v.Secret.DefaultMode))
	case v.DownwardAPI != nil:
		err = p.addFields(content, v.DownwardAPI.Items, mode(v.DownwardAPI.DefaultMode))
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			if err = p.project(ctx, v.Name, content, source, mode(v.Projected.DefaultMode)); err != nil {
				break
			}
		}
	default:
		return fmt.Errorf("this node knows volumes of type emptyDir, persistentVolumeClaim, configMap, secret, downwardAPI and projected " +
			"only")
	}
	if err != nil {
		return err
	}
	return p.writeVolume(dir, content, 0o755)
}

func (p *podRun) project(ctx context.Context, volume string, to files, source corev1.VolumeProjection, mode os.FileMode) error {
	switch {
	case source.ServiceAccountToken != nil:
		return p.addToken(ctx, volume, to, source.ServiceAccountToken, mode)
	case source.ConfigMap != nil:
		return p.addConfigMap(ctx, to, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional, mode)
	case source.Secret != nil:
		return p.addSecret(ctx, to, source.Secret.Name, source.Secret.Items, source.Secret.Optional, mode)
	case source.DownwardAPI != nil:
		return p.addFields(to, source.DownwardAPI.Items, mode)
	}
	return fmt.Errorf("this node projects serviceAccountToken, configMap, secret and downwardAPI only")
}

// mode is what a volume's files have; the API server has filled it in for pods that exist.
func mode(given *int32) os.FileMode {
	if given == nil {
		return 0o644
	}
	return os.FileMode(*given)
}

func (p *podRun) addConfigMap(ctx context.Context, to files, name string, items []corev1.KeyToPath, optional *bool,
	mode os.FileMode) error {
	object, err := p.client.CoreV1().ConfigMaps(p.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if isOptional(err, optional) {
		return nil
	}
	if err != nil {
		return err
	}
	data := map[string][]byte{}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	for key, value := range object.BinaryData {
		data[key] = value
	}
	return to.add("configmap", data, items, optional, mode)
}

func (p *podRun) addSecret(ctx context.Context, to files, name string, items []corev1.KeyToPath, optional *bool, mode os.FileMode) error {
	object, err := p.client.CoreV1().Secrets(p.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if isOptional(err, optional) {
		return nil
	}
	if err != nil {
		return err
	}
	return to.add("secret", object.Data, items, optional, mode)
}

func isOptional(err error, optional *bool) bool {
	return apierrors.IsNotFound(err) && optional != nil && *optional
}

// add adds the keys that are asked for, or all.
func (f files) add(kind string, data map[string][]byte, items []corev1.KeyToPath, optional *bool, mode os.FileMode) error {
	if len(items) == 0 {
		for key, content := range data {
			f[key] = file{content, mode}
		}
		return nil
	}
	for _, item := range items {
		content, found := data[item.Key]
		if !found && (optional == nil || !*optional) {
			return fmt.Errorf("references non-existent %s key: %s", kind, item.Key)
		}
		if item.Mode != nil {
			mode = os.FileMode(*item.Mode)
		}
		f[item.Path] = file{content, mode}
	}
	return nil
}

func (p *podRun) addFields(to files, items []corev1.DownwardAPIVolumeFile, mode os.FileMode) error {
	for _, item := range items {
		if item.FieldRef == nil {
			return fmt.Errorf("this node knows fieldRef only, not the resourceFieldRef of %s", item.Path)
		}
		value, err := fieldpath.ExtractFieldPathAsString(p.pod, item.FieldRef.FieldPath)
		if err != nil {
			return err
		}
		to[item.Path] = file{[]byte(value), mode}
	}
	return nil
}

// addToken takes a token of the pod's ServiceAccount, bound to the pod where it exists.
func (p *podRun) addToken(ctx context.Context, volume string, to files, source *corev1.ServiceAccountTokenProjection,
	mode os.FileMode) error {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: source.ExpirationSeconds}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	if p.pod.UID != "" {
		request.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: p.pod.Name,
			UID: p.pod.UID}
	}
	client := p.client
	if volume == podIdentityVolume {
		client = p.agent.admin // the pod that the API server knows does not ask for this audience
	}
	token, err := requestToken(ctx, client, p.pod, request)
	if err != nil {
		return fmt.Errorf("failed to fetch token: %w", err)
	}
	// The kubelet's rule: with fsGroup, the group reads a token and nobody else does.
	if p.pod.Spec.SecurityContext != nil && p.pod.Spec.SecurityContext.FSGroup != nil {
		mode = 0o600
	}
	to[source.Path] = file{[]byte(token), mode}
	return nil
}

func requestToken(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, request *authenticationv1.TokenRequest) (string,
	error) {
	answer, err := client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, serviceAccountOf(pod), request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

func serviceAccountOf(pod *corev1.Pod) string {
	if pod.Spec.ServiceAccountName == "" {
		return "default"
	}
	return pod.Spec.ServiceAccountName
}

// writeVolume writes a volume's files, with the pod's fsGroup as their group, which may read them.
func (p *podRun) writeVolume(dir string, content files, mode os.FileMode) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for path, f := range content {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		// Not over an old one: its mode may forbid that.
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.content, 0o600); err != nil {
			return err
		}
		if err := p.own(path, f.mode); err != nil {
			return err
		}
	}
	return p.own(dir, mode)
}

func (p *podRun) own(path string, mode os.FileMode) error {
	if s := p.pod.Spec.SecurityContext; s != nil && s.FSGroup != nil {
		mode |= 0o440
		// Without root, files are the user's that containers run as, whatever their number.
		if os.Geteuid() == 0 {
			if err := os.Chown(path, 0, int(*s.FSGroup)); err != nil {
				return err
			}
		}
	}
	return os.Chmod(path, mode)
}
