package sandbox

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/overlay"
)

// TestLackingPlain: the login of a database that the stack file lacks is no secret, and its password is one.
func TestLackingPlain(t *testing.T) {
	read := func(secrets string) *project {
		return &project{stack: "prod", values: parse(t, `
platform: azure
aks: {clusterName: a}
gateway:
  config: {config_store: {enabled: true, type: postgres, config: {host: db.example.com, user: env.PG_USER, password: env.PG_PASSWORD}}}
`+secrets)}
	}
	require.Equal(t, []string{"PG_USER"}, lackingPlain(read("")))
	require.Empty(t, lackingPlain(read("secrets: {env: {PG_USER: {secure: v1:a}}}")), "whoever keeps it as a secret lacks nothing")
	require.Empty(t, lackingPlain(read("secrets: {secure: v1:a}")))

	var told strings.Builder
	Runner{Stderr: &told}.note(read(""), []string{"secrets.env.PG_PASSWORD", "secrets.env.PG_USER"}, []string{"PG_USER"}, nil)
	require.Equal(t, "config.json asks for env.PG_USER, which Pulumi.prod.yaml lacks and which is no secret: write gateway.env.PG_USER. Here it is a fake\n"+
		"Secrets that Pulumi.prod.yaml lacks or holds encrypted are fakes here: secrets.env.PG_PASSWORD\n", told.String())
}

// TestSecretsInClear: a secret that stands in the stack file as it is, is told of, without its value.
func TestSecretsInClear(t *testing.T) {
	inFile := parse(t, "platform: azure\nsecrets: {license: {secure: v1:a}, env: {PG_PASSWORD: canary, EMPTY: ''}}\n")
	clear := inClear(inFile)
	require.Equal(t, []string{"secrets.env.PG_PASSWORD"}, clear)
	require.Empty(t, inClear(parse(t, "platform: azure\nsecrets: {secure: v1:a}\n")))
	var told strings.Builder
	Runner{Stderr: &told}.note(&project{stack: "prod"}, nil, nil, clear)
	require.Equal(t, "secrets.env.PG_PASSWORD stands in clear in Pulumi.prod.yaml: change it where it is from, then write it encrypted: pulumi config set "+
		"--stack prod --secret --path 'bifrost:secrets.env.PG_PASSWORD'\n", told.String())
}

func TestSupplySecrets(t *testing.T) {
	p := &project{values: parse(t, `
aws: {region: {secure: v1:a}}
secrets:
  license: {secure: v1:b}
  encryptionKey: own-key
  env: {A: {secure: v1:c}, LIST: [{secure: v1:d}]}
`)}
	missing := func(_ string, values map[string]any) []string {
		require.Equal(t, "fake of secrets.license", values["secrets"].(map[string]any)["license"], "encrypted values are not missing")
		return []string{"env.PG_PASSWORD"}
	}
	fakes, err := p.supplySecrets(missing, func(path string) string { return "fake of " + path })
	require.NoError(t, err)
	require.Equal(t, []string{"aws.region", "secrets.env.A", "secrets.env.LIST[0]", "secrets.env.PG_PASSWORD", "secrets.license"}, fakes)
	require.Equal(t, parse(t, `
aws: {region: fake of aws.region}
secrets:
  license: fake of secrets.license
  encryptionKey: own-key
  env: {A: fake of secrets.env.A, LIST: ["fake of secrets.env.LIST[0]"], PG_PASSWORD: fake of secrets.env.PG_PASSWORD}
`), p.values)
}

func TestSupplySecretsEncryptedAsAWhole(t *testing.T) {
	p := &project{values: parse(t, `{secrets: {secure: v1:a}}`)}
	fakes, err := p.supplySecrets(func(string, map[string]any) []string { return []string{"license"} }, func(string) string { return "fake" })
	require.NoError(t, err)
	require.Equal(t, []string{"secrets.license"}, fakes)
	require.Equal(t, parse(t, `{secrets: {license: fake}}`), p.values)
}

// TestSupplySecretsOfOthers: the user's ciphertexts are useless here wherever they stand, and all secrets are texts.
func TestSupplySecretsOfOthers(t *testing.T) {
	p := &project{
		values: parse(t, `{secrets: {license: 42, env: {ON: true}}}`),
		others: parse(t, `{"azure-native:clientSecret": {secure: v1:a}, "pulumi:tags": {team: x}}`),
	}
	fakes, err := p.supplySecrets(func(string, map[string]any) []string { return nil }, func(path string) string { return "fake of " + path })
	require.NoError(t, err)
	require.Len(t, fakes, 1)
	require.Equal(t, parse(t, `{secrets: {license: "42", env: {ON: "true"}}}`), p.values)
	require.Equal(t, parse(t, `{"azure-native:clientSecret": "fake of azure-native:clientSecret", "pulumi:tags": {team: x}}`), p.others)

	k, err := openKeeper(filepath.Join(t.TempDir(), "encryption.json"))
	require.NoError(t, err)
	plaintexts, err := p.encryptSecrets(k, fakes)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"42", "true", "fake of azure-native:clientSecret"}, plaintexts)
	require.True(t, overlay.IsEncrypted(p.others["azure-native:clientSecret"]))
	require.Equal(t, map[string]any{"team": "x"}, p.others["pulumi:tags"])
}

func TestEncryptSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "encryption.json")
	first, err := openKeeper(file)
	require.NoError(t, err)
	p := &project{values: parse(t, `{aws: {region: fake, accountId: "1"}, gateway: {replicas: 2}, secrets: {license: canary, env: {A: b}}}`)}
	plaintexts, err := p.encryptSecrets(first, []string{"aws.region"})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"fake", "canary", "b"}, plaintexts)
	require.Equal(t, "1", valueAt(p.values, "aws", "accountId"))
	require.Equal(t, map[string]any{"replicas": 2}, p.values["gateway"])

	again, err := openKeeper(file)
	require.NoError(t, err)
	require.Equal(t, first.passphrase, again.passphrase)
	for plaintext, path := range map[string][]string{"fake": {"aws", "region"}, "canary": {"secrets", "license"}, "b": {"secrets", "env", "A"}} {
		decrypted, err := again.crypter.DecryptValue(context.Background(), valueAt(p.values, append(path, "secure")...).(string))
		require.NoError(t, err, "a later command must be able to read what an earlier one encrypted")
		require.Equal(t, plaintext, decrypted)
	}
}

// valueAt returns what is at a path of keys, or nil.
func valueAt(values map[string]any, path ...string) any {
	for _, key := range path[:len(path)-1] {
		values, _ = values[key].(map[string]any)
	}
	return values[path[len(path)-1]]
}
