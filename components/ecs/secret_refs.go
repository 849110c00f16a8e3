package ecs

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// SecretsService and ParametersService are the services in ARNs of what a variable may come from.
const (
	SecretsService    = "secretsmanager"
	ParametersService = "ssm"
)

var (
	// secretResource is a secret with the six characters that Secrets Manager puts behind its name, and JSON key, stage and version (Amazon
	// ECS developer guide, "Pass Secrets Manager secrets through environment variables"). Colons at the end may be left out here: YAML
	// takes a text that ends with one for a key. Secrets that RDS makes have an exclamation mark in their names.
	secretResource = regexp.MustCompile(`^(secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6})((?::[^:]*){0,3})$`)
	// parameterResource is a parameter of Systems Manager (API reference, PutParameter, Name).
	parameterResource = regexp.MustCompile(`^parameter/[A-Za-z0-9_./-]+$`)
)

const wantedReference = "not the ARN of an existing secret or parameter: write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf, " +
	"with :KEY behind it for one key of a secret in JSON, or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME; `aws secretsmanager " +
	"describe-secret --secret-id NAME --query ARN` and `aws ssm get-parameter --name NAME --query Parameter.ARN` tell it"

// SecretRef is what a variable comes from: a secret or a parameter.
type SecretRef struct {
	// Arn is that of the thing itself, without key, stage and version.
	Arn string
	// Service is secretsmanager or ssm.
	Service, Region string
	// Key, Stage and Version are of a secret, each empty where it is not named.
	Key, Stage, Version string
}

// valueFrom is the reference as ECS reads it: with all colons, where one stands.
func (r SecretRef) valueFrom() string {
	if r.Key+r.Stage+r.Version == "" {
		return r.Arn
	}
	return strings.Join([]string{r.Arn, r.Key, r.Stage, r.Version}, ":")
}

// ParseSecretRef tells what a reference names; false where it is none.
func ParseSecretRef(text string) (ref SecretRef, ok bool) {
	a, err := arn.Parse(text)
	if err != nil || !check.Region.Pattern.MatchString(a.Region) || !check.AccountId.Pattern.MatchString(a.AccountID) {
		return SecretRef{}, false
	}
	parts := secretResource.FindStringSubmatch(a.Resource)
	switch {
	case a.Service == SecretsService && parts != nil:
		a.Resource = parts[1]
		of := append(strings.Split(parts[2], ":"), "", "", "", "")
		return SecretRef{a.String(), a.Service, a.Region, of[1], of[2], of[3]}, true
	case a.Service == ParametersService && parameterResource.MatchString(a.Resource):
		return SecretRef{Arn: text, Service: a.Service, Region: a.Region}, true
	}
	return SecretRef{}, false
}

// validateSecretRefs checks what variables come from that exists already.
func (a *EcsServiceArgs) validateSecretRefs(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(a.SecretRefs)) {
		at, reference := p.Child("secretRefs").Key(name), a.SecretRefs[name]
		errs = append(errs, check.EnvName(at, name)...)
		_, plain := a.Env[name]
		_, secret := a.SecretEnv[name]
		switch ref, ok := ParseSecretRef(reference); {
		case plain || secret:
			errs = append(errs, field.Duplicate(at, name))
		case writtenFiles[name] != "":
			errs = append(errs, field.Forbidden(at, "carries "+writtenFiles[name]))
		case !ok:
			errs = append(errs, field.Invalid(at, reference, wantedReference))
		case ref.Stage != "" && ref.Version != "":
			errs = append(errs, field.Invalid(at, reference, "names a stage and a version, of which ECS takes one"))
		}
	}
	for i, key := range a.SecretRefKmsKeyArns {
		errs = append(errs, check.Arn(p.Child("secretRefKmsKeyArns").Index(i), key, check.KmsKeyArn)...)
	}
	if len(a.SecretRefKmsKeyArns) > 0 && len(a.SecretRefs) == 0 {
		errs = append(errs, field.Forbidden(p.Child("secretRefKmsKeyArns"), "nothing is read that they would decrypt; remove it, or give "+
			"secretRefs"))
	}
	return errs
}

// referenced are the rights to read what variables come from, and the keys with which it is encrypted.
func (a *EcsServiceArgs) referenced() []iampolicy.Reference {
	named := map[iampolicy.Reference]bool{}
	for _, text := range a.SecretRefs {
		if ref, ok := ParseSecretRef(text); ok {
			named[iampolicy.Reference{Arn: ref.Arn, Service: ref.Service, Region: ref.Region}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(named), func(one, two iampolicy.Reference) int { return strings.Compare(one.Arn, two.Arn) })
}

// withReferences adds the secrets that exist already to those made here, in the order of their variables.
func (a *EcsServiceArgs) withReferences(made []secretReference, takes func(variable string) bool) []secretReference {
	all := slices.Clone(made)
	for variable, reference := range a.SecretRefs {
		if ref, ok := ParseSecretRef(reference); ok && takes(variable) {
			all = append(all, secretReference{Name: variable, ValueFrom: ref.valueFrom()})
		}
	}
	slices.SortFunc(all, func(one, two secretReference) int { return strings.Compare(one.Name, two.Name) })
	return all
}
