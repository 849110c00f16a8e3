package checks

import (
	"context"
	"fmt"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/postgres"
	"bifrost/internal/gateway"
)

// given is what a container is given: variables and files, whose values are in Secrets and ConfigMaps. Only --database reads values.
type given struct {
	client    kubernetes.Interface
	namespace string
	pod       corev1.PodSpec
	container *corev1.Container
}

// settings are those of a store of config.json, with the values for its env.NAME, and the size of its pool.
func (g given) settings(ctx context.Context, config map[string]any, store string) (s postgres.Settings, pool int, err error) {
	object, _ := config[store].(map[string]any)
	values, _ := object["config"].(map[string]any)
	pool = gateway.DefaultPool
	if most, is := values["max_open_conns"].(float64); is {
		pool = int(most)
	}
	for _, each := range []struct {
		key  string
		into *string
	}{
		{"host", &s.Host}, {"port", &s.Port}, {"user", &s.User}, {"password", &s.Password}, {"db_name", &s.Database},
		{"ssl_mode", &s.SSLMode},
	} {
		text := ""
		if values[each.key] != nil {
			text = fmt.Sprint(values[each.key])
		}
		if strings.HasPrefix(text, "vault.") {
			return s, pool, fmt.Errorf("%s is in a vault, from which only the gateway reads", each.key)
		}
		if name, is := strings.CutPrefix(text, "env."); is {
			value, found, err := g.variable(ctx, name)
			if err != nil {
				return s, pool, fmt.Errorf("variable %s: %w", name, err)
			}
			if !found {
				return s, pool, fmt.Errorf("%s is env.%s, which the container is not given", each.key, name)
			}
			text = value
		}
		*each.into = text
	}
	authority, found, err := g.variable(ctx, "PGSSLROOTCERT")
	if err != nil || !found {
		return s, pool, err
	}
	if s.Authority, err = g.file(ctx, authority); err != nil {
		return s, pool, fmt.Errorf("PGSSLROOTCERT: %w", err)
	}
	return s, pool, nil
}

// variable is the value of a variable. The container's own come before those of whole Secrets and ConfigMaps, later ones before earlier.
func (g given) variable(ctx context.Context, name string) (value string, found bool, err error) {
	for _, from := range g.container.EnvFrom {
		key, has := strings.CutPrefix(name, from.Prefix)
		if !has {
			continue
		}
		var text []byte
		switch {
		case from.SecretRef != nil:
			text, err = g.secret(ctx, from.SecretRef.Name, key)
		case from.ConfigMapRef != nil:
			text, err = g.configMap(ctx, from.ConfigMapRef.Name, key)
		}
		if err != nil {
			return "", false, err
		}
		if text != nil {
			value, found = string(text), true
		}
	}
	for _, v := range g.container.Env {
		if v.Name != name {
			continue
		}
		text := []byte(v.Value)
		switch from := v.ValueFrom; {
		case from == nil:
		case from.SecretKeyRef != nil:
			text, err = g.secret(ctx, from.SecretKeyRef.Name, from.SecretKeyRef.Key)
		case from.ConfigMapKeyRef != nil:
			text, err = g.configMap(ctx, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
		}
		if err != nil {
			return "", false, err
		}
		value, found = string(text), text != nil
	}
	return value, found, nil
}

// secret is the value of a key; nil where the Secret lacks it.
func (g given) secret(ctx context.Context, name, key string) ([]byte, error) {
	secret, err := g.client.CoreV1().Secrets(g.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return secret.Data[key], nil
}

// configMap is the value of a key; nil where the ConfigMap lacks it.
func (g given) configMap(ctx context.Context, name, key string) ([]byte, error) {
	found, err := g.client.CoreV1().ConfigMaps(g.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if text, has := found.Data[key]; has {
		return []byte(text), nil
	}
	return found.BinaryData[key], nil
}

// file is what the container sees under a path that a Secret or a ConfigMap is mounted at.
func (g given) file(ctx context.Context, name string) ([]byte, error) {
	for _, mount := range g.container.VolumeMounts {
		within, is := strings.CutPrefix(name, strings.TrimSuffix(mount.MountPath, "/")+"/")
		if name == mount.MountPath {
			within, is = "", true
		}
		if !is {
			continue
		}
		for _, volume := range g.pod.Volumes {
			if volume.Name != mount.Name {
				continue
			}
			if text, err := g.mounted(ctx, volume, path.Join(mount.SubPath, within)); text != nil || err != nil {
				return text, err
			}
		}
	}
	return nil, fmt.Errorf("no Secret or ConfigMap is mounted at %s", name)
}

func (g given) mounted(ctx context.Context, volume corev1.Volume, within string) ([]byte, error) {
	switch {
	case volume.Secret != nil:
		return g.secret(ctx, volume.Secret.SecretName, keyOf(volume.Secret.Items, within))
	case volume.ConfigMap != nil:
		return g.configMap(ctx, volume.ConfigMap.Name, keyOf(volume.ConfigMap.Items, within))
	}
	return nil, nil
}

// keyOf is the key whose value is the file, where a volume renames keys.
func keyOf(items []corev1.KeyToPath, file string) string {
	for _, item := range items {
		if item.Path == file {
			return item.Key
		}
	}
	return file
}
