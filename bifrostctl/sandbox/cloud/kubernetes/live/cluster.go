// Package live is a real Kubernetes API server in the place of the sandbox's own: its identity, the requests and
// the waiting of the Pulumi Kubernetes provider (v4.32), and the discovery of its issuer.
package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	// requestTime is how long one request may take.
	requestTime = 20 * time.Second
	// greetingTime is how long the first requests may take: they show whether the server can be reached.
	greetingTime = 10 * time.Second
)

// Cluster is an API server, with the login of a kubeconfig.
type Cluster struct {
	// Server is its URL without a trailing slash, CA the PEM text of the authority that signed its certificate.
	Server, CA string
	// Version is its version, as "1.36.3".
	Version string
	// Issuer is the issuer of its ServiceAccounts' tokens, an https URL.
	Issuer string

	dynamic dynamic.Interface
	raw     rest.Interface
	// pause lies between two looks of one who waits.
	pause time.Duration

	mu        sync.Mutex
	warnings  []string
	documents map[string][]byte
}

// Connect signs in with the current context of a kubeconfig file and asks the server who it is. It refuses a login that needs
// another program, a server without a certificate authority in the kubeconfig, and a server that does not answer.
func Connect(ctx context.Context, file string) (*Cluster, error) {
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	if err := check(config); err != nil {
		return nil, err
	}
	if err := clientcmd.ResolveLocalPaths(config); err != nil {
		return nil, fmt.Errorf("the files that it refers to: %w", err)
	}
	login, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("it is no usable kubeconfig: %w", err)
	}
	if err := rest.LoadTLSFiles(login); err != nil {
		return nil, fmt.Errorf("read what the kubeconfig refers to: %w", err)
	}
	c := &Cluster{
		Server: strings.TrimSuffix(login.Host, "/"), CA: string(login.CAData),
		pause: 500 * time.Millisecond, documents: map[string][]byte{},
	}
	if !strings.HasPrefix(c.Server, "https://") || c.CA == "" {
		return nil, fmt.Errorf("its server %s needs an https URL and a certificate-authority: the clouds' look-ups report both", c.Server)
	}
	if err := c.clients(login); err != nil {
		return nil, err
	}
	if err := c.greet(ctx); err != nil {
		return nil, fmt.Errorf("ask the API server %s who it is: %w", c.Server, err)
	}
	return c, nil
}

// check looks at the current context.
func check(config *api.Config) error {
	current := config.Contexts[config.CurrentContext]
	if current == nil {
		return fmt.Errorf("its current context %q does not exist: choose one with kubectl config use-context", config.CurrentContext)
	}
	user := config.AuthInfos[current.AuthInfo]
	if user != nil && (user.Exec != nil || user.AuthProvider != nil) {
		return fmt.Errorf("user %q of its current context logs in with another program: use a token or a client certificate",
			current.AuthInfo)
	}
	return nil
}

func (c *Cluster) clients(login *rest.Config) error {
	login.QPS = -1 // the API server has its own limits
	login.Timeout = 0
	login.WarningHandler = rest.NoWarnings{}
	login.WarningHandlerWithContext = c
	var err error
	if c.dynamic, err = dynamic.NewForConfig(login); err != nil {
		return fmt.Errorf("client of %s: %w", c.Server, err)
	}
	login.GroupVersion, login.APIPath = nil, "/"
	login.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	if c.raw, err = rest.UnversionedRESTClientFor(login); err != nil {
		return fmt.Errorf("client of %s: %w", c.Server, err)
	}
	return nil
}

// Reach asks the server whether it is there.
func (c *Cluster) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, greetingTime)
	defer cancel()
	return c.raw.Get().AbsPath("/version").Do(ctx).Error()
}

// greet learns the server's version and issuer.
func (c *Cluster) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, greetingTime)
	defer cancel()
	var version struct {
		GitVersion string `json:"gitVersion"`
	}
	text, err := c.raw.Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &version); err != nil || version.GitVersion == "" {
		return errors.Join(errors.New("its /version is not that of a Kubernetes API server"), err)
	}
	// As v1.36.3-eks-a1b2c3.
	c.Version, _, _ = strings.Cut(strings.TrimPrefix(version.GitVersion, "v"), "-")
	c.Version, _, _ = strings.Cut(c.Version, "+")
	var document struct {
		Issuer string `json:"issuer"`
	}
	if text, err = c.raw.Get().AbsPath(configurationPath).Do(ctx).Raw(); err != nil {
		return fmt.Errorf("discovery of its issuer: %w", err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("discovery of its issuer: %w", err)
	}
	c.Issuer = document.Issuer
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Scheme != "https" || issuer.Hostname() == "" || net.ParseIP(issuer.Hostname()) != nil {
		return fmt.Errorf("its issuer %q is no https URL with a host name, which clouds ask for: set --service-account-issuer of the API "+
			"server", c.Issuer)
	}
	return nil
}

// Host returns the host name of the issuer.
func (c *Cluster) Host() string {
	issuer, _ := url.Parse(c.Issuer) // Connect has looked at it
	return issuer.Hostname()
}

// HandleWarningHeaderWithContext keeps a warning of the API server for Warnings.
func (c *Cluster) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	if code != 299 || text == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnings = append(c.warnings, text)
}

// Warnings returns what the API server has warned of since the last call.
func (c *Cluster) Warnings() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.warnings
	c.warnings = nil
	return taken
}
