package checks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/ecs"
	"bifrost/internal/iampolicy"
	"bifrost/internal/partition"
)

const ecsReferencesCode = "ecs-references"

// ecsReferences are the checks of what variables of the tasks come from that exists.
func (t ecsTrust) references(secrets service.Secrets) []check.Check {
	if t.Outputs.ECS == nil || len(t.Config.Ecs.SecretRefs) == 0 {
		return nil
	}
	r := references{t, secrets}
	return []check.Check{{
		Code: ecsReferencesCode, Description: "the existing secrets and parameters of the tasks' variables are there, and can be read",
		Needs: []string{"ecs-policy-run"}, Run: r.run,
	}}
}

type references struct {
	ecsTrust
	secrets service.Secrets
}

// reference is one of ecs.secretRefs.
type reference struct {
	ecs.SecretRef
	key string
}

// at is the place of the AWS CLI that a command begins with.
func (r reference) cli(service string) string {
	return fmt.Sprintf("aws %s --region %s", service, r.Region)
}

func (r references) run(ctx context.Context) check.Result {
	unseen := check.Result{Status: check.OK}
	for _, variable := range slices.Sorted(maps.Keys(r.Config.Ecs.SecretRefs)) {
		ref, _ := ecs.ParseSecretRef(r.Config.Ecs.SecretRefs[variable])
		result := r.one(ctx, reference{ref, "ecs.secretRefs." + variable})
		switch result.Status {
		case check.OK:
		case check.Warning:
			unseen = result
		default:
			return result
		}
	}
	if unseen.Status != check.OK {
		return unseen
	}
	return check.Pass("%d variables", len(r.Config.Ecs.SecretRefs))
}

func (r references) one(ctx context.Context, ref reference) check.Result {
	if ref.Service == ecs.ParametersService {
		return r.parameter(ctx, ref)
	}
	found, err := r.secrets.Secret(ctx, ref.Region, ref.Arn)
	switch {
	case missing(err):
		return check.Fail(ref.cli("secretsmanager")+" list-secrets --query 'SecretList[].ARN'; write the one that is meant into "+ref.key,
			"%s: there is no secret %s", ref.key, ref.Arn)
	case err != nil:
		return unreadable(ref.key+": the secret "+ref.Arn, err, r.awsLogin())
	case !found.Deleted.IsZero():
		return check.Fail(ref.cli("secretsmanager")+" restore-secret --secret-id "+ref.Arn, "%s: the secret %s is scheduled for deletion, "+
			"and no task can start with it", ref.key, ref.Arn)
	}
	version, result := versionOf(found, ref)
	if version == "" {
		return result
	}
	if result := r.decrypts(ctx, ref, found.KmsKey); result.Status != check.OK || ref.Key == "" {
		return result
	}
	return r.field(ctx, ref, version)
}

// versionOf is the version that tasks read. Every version may be named by its id; those that no stage names are not listed.
func versionOf(secret *service.Secret, ref reference) (string, check.Result) {
	if ref.Version != "" {
		return ref.Version, check.Result{}
	}
	stage := ref.Stage
	if stage == "" {
		stage = "AWSCURRENT"
	}
	if version := secret.Versions[stage]; version != "" {
		return version, check.Result{}
	}
	return "", check.Fail(ref.cli("secretsmanager")+" put-secret-value --secret-id "+ref.Arn+", or write another stage into "+ref.key,
		"%s: no version of the secret %s has the stage %s", ref.key, ref.Arn, stage)
}

// field looks for the JSON key. Who runs verify may have no right to the value: then it is not known.
func (r references) field(ctx context.Context, ref reference, version string) check.Result {
	fields, err := r.secrets.Fields(ctx, ref.Region, ref.Arn, version)
	switch {
	case missing(err):
		return check.Fail(ref.cli("secretsmanager")+" list-secret-version-ids --secret-id "+ref.Arn+"; write one of them into "+ref.key,
			"%s: the secret %s has no version %s", ref.key, ref.Arn, version)
	case err != nil:
		return check.Warn("let who runs verify read it (secretsmanager:GetSecretValue), or see that a task has started since it was put",
			"%s: whether the secret %s has the key %s could not be looked at: %v", ref.key, ref.Arn, ref.Key, err)
	case !slices.Contains(fields, ref.Key):
		has := "is no JSON object"
		if len(fields) > 0 {
			has = "has " + quoted(fields)
		}
		return check.Fail("write a key that the secret has into "+ref.key+", or put one with "+ref.cli("secretsmanager")+
			" put-secret-value --secret-id "+ref.Arn, "%s: the secret %s has no JSON key %s: it %s", ref.key, ref.Arn, ref.Key, has)
	}
	return check.Pass("%s", ref.Arn)
}

