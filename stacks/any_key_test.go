package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

const secretType = "kubernetes:core/v1:Secret"

// keySecret is the pull Secret of a stack with a key.
func keySecret(t *testing.T, s settings) graphtest.Resource {
	t.Helper()
	return record(t, "local-dev", s).Named(t, secretType, "kubernetes-pull-secret")
}

// login is what a kubelet reads of a pull Secret for the vendor's registry.
func login(t *testing.T, secret graphtest.Resource) (user, password string) {
	t.Helper()
	data := secret.Input(t, "data").(map[string]any)
	text, err := base64.StdEncoding.DecodeString(data[".dockerconfigjson"].(string))
	require.NoError(t, err)
	var config struct {
		Auths map[string]struct{ Username, Password, Auth string } `json:"auths"`
	}
	require.NoError(t, json.Unmarshal(text, &config))
	require.Len(t, config.Auths, 1)
	at := config.Auths["europe-west1-docker.pkg.dev"]
	both, err := base64.StdEncoding.DecodeString(at.Auth)
	require.NoError(t, err)
	require.Equal(t, at.Username+":"+at.Password, string(both))
	return at.Username, at.Password
}

// TestKeyPull: the vendor's key stands in one Secret, whichever way it was given, and nothing keeps it fresh.
func TestKeyPull(t *testing.T) {
	t.Parallel()
	key := vendorKey("one")
	for name, given := range map[string]string{"a document": key, "base64": base64.StdEncoding.EncodeToString([]byte(key))} {
		g := record(t, "local-dev", stackFile(t, "local-dev").set("secrets.registryKey", given))
		secret := g.Named(t, secretType, "kubernetes-pull-secret")
		require.Equal(t, "kubernetes.io/dockerconfigjson", secret.Input(t, "type"), name)
		require.Equal(t, "bifrost-pull-secret", secret.Input(t, "metadata.name"), name)
		user, password := login(t, secret)
		require.Equal(t, "_json_key", user, name)
		require.JSONEq(t, key, password, name)
		pods := g.One(t, "kubernetes:apps/v1:StatefulSet")
		require.Equal(t, []any{map[string]any{"name": "bifrost-pull-secret"}}, pods.Input(t, "spec.template.spec.imagePullSecrets"), name)
		for _, typ := range []string{"kubernetes:batch/v1:CronJob", "kubernetes:batch/v1:Job", "kubernetes:core/v1:ConfigMap"} {
			require.Empty(t, g.Of(typ), "%s: %s", name, typ)
		}
		holding := 0
		for _, r := range g.Resources {
			require.Empty(t, graphtest.Leaks(r.Inputs, "BEGIN PRIVATE KEY"), "%s: %s", name, r.URN)
			if strings.Contains(mustJSON(t, graphtest.Plain(r.Inputs).Mappable()), base64.StdEncoding.EncodeToString([]byte(`{"auths":{"europe`))[:20]) {
				holding++
			}
		}
		require.Equal(t, 1, holding, "%s: objects with the key", name)
	}
}

