package kubernetes_test

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/component"
	"bifrost/internal/graphtest"
)

const gatewayContainer = "spec.template.spec.containers[0]"

// TestExistingSecrets: nothing of them is made here, and the pods read exactly what was named.
func TestExistingSecrets(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Config, a.ExistingConfigSecret = nil, "team-config"
		a.SecretEnv, a.EncryptionKey = nil, nil
		a.SecretRefs = map[string]kubernetes.SecretKeyRef{
			"BIFROST_ENCRYPTION_KEY": {Secret: "vault", Key: "encryption"}, "BIFROST_LICENSE": {Secret: "vault", Key: "license"},
		}
		a.ServiceAccount, a.ExistingServiceAccount = "team", true
	})
	require.Empty(t, g.Of("kubernetes:core/v1:Secret"))
	require.Empty(t, g.Of("kubernetes:core/v1:ServiceAccount"))
	d := g.One(t, "kubernetes:apps/v1:Deployment")
	require.Equal(t, "team", d.Input(t, "spec.template.spec.serviceAccountName"))
	require.Equal(t, map[string]any{"secretName": "team-config"}, d.Input(t, "spec.template.spec.volumes[0].secret"))
	require.False(t, d.Has(gatewayContainer+".envFrom"))
	from := func(name, key string) map[string]any {
		return map[string]any{"name": name, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "vault", "key": key}}}
	}
	vars := d.Input(t, gatewayContainer+".env").([]any)
	require.Contains(t, vars, from("BIFROST_ENCRYPTION_KEY", "encryption"))
	require.Contains(t, vars, from("BIFROST_LICENSE", "license"))
}

// TestLog: the entrypoint of the image reads these two; what the caller sets himself wins.
func TestLog(t *testing.T) {
	t.Parallel()
	of := func(change func(*kubernetes.BifrostWorkloadArgs)) map[string]any {
		return envOf(t, recordWorkload(t, change).One(t, "kubernetes:apps/v1:Deployment"), gatewayContainer)
	}
	require.NotContains(t, of(asIs), "LOG_LEVEL")
	vars := of(func(a *kubernetes.BifrostWorkloadArgs) {
		a.Log = &kubernetes.WorkloadLogArgs{Level: "warn", Style: "json"}
	})
	require.Equal(t, "warn", vars["LOG_LEVEL"])
	require.Equal(t, "json", vars["LOG_STYLE"])
	vars = of(func(a *kubernetes.BifrostWorkloadArgs) {
		a.Log, a.Env = &kubernetes.WorkloadLogArgs{Level: "warn", Style: "json"}, map[string]string{"LOG_LEVEL": "debug"}
		a.SecretEnv = map[string]pulumi.StringInput{"LOG_STYLE": graphtest.Secret("pretty")}
	})
	require.Equal(t, "debug", vars["LOG_LEVEL"])
	require.NotContains(t, vars, "LOG_STYLE", "one name twice is refused by the API server")
}

// TestEncryptionKey: it has a Secret of its own, whose update a hook watches in previews, too.
func TestEncryptionKey(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, asIs)
	key := g.Named(t, "kubernetes:core/v1:Secret", "x-encryption-key")
	require.Equal(t, "bifrost-encryption-key", key.Input(t, "metadata.name"))
	require.Equal(t, map[string]any{"BIFROST_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString([]byte(graphtest.Canary + "-key"))},
		key.Input(t, "data"))
	require.Equal(t, []string{"x-encryption-key-guard"}, key.Request.GetHooks().GetBeforeUpdate())
	require.Contains(t, g.One(t, "kubernetes:apps/v1:Deployment").Input(t, gatewayContainer+".env").([]any), map[string]any{
		"name": "BIFROST_ENCRYPTION_KEY", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "bifrost-encryption-key",
			"key": "BIFROST_ENCRYPTION_KEY"}},
	})

	meant := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.ChangeEncryptionKey = true })
	require.Empty(t, meant.Named(t, "kubernetes:core/v1:Secret", "x-encryption-key").Request.GetHooks().GetBeforeUpdate())
	without := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.EncryptionKey = nil })
	require.Len(t, without.Of("kubernetes:core/v1:Secret"), 2)
}

