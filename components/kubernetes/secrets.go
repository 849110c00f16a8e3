package kubernetes

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// Validate reports every problem of the reference, at p and below it.
func (r SecretKeyRef) Validate(p *field.Path) field.ErrorList {
	errs := check.Subdomain(p.Child("secret"), r.Secret)
	return append(errs, check.SecretKey(p.Child("key"), r.Key)...)
}

// reference is the key as a custom resource names it.
func (r SecretKeyRef) reference() pulumi.Map {
	return pulumi.Map{"name": pulumi.String(r.Secret), "key": pulumi.String(r.Key)}
}

// validateSecretRefs checks variables from existing Secrets. No variable may be taken in another way.
func validateSecretRefs(p *field.Path, refs map[string]SecretKeyRef, taken map[string]bool) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		errs = append(errs, check.EnvName(p.Key(name), name)...)
		errs = append(errs, refs[name].Validate(p.Key(name))...)
		if taken[name] {
			errs = append(errs, field.Duplicate(p.Key(name), name))
		}
	}
	return errs
}

// referredEnv are the variables from existing Secrets, sorted.
func referredEnv(refs map[string]SecretKeyRef) corev1.EnvVarArray {
	var vars corev1.EnvVarArray
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		vars = append(vars, secretEnv(name, refs[name].Secret, refs[name].Key))
	}
	return vars
}

func secretEnv(name, secret, key string) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: &corev1.EnvVarSourceArgs{
		SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: pulumi.String(secret), Key: pulumi.String(key)},
	}}
}

// encoded is a value as a Secret's data has it. Not stringData: with server-side apply a key that leaves stringData stays in
// the Secret (kubernetes issue 108008), and a revoked key would go on reaching the pods.
func encoded(value pulumi.StringInput) pulumi.StringOutput {
	return value.ToStringOutput().ApplyT(func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte(v))
	}).(pulumi.StringOutput)
}

// checksumRounds make a guess of what a checksum is of as slow as at a login.
const checksumRounds = 100_000

// checksum changes with every value that pods read at their start: secret variables, and others by a name of ours. It is one digest over
// all of them, and stays a Pulumi secret where one of them is. Whoever may read pods may read it, and not Secrets: so key, a secret of the
// stack's own, is its salt, without which nobody can try what a short password among the values is. Where the stack has none, because
// existing Secrets hold them all, the rounds alone stand against that. key may be nil.
func checksum(variables, others map[string]pulumi.StringInput, key pulumi.StringInput) pulumi.StringOutput {
	values := pulumi.StringMap{}
	for name, value := range variables {
		values["env."+name] = value
	}
	maps.Copy(values, others)
	if key == nil {
		key = pulumi.String("")
	}
	return pulumi.All(values, key).ApplyT(func(all []any) (string, error) {
		values := all[0].(map[string]string)
		var read strings.Builder
		for _, k := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&read, "%q=%q\n", k, values[k])
		}
		digest, err := pbkdf2.Key(sha256.New, read.String(), []byte("bifrost checksum"+all[1].(string)), checksumRounds, sha256.Size)
		return hex.EncodeToString(digest), err
	}).(pulumi.StringOutput)
}
