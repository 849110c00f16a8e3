package stacks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// The file of kubectl's own (Kubernetes, "Organizing Cluster Access Using kubeconfig Files"), and the variable that names others.
const (
	ownKubeconfig      = "~/.kube/config"
	kubeconfigVariable = "KUBECONFIG"
)

// reached is how a kubeconfig reaches the cluster.
type reached struct {
	// kubeconfig is what the provider takes: the contents, as a secret, or the path of a file, which keeps its login out of the state.
	kubeconfig pulumi.StringOutput
	// server is the address of the API server.
	server string
	// masters tells whether the login is a certificate of system:masters.
	masters bool
}

// reach reads the kubeconfig and finds its context, before anything is made with another one.
func (c *Config) reach() (*reached, error) {
	a := c.Kubernetes
	if text := c.Secrets.Kubeconfig; text != "" && strings.ContainsAny(text, "\n{") {
		found := &reached{kubeconfig: secretString(text)}
		return found, found.find([]byte(text), "secrets.kubeconfig", a.Context)
	}
	file, key, err := c.kubeconfigFile()
	if err != nil {
		return nil, err
	}
	local, err := local(file)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(local)
	if err != nil {
		return nil, fmt.Errorf("%s: the kubeconfig cannot be read: %w; name the file that reaches the cluster with `pulumi config set "+
			"--path %s:kubernetes.kubeconfigFile FILE`, or give its contents with `%s < FILE`", key, err, Project, setSecret("kubeconfig"))
	}
	found := &reached{kubeconfig: pulumi.String(file).ToStringOutput()}
	return found, found.find(text, file, a.Context)
}

// kubeconfigFile is the path of the kubeconfig, and what names it.
func (c *Config) kubeconfigFile() (file, key string, err error) {
	switch fromEnv := os.Getenv(kubeconfigVariable); {
	case c.Secrets.Kubeconfig != "":
		return c.Secrets.Kubeconfig, "secrets.kubeconfig", nil
	case strings.HasPrefix(c.Kubernetes.KubeconfigFile, "~/"):
		return c.Kubernetes.KubeconfigFile, "kubernetes.kubeconfigFile", nil
	case c.Kubernetes.KubeconfigFile != "" && filepath.IsAbs(c.Kubernetes.KubeconfigFile):
		return c.Kubernetes.KubeconfigFile, "kubernetes.kubeconfigFile", nil
	case c.Kubernetes.KubeconfigFile != "":
		return filepath.Join(c.dir, c.Kubernetes.KubeconfigFile), "kubernetes.kubeconfigFile", nil
	case strings.Contains(fromEnv, string(os.PathListSeparator)):
		return "", "", fmt.Errorf("%s names several files, and the Kubernetes provider reads one: say which one with `pulumi config set "+
			"--path %s:kubernetes.kubeconfigFile FILE`, or make one of them with `kubectl config view --flatten`",
			kubeconfigVariable, Project)
	case fromEnv != "":
		return fromEnv, kubeconfigVariable, nil
	}
	return ownKubeconfig, "kubernetes.kubeconfigFile", nil
}

// KubeconfigPath is the file that reaches the cluster of platform kubernetes. given is what secrets.kubeconfig has as a path; empty where
// it has none.
func (c *Config) KubeconfigPath(given string) (string, error) {
	of := *c
	of.Secrets.Kubeconfig = given
	file, _, err := of.kubeconfigFile()
	if err != nil {
		return "", err
	}
	return local(file)
}

// local is the path with the home folder in it.
func local(file string) (string, error) {
	rest, home := strings.CutPrefix(file, "~/")
	if !home {
		return file, nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("kubernetes.kubeconfigFile: %w", err)
	}
	return filepath.Join(dir, rest), nil
}

// find looks for the context, or for the current one where none is named, and for its cluster.
func (r *reached) find(text []byte, where, context string) error {
	var config clientcmd.Config
	if err := yaml.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("%s is no kubeconfig: it does not parse", where)
	}
	if context == "" {
		context = config.CurrentContext
	}
	var names []string
	for _, named := range config.Contexts {
		names = append(names, named.Name)
		if named.Name != context {
			continue
		}
		at := slices.IndexFunc(config.Clusters, func(c clientcmd.NamedCluster) bool { return c.Name == named.Context.Cluster })
		if at < 0 {
			return fmt.Errorf("kubernetes.context: context %s of %s is of cluster %s, which is not in it", context, where,
				named.Context.Cluster)
		}
		r.server = config.Clusters[at].Cluster.Server
		r.masters = slices.ContainsFunc(config.AuthInfos, func(user clientcmd.NamedAuthInfo) bool {
			return user.Name == named.Context.AuthInfo && ofMasters(user.AuthInfo)
		})
		return nil
	}
	if context == "" {
		return errors.New("kubernetes.context: " + where + " has no current context; name one of " + strings.Join(names, ", "))
	}
	return fmt.Errorf("kubernetes.context: %s has no context %s; it has %s", where, context, strings.Join(names, ", "))
}
