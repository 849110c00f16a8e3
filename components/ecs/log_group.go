package ecs

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// newLogGroup makes the log group of all containers. Under another name it comes before the former one goes: the running tasks write
// there.
func (a *EcsServiceArgs) newLogGroup(in component.Scope) (*cloudwatch.LogGroup, error) {
	explain, err := in.OnFailedCreate("logs-taken", func(failed *pulumi.ErrorHookArgs) error {
		return a.logGroupTaken(in, failed)
	})
	if err != nil {
		return nil, err
	}
	opts := in.Options(explain, pulumi.DeleteBeforeReplace(false), pulumi.RetainOnDelete(a.keepLogs()))
	if a.AdoptLogGroup {
		opts = append(opts, pulumi.Import(pulumi.ID(a.logGroup())))
	}
	logGroup, err := cloudwatch.NewLogGroup(in.Ctx, in.Child("logs"), &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(a.logGroup()),
		RetentionInDays: pulumi.Int(a.logRetentionDays()),
		KmsKeyId:        component.OptionalString(a.LogKmsKeyArn),
	}, opts...)
	if err != nil {
		return nil, in.Failed("log group", err)
	}
	return logGroup, nil
}
