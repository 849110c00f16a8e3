package kubernetes

import (
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Names of Secrets, behind the workload's own.
const (
	configSecret        = "config"
	encryptionKeySecret = "encryption-key"
)

func (a *BifrostWorkloadArgs) validateConfig(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if (a.Config == nil) == (a.ExistingConfigSecret == "") {
		errs = append(errs, field.Required(p.Child("config"),
			"give exactly one of config, the text of config.json, and existingConfigSecret"))
	}
	return append(errs, check.IfSet(p.Child("existingConfigSecret"), a.ExistingConfigSecret, check.Subdomain)...)
}

// validateVariables: every variable is set in one way, and the encryption key in the guarded one.
func (a *BifrostWorkloadArgs) validateVariables(p *field.Path) field.ErrorList {
	errs := gateway.ValidateEnv(p, a.Env, a.SecretEnv)
	const guarded = "give it as encryptionKey, which no up changes by accident"
	if _, ok := a.Env[gateway.EncryptionKeyVariable]; ok {
		errs = append(errs, field.Forbidden(p.Child("env").Key(gateway.EncryptionKeyVariable), guarded))
	}
	if _, ok := a.SecretEnv[gateway.EncryptionKeyVariable]; ok {
		errs = append(errs, field.Forbidden(p.Child("secretEnv").Key(gateway.EncryptionKeyVariable), guarded))
	}
	taken := gateway.Given[SecretKeyRef](a.Env, a.SecretEnv, nil)
	if a.EncryptionKey != nil {
		taken[gateway.EncryptionKeyVariable] = true
	}
	errs = append(errs, validateSecretRefs(p.Child("secretRefs"), a.SecretRefs, taken)...)
	errs = append(errs, a.Log.Validate(p.Child("log"))...)
	errs = append(errs, a.DatabaseCa.Validate(p.Child("databaseCa"))...)
	if a.DatabaseCa != nil && a.given()[gateway.DatabaseCaVariable] {
		errs = append(errs, field.Forbidden(p.Child("databaseCa"), gateway.DatabaseCaVariable+" is set, too; keep one of them"))
	}
	errs = append(errs, a.NetworkCa.Validate(p.Child("networkCa"))...)
	if a.NetworkCa != nil && a.given()[gateway.CaDirVariable] {
		errs = append(errs, field.Forbidden(p.Child("networkCa"), gateway.CaDirVariable+" is set, too; keep one of them"))
	}
	return errs
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadLogArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.OneOf(p.Child("level"), a.Level, gateway.LogLevels...)
	return append(errs, check.OneOf(p.Child("style"), a.Style, gateway.LogStyles...)...)
}

// given are the names of the variables that the caller sets.
func (a *BifrostWorkloadArgs) given() map[string]bool {
	return gateway.Given(a.Env, a.SecretEnv, a.SecretRefs)
}

// newFiles keeps what the pods read at their start: config.json, the encryption key, the secret variables, the authorities.
func (a *BifrostWorkloadArgs) newFiles(s component.Scope) ([]pulumi.Resource, error) {
	return makeNeeds(s,
		need{"configuration", a.newConfig},
		need{"encryption key", a.newEncryptionKey},
		need{"environment", func(s component.Scope) (pulumi.Resource, error) {
			return a.application().newEnvironment(s, a.SecretEnv)
		}},
		need{"database authorities", a.newDatabaseCa},
		need{"network's authorities", a.newNetworkCa},
	)
}

// configSecretName is the name of the Secret that has config.json.
func (a *BifrostWorkloadArgs) configSecretName() string {
	return cmp.Or(a.ExistingConfigSecret, a.application().child(configSecret))
}

// newConfig keeps config.json in a Secret, for what it may say of the inside of a company.
func (a *BifrostWorkloadArgs) newConfig(s component.Scope) (pulumi.Resource, error) {
	if a.Config == nil {
		return nil, nil
	}
	return a.application().newSecret(s, configSecret, pulumi.StringMap{gateway.ConfigFile: encoded(a.Config)})
}

// newEncryptionKey keeps the key in a Secret of its own. An update of this Secret is watched beside the guard: the state of a stack that
// was made before there was a guard has no fingerprint.
func (a *BifrostWorkloadArgs) newEncryptionKey(s component.Scope) (pulumi.Resource, error) {
	_, err := component.NewEncryptionKeyGuard(s.Ctx, s.Name, s.Parent, a.EncryptionKey, a.encryptionKeySource(), a.ChangeEncryptionKey)
	if err != nil || a.EncryptionKey == nil {
		return nil, err
	}
	var watched []pulumi.ResourceOption
	if !a.ChangeEncryptionKey {
		guard, err := component.BeforeUpdate(s.Ctx, s.Child("encryption-key-guard"), keepEncryptionKey)
		if err != nil {
			return nil, err
		}
		watched = append(watched, guard)
	}
	data := pulumi.StringMap{gateway.EncryptionKeyVariable: encoded(a.EncryptionKey)}
	return a.application().newSecret(s, encryptionKeySecret, data, watched...)
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

// checksum is of what the pods read at their start. The encryption key is the one secret that is never short.
func (a *BifrostWorkloadArgs) checksum() pulumi.StringOutput {
	others := map[string]pulumi.StringInput{}
	if a.Config != nil {
		others[gateway.ConfigFile] = a.Config
	}
	if a.DatabaseCa != nil && a.DatabaseCa.Pem != "" {
		others[gateway.DatabaseCaFile] = pulumi.String(a.DatabaseCa.Pem)
	}
	if a.NetworkCa != nil && a.NetworkCa.Pem != "" {
		others[gateway.NetworkCaFile] = pulumi.String(a.NetworkCa.Pem)
	}
	if a.EncryptionKey != nil {
		others["key"] = a.EncryptionKey
	}
	return checksum(a.SecretEnv, others, a.EncryptionKey)
}
