package stacks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// authority writes a certificate in PEM and returns the path of the file.
func authority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return file
}

// TestDatabaseAuthorities: on every platform pods and tasks start with the authorities of the database, also from what exists in the
// cluster, and a second up changes nothing.
func TestDatabaseAuthorities(t *testing.T) {
	t.Parallel()
	const verified = "gateway.config.config_store.config.ssl_mode=verify-full"
	file := "gateway.postgres.caFile=" + authority(t)
	for name, c := range map[string]struct {
		stack    string
		settings []string
		makes    []string
	}{
		"EKS and ECS":      {"aws-dev", []string{file}, []string{"kubernetes:core/v1:ConfigMap", "aws:secretsmanager/secret:Secret"}},
		"ECS":              {"aws-dev", []string{stacktest.OnlyECS, file}, []string{"aws:secretsmanager/secret:Secret"}},
		"AKS":              {"azure-dev", []string{file}, []string{"kubernetes:core/v1:ConfigMap"}},
		"AKS, a ConfigMap": {"azure-dev", []string{"gateway.existingNamespace=true", "gateway.postgres.caConfigMap={name: team-ca, key: ca.crt}"}, nil},
		"AKS, a Secret":    {"azure-dev", []string{"gateway.existingNamespace=true", "gateway.postgres.caSecret={secret: team-ca, key: ca.crt}"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := append([]string{verified}, c.settings...)
			// What the stack takes for granted is seeded from its file.
			s := stacktest.Way{Stack: c.stack, InFile: settings}.Start(t)
			if c.makes != nil {
				s.Lives(nil, c.makes)
				return
			}
			// What exists in the namespace goes with it, so that nothing would be left to compare.
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
		})
	}
}
