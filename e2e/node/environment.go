package node

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

const (
	// caFile is where an image has its authorities.
	caFile = "/etc/ssl/certs/ca-certificates.crt"
	// nobody is a proxy that refuses connections: without the clouds' network a process must not find the real ones.
	nobody = "http://127.0.0.1:1"
)

// environment is what a container's process has, in the order in which later values win: the image's and the node's, the cluster's, the
// container's own, and those of RunOptions.
func (p *podRun) environment(ctx context.Context, c *corev1.Container) (map[string]string, Network, error) {
	host, port, err := p.apiServer()
	if err != nil {
		return nil, Network{}, err
	}
	network, err := p.agent.config.Network()
	if err != nil {
		network = Network{Proxy: nobody}
	}
	services := map[string]string{"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "KUBERNETES_SERVICE_PORT_HTTPS": port}
	own, err := p.declared(ctx, c, services)
	if err != nil {
		return nil, Network{}, err
	}
	env := map[string]string{"PATH": "/usr/local/bin:" + commandDir + ":/bin", "HOME": "/", "HOSTNAME": p.pod.Name}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		env[name] = network.Proxy
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		env[name] = host + ",127.0.0.1,localhost"
	}
	if network.CAFile != "" {
		for _, name := range []string{"SSL_CERT_FILE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
			"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"} {
			env[name] = caFile
		}
	}
	for _, more := range []map[string]string{services, own, p.options.Env} {
		maps.Copy(env, more)
	}
	return env, network, nil
}

func (p *podRun) apiServer() (host, port string, err error) {
	address := p.options.APIServer
	if address == "" {
		server, err := url.Parse(p.agent.config.REST.Host)
		if err != nil {
			return "", "", err
		}
		address = server.Host
	}
	host, port, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", fmt.Errorf("the API server's address must be HOST:PORT: %w", err)
	}
	return host, port, nil
}

// declared are the values of envFrom and env. A value may use those before it, and the cluster's.
func (p *podRun) declared(ctx context.Context, c *corev1.Container, services map[string]string) (map[string]string, error) {
	env := map[string]string{}
	for _, from := range c.EnvFrom {
		data, err := p.envFrom(ctx, from)
		if err != nil {
			return nil, err
		}
		for key, value := range data {
			env[from.Prefix+key] = value
		}
	}
	mapping := expansion.MappingFuncFor(env, services)
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			env[e.Name] = expansion.Expand(e.Value, mapping)
			continue
		}
		value, found, err := p.valueFrom(ctx, e.ValueFrom)
		if err != nil {
			return nil, fmt.Errorf("environment variable %s: %w", e.Name, err)
		}
		if found {
			env[e.Name] = value
		}
	}
	return env, nil
}

func (p *podRun) envFrom(ctx context.Context, from corev1.EnvFromSource) (map[string]string, error) {
	if from.SecretRef != nil {
		return p.data(ctx, "secret", from.SecretRef.Name, from.SecretRef.Optional)
	}
	if from.ConfigMapRef != nil {
		return p.data(ctx, "configmap", from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
	}
	return nil, fmt.Errorf("this node knows secretRef and configMapRef in envFrom only")
}

func (p *podRun) valueFrom(ctx context.Context, from *corev1.EnvVarSource) (string, bool, error) {
	switch {
	case from.FieldRef != nil && from.FieldRef.FieldPath == "spec.nodeName":
		return p.agent.config.Name, true, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "spec.serviceAccountName":
		return serviceAccountOf(p.pod), true, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "status.podIP":
		return p.ip, true, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "status.hostIP":
		return hostIP, true, nil
	case from.FieldRef != nil:
		value, err := fieldpath.ExtractFieldPathAsString(p.pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.SecretKeyRef != nil:
		return p.key(ctx, "secret", from.SecretKeyRef.Name, from.SecretKeyRef.Key, from.SecretKeyRef.Optional)
	case from.ConfigMapKeyRef != nil:
		return p.key(ctx, "configmap", from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key, from.ConfigMapKeyRef.Optional)
	}
	return "", false, fmt.Errorf("this node knows fieldRef, secretKeyRef and configMapKeyRef only")
}

func (p *podRun) key(ctx context.Context, kind, name, key string, optional *bool) (string, bool, error) {
	data, err := p.data(ctx, kind, name, optional)
	if err != nil {
		return "", false, err
	}
	value, found := data[key]
	if !found && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s %s/%s", key, kind, p.pod.Namespace, name)
	}
	return value, found, nil
}

// data are the values of a ConfigMap or Secret.
func (p *podRun) data(ctx context.Context, kind, name string, optional *bool) (map[string]string, error) {
	content := files{}
	add := map[string]func(context.Context, files, string, []corev1.KeyToPath, *bool, os.FileMode) error{"secret": p.addSecret,
		"configmap": p.addConfigMap}[kind]
	if err := add(ctx, content, name, nil, optional, 0); err != nil {
		return nil, err
	}
	data := map[string]string{}
	for key, f := range content {
		data[key] = string(f.content)
	}
	return data, nil
}
