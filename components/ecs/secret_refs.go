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

// secretsService and parametersService are the services in ARNs of what a variable may come from.
const (
	secretsService    = "secretsmanager"
	parametersService = "ssm"
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

// secretRef is what a variable comes from: a secret or a parameter.
type secretRef struct {
	// arn is that of the thing itself, without key, stage and version.
	arn             string
	service, region string
	// key, stage and version are of a secret, each empty where it is not named.
	key, stage, version string
}

// valueFrom is the reference as ECS reads it: with all colons, where one stands.
func (r secretRef) valueFrom() string {
	if r.key+r.stage+r.version == "" {
		return r.arn
	}
	return strings.Join([]string{r.arn, r.key, r.stage, r.version}, ":")
}

// parseSecretRef tells what a reference names; false where it is none.
func parseSecretRef(text string) (ref secretRef, ok bool) {
	a, err := arn.Parse(text)
	if err != nil || !check.Region.Pattern.MatchString(a.Region) || !check.AccountId.Pattern.MatchString(a.AccountID) {
		return secretRef{}, false
	}
	parts := secretResource.FindStringSubmatch(a.Resource)
	switch {
	case a.Service == secretsService && parts != nil:
		a.Resource = parts[1]
		of := append(strings.Split(parts[2], ":"), "", "", "", "")
		return secretRef{a.String(), a.Service, a.Region, of[1], of[2], of[3]}, true
	case a.Service == parametersService && parameterResource.MatchString(a.Resource):
		return secretRef{arn: text, service: a.Service, region: a.Region}, true
	}
	return secretRef{}, false
}

// validateSecretRefs checks what variables come from that exists already.
func (a *EcsServiceArgs) validateSecretRefs(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(a.SecretRefs)) {
		at, reference := p.Child("secretRefs").Key(name), a.SecretRefs[name]
		errs = append(errs, check.EnvName(at, name)...)
		_, plain := a.Env[name]
		_, secret := a.SecretEnv[name]
		switch ref, ok := parseSecretRef(reference); {
		case plain || secret:
			errs = append(errs, field.Duplicate(at, name))
		case writtenFiles[name] != "":
			errs = append(errs, field.Forbidden(at, "carries "+writtenFiles[name]))
		case !ok:
			errs = append(errs, field.Invalid(at, reference, wantedReference))
		case ref.stage != "" && ref.version != "":
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
		if ref, ok := parseSecretRef(text); ok {
			named[iampolicy.Reference{Arn: ref.arn, Service: ref.service, Region: ref.region}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(named), func(one, two iampolicy.Reference) int { return strings.Compare(one.Arn, two.Arn) })
}

// withReferences adds the secrets that exist already to those made here, in the order of their variables.
func (a *EcsServiceArgs) withReferences(made []secretReference, takes func(variable string) bool) []secretReference {
	all := slices.Clone(made)
	for variable, reference := range a.SecretRefs {
		if ref, ok := parseSecretRef(reference); ok && takes(variable) {
			all = append(all, secretReference{Name: variable, ValueFrom: ref.valueFrom()})
		}
	}
	slices.SortFunc(all, func(one, two secretReference) int { return strings.Compare(one.Name, two.Name) })
	return all
}
