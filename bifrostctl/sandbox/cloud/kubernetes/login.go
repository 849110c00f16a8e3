package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"bifrost/bifrostctl/world"
)

// login is what one context of a kubeconfig says: where to go and as whom.
type login struct {
	server, namespace string
	cluster           *api.Cluster
	user              *api.AuthInfo
}

// errNoCredentials is what client-go makes of the API server's 401.
var errNoCredentials = errors.New("the server has asked for the client to provide credentials")

// contents of a kubeconfig that is given by them or, as the provider's input may be, by the path of its file (pulumi-kubernetes v4.32,
// provider/pkg/provider/provider.go, Configure).
func contents(kubeconfig string) ([]byte, error) {
	file := kubeconfig
	if below, ok := strings.CutPrefix(file, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		file = filepath.Join(home, below)
	}
	if _, err := os.Stat(file); err != nil {
		return []byte(kubeconfig), nil
	}
	return os.ReadFile(file)
}

// parseLogin reads a kubeconfig; an empty context means the current one.
func parseLogin(kubeconfig, context string) (login, error) {
	if kubeconfig == "" {
		return login{}, errors.New("invalid configuration: no configuration has been provided")
	}
	text, err := contents(kubeconfig)
	if err != nil {
		return login{}, err
	}
	config, err := clientcmd.Load(text)
	if err != nil {
		return login{}, fmt.Errorf("it is no kubeconfig: %w", err)
	}
	if context == "" {
		context = config.CurrentContext
	}
	chosen := config.Contexts[context]
	if chosen == nil {
		return login{}, fmt.Errorf("context %q does not exist", context)
	}
	cluster := config.Clusters[chosen.Cluster]
	if cluster == nil || cluster.Server == "" {
		return login{}, fmt.Errorf("cluster %q of context %q has no server", chosen.Cluster, context)
	}
	l := login{server: strings.TrimSuffix(cluster.Server, "/"), namespace: chosen.Namespace, cluster: cluster,
		user: config.AuthInfos[chosen.AuthInfo]}
	if err := l.readFiles(); err != nil {
		return login{}, err
	}
	if l.namespace == "" {
		l.namespace = "default"
	}
	return l, nil
}

// readFiles reads those that the context names in the place of certificates and keys.
func (l login) readFiles() error {
	one := &api.Config{Clusters: map[string]*api.Cluster{"": l.cluster}}
	if l.user != nil {
		one.AuthInfos = map[string]*api.AuthInfo{"": l.user}
	}
	return api.FlattenConfig(one)
}

// try makes the first request to the cluster.
func (l login) try(clusters map[string]*world.Cluster) error {
	cluster := clusters[l.server]
	if cluster == nil {
		host := l.server
		if u, err := url.Parse(l.server); err == nil {
			host = u.Hostname()
		}
		return fmt.Errorf("dial tcp: lookup %s: no such host", host)
	}
	trusted := bytes.Equal(bytes.TrimSpace(l.cluster.CertificateAuthorityData), bytes.TrimSpace([]byte(cluster.CA)))
	if !trusted && !l.cluster.InsecureSkipTLSVerify {
		return errors.New("tls: failed to verify certificate: x509: certificate signed by unknown authority")
	}
	return authenticate(l.user, cluster)
}

// authenticate refuses a user without credentials, and a login that somebody would have to finish in a browser.
func authenticate(user *api.AuthInfo, cluster *world.Cluster) error {
	switch {
	case user == nil:
		return errNoCredentials
	case user.AuthProvider != nil:
		return fmt.Errorf("no Auth Provider found for name %q", user.AuthProvider.Name)
	case user.Exec != nil:
		return authenticateExec(user.Exec, cluster)
	case user.Token != "", len(user.ClientCertificateData) > 0 && len(user.ClientKeyData) > 0:
		return nil
	}
	return errNoCredentials
}

// logins are kubelogin's ways to log in without a person (kubelogin's documentation, "Login modes").
var logins = []string{"azurecli", "azd", "msi", "spn", "workloadidentity", "azurepipelines"}

func authenticateExec(exec *api.ExecConfig, cluster *world.Cluster) error {
	args := strings.Join(exec.Args, " ")
	switch command := path.Base(exec.Command); {
	case command == "aws" && strings.Contains(args, "eks get-token"):
		if name := flag(exec.Args, "--cluster-name"); cluster.Cloud != "eks" || name != cluster.Name {
			return fmt.Errorf("%w: the token is for EKS cluster %q, the server is %s", errNoCredentials, name, cluster.Server)
		}
		return nil
	case command == "gke-gcloud-auth-plugin":
		if cluster.Cloud != "gke" {
			return fmt.Errorf("%w: the plugin's token is Google's, the server is %s", errNoCredentials, cluster.Server)
		}
		return nil
	case command == "kubelogin" && strings.Contains(args, "get-token"):
		mode := flag(exec.Args, "--login")
		for _, env := range exec.Env {
			if env.Name == "AAD_LOGIN_METHOD" && mode == "" {
				mode = env.Value
			}
		}
		if !slices.Contains(logins, mode) {
			return fmt.Errorf("getting credentials: exec: kubelogin --login %q asks a person to log in and nobody is there: use "+
				"azurecli, workloadidentity or spn (%w)", mode, errNoCredentials)
		}
		if cluster.Cloud != "aks" || flag(exec.Args, "--server-id") == "" {
			return fmt.Errorf("%w: kubelogin's token is not for %s", errNoCredentials, cluster.Server)
		}
		return nil
	}
	return fmt.Errorf("getting credentials: exec: the sandbox does not know the command %q", exec.Command)
}

// flag returns the value of a command's flag, as "--flag value" or "--flag=value".
func flag(args []string, name string) string {
	for i, arg := range args {
		if value, found := strings.CutPrefix(arg, name+"="); found {
			return value
		}
		if arg == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