func (r references) parameter(ctx context.Context, ref reference) check.Result {
	found, err := r.secrets.Parameter(ctx, ref.Region, ref.Arn)
	switch {
	case missing(err):
		return check.Fail(ref.cli("ssm")+" describe-parameters --query 'Parameters[].ARN'; write the one that is meant into "+ref.key,
			"%s: there is no parameter %s", ref.key, ref.Arn)
	case err != nil:
		return unreadable(ref.key+": the parameter "+ref.Arn, err, r.awsLogin())
	}
	return r.decrypts(ctx, ref, found.KmsKey)
}

// decrypts asks whether the execution role may use the key under which something is put. AWS's own keys serve everybody in the account
// (Secrets Manager user guide, "Secret encryption and decryption"; Systems Manager user guide, "AWS KMS encryption for Parameter Store").
func (r references) decrypts(ctx context.Context, ref reference, id string) check.Result {
	if id == "" || strings.Contains(id, "alias/aws/") {
		return check.Pass("%s", ref.Arn)
	}
	key, err := r.secrets.Key(ctx, ref.Region, id)
	switch {
	case missing(err):
		return check.Fail("put the value again under a key that there is: "+ref.cli(ref.Service)+" help",
			"%s: %s is encrypted with the KMS key %s, which does not exist", ref.key, ref.Arn, id)
	case err != nil:
		return check.Warn(r.awsLogin(), "%s: the KMS key %s cannot be read, so that it was not checked: %v", ref.key, id, err)
	case key.State == "PendingDeletion":
		return check.Fail(ref.cli("kms")+" cancel-key-deletion --key-id "+key.ARN+" && "+ref.cli("kms")+" enable-key --key-id "+key.ARN,
			"%s: the KMS key %s of %s is scheduled for deletion", ref.key, key.ARN, ref.Arn)
	case key.State != "Enabled":
		return check.Fail(ref.cli("kms")+" enable-key --key-id "+key.ARN, "%s: the KMS key %s of %s is %s", ref.key, key.ARN, ref.Arn,
			key.State)
	}
	return r.mayDecrypt(ctx, ref, key)
}

// mayDecrypt asks the key's policy, and the role's where the key leaves it to the account (KMS developer guide, "Default key policy").
func (r references) mayDecrypt(ctx context.Context, ref reference, key *service.Key) check.Result {
	const action = "kms:Decrypt"
	role, err := r.role(ctx)
	if err != nil {
		return unreadable("the role "+r.PrincipalArn, err, r.awsLogin())
	}
	account := strings.Split(r.PrincipalArn, ":")[4]
	asked := iam.Request{Action: action, Resource: key.ARN, Context: map[string]string{
		"kms:ViaService":                        ref.Service + "." + ref.Region + "." + partition.Of(ref.Region).DnsSuffix,
		"kms:EncryptionContext:SecretARN":       ref.Arn,
		"kms:EncryptionContext:PARAMETER_ARN":   ref.Arn,
		"kms:CallerAccount":                     account,
		"kms:EncryptionContext:SecretVersionId": "",
	}}
	ask := func(document string, by ...string) (iam.Decision, error) {
		request := asked
		request.AWS = by
		return iam.Evaluate(document, request)
	}
	own, err := ask(key.Policy, r.PrincipalArn)
	if err != nil {
		return r.unjudged("the policy of KMS key "+key.ARN+" for", role, err)
	}
	root := fmt.Sprintf("arn:%s:iam::%s:root", iampolicy.Partition(ref.Region), account)
	left, err := ask(key.Policy, root, account)
	switch {
	case err != nil:
		return r.unjudged("the policy of KMS key "+key.ARN+" for", role, err)
	case own.Denied || !own.Allowed && !left.Allowed:
		return check.Fail(ref.cli("kms")+" get-key-policy --key-id "+key.ARN+" --policy-name default; let it allow "+action+" to "+
			r.PrincipalArn, "%s: the policy of the KMS key %s does not let %s decrypt %s", ref.key, key.ARN, name(r.PrincipalArn), ref.Arn)
	case own.Allowed:
		return check.Pass("%s", ref.Arn)
	}
	for _, policy := range role.Policies {
		d, err := ask(policy)
		if err != nil {
			return r.unjudged("a policy", role, err)
		}
		if d.Allowed {
			return check.Pass("%s", ref.Arn)
		}
	}
	hint := r.up()
	if !slices.Contains(r.Config.Ecs.SecretRefKmsKeyArns, key.ARN) {
		hint = "write " + key.ARN + " into ecs.secretRefKmsKeyArns, then " + hint
	}
	return check.Fail(hint, "%s: %s is encrypted with the KMS key %s, and no policy of %s allows %s on it", ref.key, ref.Arn, key.ARN,
		name(r.PrincipalArn), action)
}