func TestKeepEncryptionKey(t *testing.T) {
	t.Parallel()
	data := func(key resource.PropertyValue) resource.PropertyMap {
		return resource.PropertyMap{"data": resource.NewObjectProperty(resource.PropertyMap{"BIFROST_ENCRYPTION_KEY": key})}
	}
	clear := func(s string) resource.PropertyMap { return data(resource.NewStringProperty(s)) }
	hidden := func(s string) resource.PropertyMap { return data(resource.MakeSecret(resource.NewStringProperty(s))) }
	whole := func(s string) resource.PropertyMap {
		return resource.PropertyMap{"data": resource.MakeSecret(resource.NewObjectProperty(clear(s)["data"].ObjectValue()))}
	}
	output := func(s string) resource.PropertyMap {
		return data(resource.NewOutputProperty(resource.Output{Element: resource.NewStringProperty(s), Known: true, Secret: true}))
	}
	for name, c := range map[string]struct {
		before, after resource.PropertyMap
		refused       bool
	}{
		"the same":                 {hidden("a"), hidden("a"), false},
		"another label":            {clear("a"), hidden("a"), false},
		"changed":                  {hidden("a"), hidden("b"), true},
		"changed, all secret":      {whole("a"), hidden("b"), true},
		"changed, an output":       {hidden("a"), output("b"), true},
		"the same, an output":      {hidden("a"), output("a"), false},
		"not known in the preview": {hidden("a"), data(resource.MakeComputed(resource.NewStringProperty(""))), false},
		"unknown output":           {hidden("a"), data(resource.NewOutputProperty(resource.Output{})), false},
	} {
		t.Run(name, func(t *testing.T) {
			err := kubernetes.KeepEncryptionKey(&pulumi.ResourceHookArgs{OldInputs: c.before, NewInputs: c.after})
			require.Equal(t, c.refused, err != nil)
			if err != nil {
				require.ErrorContains(t, err, "changeEncryptionKey")
			}
		})
	}
}

// TestKeepFingerprint: another key, none and one from elsewhere are changes; a first one is not.
func TestKeepFingerprint(t *testing.T) {
	t.Parallel()
	of := func(v resource.PropertyValue) resource.PropertyMap { return resource.PropertyMap{"fingerprint": v} }
	text := resource.NewStringProperty
	for name, c := range map[string]struct {
		before, after resource.PropertyValue
		refused       bool
	}{
		"the same":                 {resource.MakeSecret(text("a")), resource.MakeSecret(text("a")), false},
		"changed":                  {resource.MakeSecret(text("a")), resource.MakeSecret(text("b")), true},
		"removed":                  {resource.MakeSecret(text("a")), text("none"), true},
		"from elsewhere":           {resource.MakeSecret(text("a")), text("Secret vault, key k"), true},
		"from elsewhere again":     {text("Secret vault, key k"), text("Secret vault, key l"), true},
		"the first":                {text("none"), resource.MakeSecret(text("a")), false},
		"not known in the preview": {resource.MakeSecret(text("a")), resource.MakeComputed(text("")), false},
	} {
		t.Run(name, func(t *testing.T) {
			err := component.KeepFingerprint(&pulumi.ResourceHookArgs{OldInputs: of(c.before), NewInputs: of(c.after)})
			require.Equal(t, c.refused, err != nil)
		})
	}
}

// TestFingerprint: it says nothing of the key, and is a secret all the same; where the key comes from is in clear.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	of := func(change func(*kubernetes.BifrostWorkloadArgs)) resource.PropertyValue {
		return recordWorkload(t, change).One(t, component.EncryptionKeyGuardType).Inputs["fingerprint"]
	}
	given := of(asIs)
	require.True(t, given.IsSecret())
	require.Len(t, given.SecretValue().Element.StringValue(), 64)
	require.NotContains(t, given.SecretValue().Element.StringValue(), graphtest.Canary)
	require.Equal(t, resource.NewStringProperty("none"), of(func(a *kubernetes.BifrostWorkloadArgs) { a.EncryptionKey = nil }))
	require.Equal(t, resource.NewStringProperty("Secret vault, key encryption"), of(func(a *kubernetes.BifrostWorkloadArgs) {
		a.EncryptionKey, a.SecretRefs = nil, map[string]kubernetes.SecretKeyRef{"BIFROST_ENCRYPTION_KEY": {Secret: "vault", Key: "encryption"}}
	}))
}
