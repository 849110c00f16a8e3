package kubernetes

import (
	"encoding/base64"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

func (a *BifrostWorkloadArgs) validateConfig() field.ErrorList {
	var errs field.ErrorList
	if (a.Config == nil) == (a.ExistingConfigSecret == "") {
		errs = append(errs, field.Required(field.NewPath("config"), "give exactly one of config, the text of config.json, and existingConfigSecret"))
	}
	if a.ExistingConfigSecret != "" {
		errs = append(errs, check.Subdomain(field.NewPath("existingConfigSecret"), a.ExistingConfigSecret)...)
	}
	errs = append(errs, gateway.ValidateEnv(nil, a.Env, a.SecretEnv)...)
	const guarded = "give it as encryptionKey, which no up changes by accident"
	if _, ok := a.Env[gateway.EncryptionKeyVariable]; ok {
		errs = append(errs, field.Forbidden(field.NewPath("env").Key(gateway.EncryptionKeyVariable), guarded))
	}
	if _, ok := a.SecretEnv[gateway.EncryptionKeyVariable]; ok {
		errs = append(errs, field.Forbidden(field.NewPath("secretEnv").Key(gateway.EncryptionKeyVariable), guarded))
	}
	for _, name := range slices.Sorted(maps.Keys(a.SecretRefs)) {
		p := field.NewPath("secretRefs").Key(name)
		errs = append(errs, check.EnvName(p, name)...)
		errs = append(errs, a.SecretRefs[name].validate(p)...)
		_, plain := a.Env[name]
		_, secret := a.SecretEnv[name]
		if plain || secret || (name == gateway.EncryptionKeyVariable && a.EncryptionKey != nil) {
			errs = append(errs, field.Duplicate(p, name))
		}
	}
	if a.Log != nil {
		errs = append(errs, check.OneOf(field.NewPath("log", "level"), a.Log.Level, "debug", "info", "warn", "error")...)
		errs = append(errs, check.OneOf(field.NewPath("log", "style"), a.Log.Style, "json", "pretty")...)
	}
	return errs
}

func (r SecretKeyRef) validate(p *field.Path) field.ErrorList {
	errs := check.Subdomain(p.Child("secret"), r.Secret)
	return append(errs, check.SecretKey(p.Child("key"), r.Key)...)
}

// newConfig keeps config.json in a Secret, for what it may say of the inside of a company.
func (w *workload) newConfig() error {
	if w.ExistingConfigSecret != "" {
		w.configSecret = pulumi.String(w.ExistingConfigSecret).ToStringOutput()
		return nil
	}
	w.configSecret = pulumi.String(w.secretName("config")).ToStringOutput()
	_, err := w.newSecret("config", pulumi.StringMap{gateway.ConfigFile: encoded(w.Config)})
	return err
}

// newEnvironment keeps the secret variables.
func (w *workload) newEnvironment() error {
	if len(w.SecretEnv) == 0 {
		return nil
	}
	data := pulumi.StringMap{}
	for k, v := range w.SecretEnv {
		data[k] = encoded(v)
	}
	var err error
	w.environmentSecret, err = w.newSecret("env", data)
	return err
}

func (a *BifrostWorkloadArgs) secretName(what string) string { return a.name() + "-" + what }

// newSecret makes a Secret for which the pods wait.
func (w *workload) newSecret(what string, data pulumi.StringMap, opts ...pulumi.ResourceOption) (*corev1.Secret, error) {
	secret, err := corev1.NewSecret(w.ctx, w.prefix+"-"+what, &corev1.SecretArgs{
		Metadata: w.meta(w.secretName(what)),
		Data:     data,
	}, append(opts, pulumi.Parent(w.parent))...)
	if err != nil {
		return nil, err
	}
	w.dependsOn = append(w.dependsOn, secret)
	return secret, nil
}

// newEncryptionKey keeps the key in a Secret of its own. Its update is watched, too: a stack of before the guard has no fingerprint.
func (w *workload) newEncryptionKey() error {
	if _, err := component.NewEncryptionKeyGuard(w.ctx, w.prefix, w.parent, w.EncryptionKey, w.encryptionKeySource(), w.ChangeEncryptionKey); err != nil {
		return err
	}
	if w.EncryptionKey == nil {
		return nil
	}
	var opts []pulumi.ResourceOption
	if !w.ChangeEncryptionKey {
		guard, err := w.ctx.RegisterResourceHook(w.prefix+"-encryption-key-guard", keepEncryptionKey, &pulumi.ResourceHookOptions{OnDryRun: true})
		if err != nil {
			return err
		}
		opts = append(opts, pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{guard}}))
	}
	var err error
	w.encryptionKeySecret, err = w.newSecret("encryption-key", pulumi.StringMap{gateway.EncryptionKeyVariable: encoded(w.EncryptionKey)}, opts...)
	return err
}

// encryptionKeySource is where the key comes from when it is not an argument.
func (a *BifrostWorkloadArgs) encryptionKeySource() string {
	ref, referred := a.SecretRefs[gateway.EncryptionKeyVariable]
	if !referred {
		return component.NoEncryptionKey
	}
	return "Secret " + ref.Secret + ", key " + ref.Key
}

// keepEncryptionKey refuses an update of the Secret that changes the key. A key that is not known yet is let through by a preview, and
// compared by the `up`.
func keepEncryptionKey(args *pulumi.ResourceHookArgs) error {
	before, was := encryptionKey(args.OldInputs)
	after, is := encryptionKey(args.NewInputs)
	if !was || !is || before == after {
		return nil
	}
	return component.ErrEncryptionKey
}

// encryptionKey is the key in a Secret's inputs, as it is encoded there; false where it is not known.
func encryptionKey(inputs resource.PropertyMap) (string, bool) {
	data, ok := component.Revealed(inputs["data"])
	if !ok || !data.IsObject() {
		return "", false
	}
	return component.KnownText(data.ObjectValue()[gateway.EncryptionKeyVariable])
}

// encoded is a value as a Secret's data has it. Not stringData: with server-side apply a key that leaves stringData stays in
// the Secret (kubernetes issue 108008), and a revoked key would go on reaching the pods.
func encoded(value pulumi.StringInput) pulumi.StringOutput {
	return value.ToStringOutput().ApplyT(func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte(v))
	}).(pulumi.StringOutput)
}

// checksum changes with every value that the pods read at start. It is a digest over all of them at once, the encryption key
// included, and stays a Pulumi secret where one of them is.
func (w *workload) checksum() pulumi.StringOutput {
	others := map[string]pulumi.StringInput{}
	if w.Config != nil {
		others[gateway.ConfigFile] = w.Config
	}
	if w.DatabaseCa != nil && w.DatabaseCa.Pem != "" {
		others[gateway.DatabaseCaFile] = pulumi.String(w.DatabaseCa.Pem)
	}
	if w.EncryptionKey != nil {
		others["key"] = w.EncryptionKey
	}
	return digest(w.SecretEnv, others)
}
