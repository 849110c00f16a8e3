package ecs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/gateway"
)

// Validate reports every problem of the arguments, at paths below p.
func (a *EcsServiceArgs) Validate(p *field.Path) field.ErrorList {
	return slices.Concat(
		a.validatePlace(p), image.Validate(p.Child("image"), a.Image),
		a.validateRoles(p), a.TaskRole.Validate(p.Child("taskRole")),
		a.validateCount(p), a.Autoscaling.Validate(p.Child("autoscaling")),
		a.validateTask(p), a.validateVariables(p), a.validateSecretRefs(p),
		a.validateNetwork(p), a.validateFront(p), a.LoadBalancer.Validate(p.Child("loadBalancer")),
		a.validateBroker(p.Child("clustering", "broker")), a.Clustering.Validate(p.Child("clustering")),
		a.Alarms.Validate(p.Child("alarms")),
		a.validateSecrets(p), a.validateLogs(p), a.validateRegions(p),
		a.validateDerived(p), a.validateRights(p),
	)
}

func (a *EcsServiceArgs) validatePlace(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.ClusterArn == "" {
		errs = append(errs, field.Required(p.Child("clusterArn"), "the ARN of an existing cluster"))
	}
	return slices.Concat(errs,
		check.Arn(p.Child("clusterArn"), a.ClusterArn, check.EcsClusterArn),
		check.Required(p.Child("region"), a.Region, check.Region),
		check.Optional(p.Child("name"), a.Name, check.EcsName),
	)
}

func (a *EcsServiceArgs) validateRoles(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.ExecutionRoleArn == nil || a.ExecutionRoleName == nil {
		errs = append(errs, field.Required(p.Child("executionRoleArn"), "ARN and name of the role that may pull the image"))
	}
	errs = append(errs, check.Arn(p.Child("taskRoleArn"), a.TaskRoleArn, check.RoleArn)...)
	if (a.TaskRole == nil) == (a.TaskRoleArn == "") {
		errs = append(errs, field.Required(p.Child("taskRole"), "give exactly one of taskRole and taskRoleArn"))
	}
	return errs
}

// validateCount checks the number of tasks, and what the autoscaling makes of it.
func (a *EcsServiceArgs) validateCount(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.DesiredCount < 1 {
		errs = append(errs, field.Invalid(p.Child("desiredCount"), a.DesiredCount, "at least 1"))
	}
	errs = append(errs, a.validateScaling(p.Child("autoscaling"))...)
	least := a.DesiredCount
	if a.Autoscaling != nil {
		least = min(least, cmp.Or(a.Autoscaling.MinTasks, least))
	}
	return append(errs, validateRollout(p.Child("minHealthyPercent"), p.Child("maxHealthyPercent"),
		a.minHealthyPercent(), a.maxHealthyPercent(), least)...)
}

func (a *EcsServiceArgs) validateTask(p *field.Path) field.ErrorList {
	return slices.Concat(
		validateFargateSize(p.Child("cpu"), p.Child("memory"), a.cpu(), a.memory()),
		check.OneOf(p.Child("cpuArchitecture"), a.CpuArchitecture, ArchitectureX86, ArchitectureArm),
		validateStopTimeout(p.Child("stopTimeoutSeconds"), a.stopTimeout()),
		validateStartup(p.Child("startupSeconds"), a.startupSeconds()),
		validateExec(p.Child("exec"), p.Child("readOnlyRoot"), a.Exec, a.readOnlyRoot()),
	)
}

// validateExec refuses ECS Exec together with a read-only root: its agent writes there (Amazon ECS developer guide, "Monitor Amazon
// ECS containers with ECS Exec").
func validateExec(execPath, rootPath *field.Path, exec, readOnlyRoot bool) field.ErrorList {
	if !exec || !readOnlyRoot {
		return nil
	}
	return field.ErrorList{field.Invalid(execPath, exec,
		fmt.Sprintf("the agent of ECS Exec writes to the root file system; set %s to false, or remove this", rootPath))}
}

// validateVariables checks config.json and the variables: what the component sets itself, nobody else may set.
func (a *EcsServiceArgs) validateVariables(p *field.Path) field.ErrorList {
	errs := gateway.ValidateEnv(p, a.Env, a.SecretEnv)
	errs = append(errs, gateway.ValidateMigration(p.Child("migrationJob"), a.MigrationJob, a.given())...)
	errs = append(errs, gateway.ValidateIpFamily(p.Child("ipFamily"), a.IpFamily, a.given())...)
	if a.Config == nil {
		errs = append(errs, field.Required(p.Child("config"), "the text of config.json"))
	}
	if _, plain := a.Env[gateway.EncryptionKeyVariable]; plain {
		errs = append(errs, field.Forbidden(p.Child("env").Key(gateway.EncryptionKeyVariable),
			"a secret, and one that no up changes by accident; give it in secretEnv"))
	}
	for _, variable := range slices.Sorted(maps.Keys(writtenFiles)) {
		if _, taken := a.SecretEnv[variable]; taken {
			errs = append(errs, field.Forbidden(p.Child("secretEnv").Key(variable), "carries "+writtenFiles[variable]))
		}
	}
	for _, ca := range []struct{ key, pem, variable string }{
		{"databaseCa", a.DatabaseCa, gateway.DatabaseCaVariable}, {"networkCa", a.NetworkCa, gateway.CaDirVariable},
	} {
		if ca.pem != "" && a.given()[ca.variable] {
			errs = append(errs, field.Forbidden(p.Child(ca.key), ca.variable+" is set, too; keep one of them"))
		}
		if len(ca.pem) > maxSecretString {
			errs = append(errs, field.TooLong(p.Child(ca.key), "", maxSecretString))
		}
	}
	return errs
}

func (a *EcsServiceArgs) validateSecrets(p *field.Path) field.ErrorList {
	return slices.Concat(
		check.Optional(p.Child("secretPrefix"), a.SecretPrefix, check.SecretPrefix),
		validateSecretRecovery(p.Child("secretRecoveryDays"), a.secretRecoveryDays()),
		check.Arn(p.Child("secretKmsKeyArn"), a.SecretKmsKeyArn, check.KmsKeyArn),
	)
}

func (a *EcsServiceArgs) validateLogs(p *field.Path) field.ErrorList {
	return slices.Concat(
		check.LogGroupName(p.Child("logGroup"), a.LogGroup),
		validateLogRetention(p.Child("logRetentionDays"), a.logRetentionDays()),
		check.Arn(p.Child("logKmsKeyArn"), a.LogKmsKeyArn, check.KmsKeyArn),
	)
}

// validateRegions refuses keys, a target group, a certificate and a topic of another region than the service's.
func (a *EcsServiceArgs) validateRegions(p *field.Path) field.ErrorList {
	errs := slices.Concat(
		check.SameRegion(p.Child("secretKmsKeyArn"), a.SecretKmsKeyArn, a.Region),
		check.SameRegion(p.Child("logKmsKeyArn"), a.LogKmsKeyArn, a.Region),
		check.SameRegion(p.Child("targetGroupArn"), a.TargetGroupArn, a.Region),
	)
	if a.LoadBalancer != nil {
		errs = append(errs, check.SameRegion(p.Child("loadBalancer", "certificateArn"), a.LoadBalancer.CertificateArn, a.Region)...)
	}
	if a.Alarms != nil {
		errs = append(errs, check.SameRegion(p.Child("alarms", "topicArn"), a.Alarms.TopicArn, a.Region)...)
	}
	return errs
}
