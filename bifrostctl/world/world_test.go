package world_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/world"
)

func seeded() *world.World {
	w := world.New()
	w.SeedAWS(world.AWSAccount{
		ID:  "111122223333",
		EKS: []world.EKSCluster{{Name: "dev", Region: "eu-west-1", Version: "1.33", OIDCProvider: true}},
		ECS: []world.ECSCluster{{Name: "dev", Region: "eu-west-1"}},
	})
	w.SeedAzure(world.AzureSubscription{
		ID: "sub", Tenant: "tenant",
		AKS: []world.AKSCluster{{Name: "dev", ResourceGroup: "rg", Location: "westeurope", Version: "1.33.2", OIDCIssuer: true, WorkloadIdentity: true}},
	})
	return w
}

func TestSaveAndLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world.json")
	w := seeded()
	w.Next()
	require.NoError(t, w.Save(file))
	loaded, err := world.Load(file)
	require.NoError(t, err)
	require.Equal(t, w, loaded)

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "the file holds secrets")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file stays")
}

func TestLoadNothing(t *testing.T) {
	w, err := world.Load(filepath.Join(t.TempDir(), "world.json"))
	require.NoError(t, err)
	require.Equal(t, world.New(), w)
}

func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"damaged":        {`{"aws":`, "is damaged"},
		"another format": {`{"format":99}`, "has format 99"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "world.json")
			require.NoError(t, os.WriteFile(file, []byte(test.text), 0o600))
			_, err := world.Load(file)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, file)
			require.ErrorContains(t, err, "delete the folder "+filepath.Dir(file))
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, test.text, string(text), "it is never overwritten")
		})
	}
}

func TestSaveNamesTheFile(t *testing.T) {
	require.ErrorContains(t, world.New().Save(filepath.Join(t.TempDir(), "none", "world.json")), "none")
}

func TestSeedingAgainChangesNothing(t *testing.T) {
	w := seeded()
	w.SeedAWS(world.AWSAccount{ID: "111122223333", EKS: []world.EKSCluster{{Name: "dev", Region: "eu-west-1", Version: "1.20"}}})
	w.SeedAzure(world.AzureSubscription{ID: "sub", Tenant: "other", AKS: []world.AKSCluster{{Name: "DEV", ResourceGroup: "RG", Location: "eastus"}}})
	require.Equal(t, seeded(), w)
}

func TestSeedingSignsIn(t *testing.T) {
	w := seeded()
	require.Equal(t, world.SignedIn{AWSAccount: "111122223333", AzureSubscription: "sub"}, w.SignedIn)
	w.SeedAWS(world.AWSAccount{ID: "444455556666"})
	require.Equal(t, "444455556666", w.SignedIn.AWSAccount)
	require.Len(t, w.AWS, 2)
}

func TestClusters(t *testing.T) {
	w := seeded()
	require.Len(t, w.Clusters, 2)
	for server, c := range w.Clusters {
		require.Equal(t, server, c.Server)
		block, _ := pem.Decode([]byte(c.CA))
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		require.True(t, certificate.IsCA)
	}
	again := seeded()
	require.Equal(t, again.Clusters, w.Clusters, "names, keys and issuers depend on the seed alone")
}

func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"} {
		require.Equal(t, want, world.Partition(region))
	}
	require.Regexp(t, `^https://oidc\.eks\.cn-north-1\.amazonaws\.com\.cn/id/[0-9A-F]{32}$`, world.EKSCluster{Region: "cn-north-1"}.Issuer("111122223333"))
}

func TestDeletedResourcesAreNotFound(t *testing.T) {
	w := world.New()
	w.Put(&world.Resource{Type: "t", Scope: "s", ID: "b", Deleted: true})
	w.Put(&world.Resource{Type: "t", Scope: "s", ID: "a"})
	require.Nil(t, w.Get("t", "s", "b"))
	require.Len(t, w.List("t", "s"), 1)
	require.Empty(t, w.List("t", "elsewhere"))
}
