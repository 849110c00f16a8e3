package verify_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
)

type nobody struct{}

var errNobody = errors.New("no credentials in the chain")

// Caller implements service.STS.
func (nobody) Caller(context.Context) (account, arn string, err error) { return "", "", errNobody }

// Cluster implements service.AKS.
func (nobody) Cluster(context.Context, string, string) (*service.AKSCluster, error) {
	return nil, errNobody
}

// TestNotSignedIn: without credentials nothing is broken, and nothing is fine: verify could not check, and says which command signs in. The
// same holds before the first up.
func TestNotSignedIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		way    way
		change func(*service.Clouds)
		code   string
		hint   string
	}{
		"AWS, EKS":           {podIdentity, func(c *service.Clouds) { c.STS = nobody{} }, "aws-account", "aws sso login"},
		"AWS, ECS":           {onECS, func(c *service.Clouds) { c.STS = nobody{} }, "aws-account", "aws sso login"},
		"another account":    {onECS, func(c *service.Clouds) { c.STS = another{} }, "aws-account", "export AWS_PROFILE"},
		"Azure":              {trustAKS, func(c *service.Clouds) { c.AKS = nobody{} }, "azure-tenant", "az login --tenant"},
		"Google":             {onGKE, func(c *service.Clouds) { c.GCP = nobodyAtGoogle{c.GCP} }, "google-project", "gcloud auth application-default login"},
		"the cluster of GKE": {onGKE, noCluster, "cluster-api", "gcloud container clusters get-credentials dev --location europe-west1 --project acme-dev"},
		"the cluster of EKS": {podIdentity, noCluster, "cluster-api", "aws eks update-kubeconfig --region us-east-1 --name dev"},
		"the cluster of AKS": {trustAKS, noCluster, "cluster-api", "az aks get-credentials --resource-group bifrost-dev --name dev"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, c.way)
			clouds := saved.Clouds(r.World, r.Look.Server)
			c.change(&clouds)
			for _, before := range []bool{false, true} {
				var printed bytes.Buffer
				var unchecked *verify.UncheckedError
				err := verify.Run(t.Context(), &printed, r.stack, clouds, verify.Options{Before: before, Format: report.Short}, nil)
				require.ErrorAs(t, err, &unchecked, printed.String())
				require.Contains(t, printed.String(), "? ")
				require.Contains(t, printed.String(), "to ask it: ")
				found := bad(r.documentOf(clouds, verify.Options{Before: before}))
				require.Len(t, found, 1, "%+v", found)
				require.Equal(t, c.code, found[0].Code)
				require.Equal(t, check.Unknown, found[0].Result)
				require.Contains(t, found[0].Hint, c.hint)
			}
		})
	}
}

type nobodyAtGoogle struct{ service.GCP }

// ProjectNumber implements service.GCP.
func (nobodyAtGoogle) ProjectNumber(context.Context, string) (string, error) { return "", errNobody }

type another struct{}

// Caller implements service.STS.
func (another) Caller(context.Context) (account, arn string, err error) {
	return "999988887777", "arn:aws:iam::999988887777:user/me", nil
}

func noCluster(c *service.Clouds) {
	c.Kubernetes = func(context.Context) (kubernetes.Interface, error) { return nil, errNobody }
}