// TestKeyRotation: another key changes the Secret's content alone: no pod is made anew, and no pull meets a missing Secret.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	of := func(key string) map[string]any {
		all := map[string]any{}
		for _, r := range record(t, "local-dev", stackFile(t, "local-dev").set("secrets.registryKey", vendorKey(key))).Resources {
			all[r.URN] = graphtest.Plain(r.Inputs).Mappable()
		}
		return all
	}
	before, after := of("one"), of("two")
	var changed []string
	for urn, inputs := range before {
		if text, other := mustJSON(t, inputs), mustJSON(t, after[urn]); text != other {
			changed = append(changed, urn)
		}
	}
	require.Len(t, after, len(before))
	require.Len(t, changed, 1)
	require.Contains(t, changed[0], "::kubernetes-pull-secret")
	provider := record(t, "local-dev", stackFile(t, "local-dev")).Named(t, anyProvider, "kubernetes")
	require.Equal(t, true, provider.Input(t, "enableSecretMutable"), "another key would delete the Secret first")
	secret := keySecret(t, stackFile(t, "local-dev"))
	require.Equal(t, "true", secret.Input(t, "metadata").(map[string]any)["annotations"].(map[string]any)["pulumi.com/patchForce"])
	require.Empty(t, secret.Request.GetIgnoreChanges())
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// TestKeyTellsNobody: the vendor made the key, and there is nothing to allowlist; no output has any of it.
func TestKeyTellsNobody(t *testing.T) {
	t.Parallel()
	require.Empty(t, output(t, stackFile(t, "local-dev"), "vendorHandoff"))
	outputs := output(t, stackFile(t, "local-dev"), "kubernetes").(map[string]any)
	require.Equal(t, "bifrost-pull-secret", outputs["pullSecret"])
	require.NotContains(t, outputs, "refreshCronJob")
	require.NotContains(t, outputs, "firstRunJob")
	require.NotContains(t, mustJSON(t, outputs), canary)
	at, _ := parsed(t, "local-dev", stackFile(t, "local-dev")).Cluster()
	require.True(t, at.StaticKey)
	require.False(t, at.Refreshes)
	require.Equal(t, "_json_key", at.RegistryUser)
}

// TestKeyRefused: what is no key is told without any of it, and what only another way to pull reads is refused.
func TestKeyRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path  string
		value any
		want  []string
	}{
		"no key":           {"secrets.registryKey", nil, []string{"bifrost:secrets.registryKey: Required", "pulumi config set --secret"}},
		"a token":          {"secrets.registryKey", canary, []string{"bifrost:secrets.registryKey", "neither the JSON document of a key nor base64"}},
		"a federation's":   {"secrets.registryKey", `{"type": "external_account", "audience": "` + canary + `"}`, []string{"its type is not service_account"}},
		"cut off":          {"secrets.registryKey", vendorKey("one")[:200], []string{"bifrost:secrets.registryKey", "cut off"}},
		"identity":         {"rollout", "identity", []string{"bifrost:rollout", "nobody whom the vendor would allowlist"}},
		"an issuer":        {"kubernetes.issuer", "https://a.b", []string{"bifrost:kubernetes.issuer: Forbidden", "set kubernetes.pull to federation"}},
		"Google's side":    {"gcp", federation(), []string{"bifrost:gcp: Forbidden"}},
		"a refresher":      {"refresher.schedule", "*/20 * * * *", []string{"bifrost:refresher: Forbidden", "a key needs no refresher"}},
		"another registry": {"registry.image", "registry.example.com/bifrost:2.1.0", []string{"bifrost:registry.image", "docker.pkg.dev"}},
		"no context":       {"secrets.kubeconfig", nil, nil},
		"a mirror's":       {"registry.mirror", true, []string{"bifrost:secrets.registryKey: Forbidden", "bifrost:kubernetes.pull: Forbidden"}},
		"tags":             {"tags.team", "ai", []string{"bifrost:tags: Forbidden", "labels"}},
		"another platform": {"azure.location", "westeurope", []string{"bifrost:azure: Forbidden", "platform kubernetes does not read it"}},
	} {
		s := stackFile(t, "local-dev").set(c.path, c.value)
		if name == "no context" {
			s.set("kubernetes.context", nil)
			c.want = []string{"bifrost:kubernetes.context: Required", "kubectl config get-contexts"}
		}
		_, err := stacks.Parse("local-dev", rawOf(t, s))
		for _, want := range c.want {
			require.ErrorContains(t, err, want, name)
		}
		require.NotContains(t, err.Error(), canary, name)
		require.NotContains(t, err.Error(), "PRIVATE KEY", name)
	}
	for _, stack := range []string{"aws-dev", "azure-dev"} {
		_, err := stacks.Parse(stack, rawOf(t, stackFile(t, stack).set("secrets.registryKey", vendorKey("one"))))
		require.ErrorContains(t, err, "bifrost:secrets.registryKey: Forbidden: only kubernetes.pull key reads it", stack)
	}
}
