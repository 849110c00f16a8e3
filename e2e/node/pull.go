package node

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// privateHost are the registries that ask for a login: Amazon ECR and Google Artifact Registry. All others count as public.
var privateHost = regexp.MustCompile(`^([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|[a-z0-9-]+-docker\.pkg\.dev)/`)

// pulled remembers what the node has pulled, and with whose credentials: an image is given to a pod without asking the registry again
// when the pod shows the same Secret or the same login (Kubernetes documentation, "Ensure image pull credential verification").
type pulled struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (p *pulled) has(keys ...string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		if p.seen[key] {
			return true
		}
	}
	return false
}

func (p *pulled) add(keys ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		p.seen[key] = true
	}
}

// login is what a pull Secret holds for a registry.
type login struct{ user, password string }

// pullSecrets are a pod's. version changes with their content; those that are missing are named.
type pullSecrets struct {
	found   []*corev1.Secret
	version string
	missing []string
}

func (w *worker) pullSecrets() (pullSecrets, error) {
	var s pullSecrets
	for _, reference := range w.pod.Spec.ImagePullSecrets {
		secret, err := w.agent.client.CoreV1().Secrets(w.pod.Namespace).Get(w.ctx, reference.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			s.missing = append(s.missing, reference.Name)
		case err != nil:
			return pullSecrets{}, err
		default:
			s.found = append(s.found, secret)
			s.version += string(secret.UID) + "/" + secret.ResourceVersion + " "
		}
	}
	return s, nil
}

// pull tries the pod's logins and then the node's own.
func (a *Agent) pull(ctx context.Context, c *corev1.Container, secrets []*corev1.Secret) error {
	if !privateHost.MatchString(c.Image) {
		return nil
	}
	host, _, _ := strings.Cut(c.Image, "/")
	keep := c.ImagePullPolicy != corev1.PullAlways
	nodeKey := c.Image + " node"
	if keep && a.pulled.has(nodeKey) {
		return nil
	}
	var problems []string
	for _, secret := range secrets {
		l, found := loginFor(secret, host)
		if !found {
			problems = append(problems, fmt.Sprintf("secret %s holds no login for %s", secret.Name, host))
			continue
		}
		keys := []string{c.Image + " secret " + string(secret.UID),
			fmt.Sprintf("%s login %x", c.Image, sha256.Sum256([]byte(l.user+":"+l.password)))}
		if keep && a.pulled.has(keys...) {
			return nil
		}
		err := a.head(ctx, c.Image, l)
		if err == nil {
			a.pulled.add(keys...)
			return nil
		}
		problems = append(problems, err.Error())
	}
	if a.config.NodePull == nil {
		problems = append(problems, "the node itself has no login for "+host)
	} else if err := a.config.NodePull(c.Image); err == nil {
		a.pulled.add(nodeKey)
		return nil
	} else {
		problems = append(problems, err.Error())
	}
	return fmt.Errorf("failed to pull image %q: %s", c.Image, strings.Join(problems, "; "))
}

// head asks the registry for the image's manifest, through the clouds' network.
func (a *Agent) head(ctx context.Context, image string, l login) error {
	network, err := a.config.Network()
	if err != nil {
		return err
	}
	transport, err := network.transport()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	reference, err := name.ParseReference(image, name.StrictValidation)
	if err != nil {
		return err
	}
	_, err = remote.Head(reference, remote.WithContext(ctx), remote.WithTransport(transport),
		remote.WithAuth(&authn.Basic{Username: l.user, Password: l.password}),
		remote.WithRetryPredicate(func(error) bool { return false })) // the kubelet's back-off does that
	return err
}

func (n Network) transport() (*http.Transport, error) {
	proxy, err := url.Parse(n.Proxy)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
	if n.CAFile == "" {
		return transport, nil
	}
	text, err := os.ReadFile(n.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", n.CAFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	return transport, nil
}

// loginFor takes a registry's login out of a pull Secret. Keys may be URLs.
func loginFor(secret *corev1.Secret, host string) (login, bool) {
	var document struct {
		Auths map[string]struct{ Auth, Username, Password string }
	}
	if json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &document) != nil {
		return login{}, false
	}
	for key, l := range document.Auths {
		if of, _, _ := strings.Cut(strings.TrimPrefix(key, "https://"), "/"); of != host {
			continue
		}
		if text, err := base64.StdEncoding.DecodeString(l.Auth); err == nil && l.Auth != "" {
			user, password, found := strings.Cut(string(text), ":")
			return login{user, password}, found
		}
		return login{l.Username, l.Password}, l.Password != ""
	}
	return login{}, false
}
