package real

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/container/v1"
	"google.golang.org/api/impersonate"
	"google.golang.org/api/option"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"

	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/googlegke"
	"bifrost/stacks"
)

// cloudPlatform is the scope of all of Google Cloud's services.
const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// googleOptions sign in as the stack's provider does: with the application default credentials, as the service account that is to be
// impersonated. It asks for the first token when it is first needed.
func googleOptions(c *stacks.Google) []option.ClientOption {
	if c == nil || c.ImpersonateServiceAccount == "" {
		return nil
	}
	return []option.ClientOption{option.WithTokenSource(&laterTokens{account: c.ImpersonateServiceAccount})}
}

// laterTokens are those of a service account, which are asked for when they are needed: a login that lacks is the checks' to tell.
type laterTokens struct {
	account string
	source  oauth2.TokenSource
}

// Token implements oauth2.TokenSource.
func (l *laterTokens) Token() (*oauth2.Token, error) {
	if l.source == nil {
		source, err := tokenSource(context.Background(), l.account)
		if err != nil {
			return nil, err
		}
		l.source = source
	}
	return l.source.Token()
}

// tokenSource are the application default credentials, or a service account that they may impersonate.
func tokenSource(ctx context.Context, account string) (oauth2.TokenSource, error) {
	if account == "" {
		return google.DefaultTokenSource(ctx, cloudPlatform)
	}
	source, err := impersonate.CredentialsTokenSource(ctx, impersonate.CredentialsConfig{TargetPrincipal: account,
		Scopes: []string{cloudPlatform}})
	if err != nil {
		return nil, fmt.Errorf("impersonate %s: %w", account, err)
	}
	return source, nil
}

type googleGKE struct{ options []option.ClientOption }

func (g googleGKE) describe(ctx context.Context, project, location, name string) (*container.Cluster, error) {
	client, err := container.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, location, name)
	found, err := client.Projects.Locations.Clusters.Get(path).Context(ctx).Do()
	return found, gcpNotFound("GKE cluster "+name, err)
}

// Cluster implements service.GKE.
func (g googleGKE) Cluster(ctx context.Context, project, location, name string) (*service.GKECluster, error) {
	found, err := g.describe(ctx, project, location, name)
	if err != nil {
		return nil, err
	}
	cluster := &service.GKECluster{Status: found.Status, Version: found.CurrentMasterVersion,
		Autopilot: found.Autopilot != nil && found.Autopilot.Enabled, Calico: found.NetworkPolicy != nil && found.NetworkPolicy.Enabled}
	if found.WorkloadIdentityConfig != nil {
		cluster.WorkloadPool = found.WorkloadIdentityConfig.WorkloadPool
	}
	if found.NetworkConfig != nil {
		cluster.Datapath = found.NetworkConfig.DatapathProvider
	}
	for _, pool := range found.NodePools {
		of := service.GKENodePool{Name: pool.Name}
		if c := pool.Config; c != nil {
			of.ServiceAccount, of.Scopes = c.ServiceAccount, slices.Clone(c.OauthScopes)
			of.MetadataServer = c.WorkloadMetadataConfig != nil && c.WorkloadMetadataConfig.Mode == googlegke.MetadataServer
		}
		cluster.NodePools = append(cluster.NodePools, of)
	}
	return cluster, nil
}

// gkeLogin signs in with Google's tokens, as gke-gcloud-auth-plugin of the stack's own kubeconfig does.
func gkeLogin(c *stacks.Config, g googleGKE) login {
	return func(ctx context.Context) (*rest.Config, error) {
		of := c.Gke
		found, err := g.describe(ctx, of.ProjectId, of.Location, of.ClusterName)
		if err != nil {
			return nil, err
		}
		if found.MasterAuth == nil || found.Endpoint == "" {
			return nil, fmt.Errorf("GKE cluster %s has no endpoint or no certificate authority yet", of.ClusterName)
		}
		ca, err := base64.StdEncoding.DecodeString(found.MasterAuth.ClusterCaCertificate)
		if err != nil {
			return nil, fmt.Errorf("certificate authority of GKE cluster %s: %w", of.ClusterName, err)
		}
		tokens := &laterTokens{account: c.Google.ImpersonateServiceAccount}
		return &rest.Config{Host: "https://" + found.Endpoint, TLSClientConfig: rest.TLSClientConfig{CAData: ca},
			WrapTransport: transport.TokenSourceWrapTransport(tokens)}, nil
	}
}
