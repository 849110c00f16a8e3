package ecs

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

const (
	// maxInlinePolicyName, in characters, is the longest name of a policy in a role (IAM API reference, PutRolePolicy).
	maxInlinePolicyName = 128
	// MaxInlinePolicies, in characters without white space, is the most of all policies in a role (IAM user guide, "IAM and STS quotas").
	MaxInlinePolicies = 10240
	// maxSecretName, in characters (Secrets Manager API reference, CreateSecret).
	maxSecretName = 512
	// rightsKeyLength is that of rightsKey.
	rightsKeyLength = 8
)

// validateDerived refuses names from which something is made that AWS does not take. The broker's service and its family, NAME-broker, have
// room for what a policy has room for.
func (a *EcsServiceArgs) validateDerived(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if check.EcsName.Pattern.MatchString(a.name()) {
		errs = append(errs, check.Derived(p.Child("name"), a.name(), "", "-"+rightsName+strings.Repeat("0", rightsKeyLength),
			"a policy in the execution role", maxInlinePolicyName)...)
	}
	made := a.SecretNames()
	for i, name := range made {
		if len(name) > maxSecretName {
			errs = append(errs, field.Invalid(p.Child("secretPrefix"), a.secretPrefix(), fmt.Sprintf("makes the secret %s of %d "+
				"characters, and Secrets Manager takes %d; shorten this, or the variable's name", name, len(name), maxSecretName)))
		}
		if slices.Contains(made[:i], name) {
			errs = append(errs, field.Invalid(p.Child("secretPrefix"), a.secretPrefix(), fmt.Sprintf("makes the secret %s twice: of a "+
				"variable, and of the file of this name; give the variable another name", name)))
		}
	}
	return errs
}

// validateRights refuses more secrets than a policy in the execution role can name.
func (a *EcsServiceArgs) validateRights(p *field.Path) field.ErrorList {
	secrets, size := a.Rights()
	if size <= MaxInlinePolicies {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("secretPrefix"), a.secretPrefix(), fmt.Sprintf("with it the right to read %d secrets is "+
		"a policy of %d characters, and IAM takes %d in a role; shorten this and the variables' names, or keep several values as keys "+
		"of one secret in JSON, which secretRefs name", secrets, size, MaxInlinePolicies))}
}

// Rights are how many secrets the policy in the execution role names, and how many characters it has; 0 where the region is none. What is
// not known yet has ids of the same length.
func (a *EcsServiceArgs) Rights() (named, size int) {
	const account, suffix = "000000000000", "-AbCdEf"
	if !check.Region.Pattern.MatchString(a.Region) {
		return 0, 0
	}
	within := func(service, resource string) string {
		return strings.Join([]string{"arn", iampolicy.Partition(a.Region), service, a.Region, account, resource}, ":")
	}
	var secrets []string
	for _, name := range a.SecretNames() {
		secrets = append(secrets, within("secretsmanager", "secret:"+name+suffix))
	}
	rights, err := iampolicy.EcsExecution(within("logs", "log-group:"+a.logGroup()), secrets, a.secretPrefix(), a.Region).
		Reading(a.referenced(), a.SecretRefKmsKeyArns).JSON()
	if err != nil {
		return 0, 0
	}
	return len(secrets) + len(a.referenced()), len(rights)
}
