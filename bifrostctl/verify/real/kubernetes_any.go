package real

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// fileLogin logs in with the file and the context of platform kubernetes.
func fileLogin(c *stacks.Config) login {
	return func(context.Context) (*rest.Config, error) { return fromContext(c, "") }
}

// fromContext logs in with the stack's context of a kubeconfig's file. given is the path that secrets.kubeconfig has; empty where it has
// none.
func fromContext(c *stacks.Config, given string) (*rest.Config, error) {
	file, err := c.KubeconfigPath(given)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig %s cannot be read, or does not parse", file) // whose words may hold a secret
	}
	return clientcmd.NewNonInteractiveClientConfig(*config, c.Kubernetes.Context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
}

// issuer asks the API server for its discovery of OpenID Connect (Kubernetes, "Configure Service Accounts for Pods", service account issuer
// discovery).
func (l login) issuer(ctx context.Context) (*service.Issuer, error) {
	client, err := l.client(ctx)
	if err != nil {
		return nil, err
	}
	ask := func(path string, into any) error {
		text, err := client.Discovery().RESTClient().Get().AbsPath(path).DoRaw(ctx)
		if err != nil {
			return err
		}
		if json.Unmarshal(text, into) != nil {
			return errors.New(path + " is no JSON")
		}
		return nil
	}
	var says struct {
		Issuer string `json:"issuer"`
	}
	if err := ask("/.well-known/openid-configuration", &says); err != nil {
		return nil, err
	}
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	if err := ask("/openid/v1/jwks", &set); err != nil {
		return nil, err
	}
	found := &service.Issuer{URL: says.Issuer}
	for _, key := range set.Keys {
		found.Keys = append(found.Keys, key.ID)
	}
	return found, nil
}
