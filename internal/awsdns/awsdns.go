// Package awsdns is the little of Amazon Route 53 that the program needs: one resource and one look-up of the AWS provider, typed by hand.
// The SDK's own package has some fifty resources, and compiles for 5.9 CPU-seconds (docs/decisions/0010-compile-cost.md).
package awsdns

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	recordType = "aws:route53/record:Record"
	getZone    = "aws:route53/getZone:getZone"
)

// Record is the resource aws:route53/record:Record.
type Record struct {
	pulumi.CustomResourceState

	// Fqdn is the whole name of the record.
	Fqdn pulumi.StringOutput `pulumi:"fqdn"`
}

// RecordArgs are the inputs of a Record: an alias, or values with their time to live. Route 53 changes neither name nor zone: another of
// them makes another record.
type RecordArgs struct {
	ZoneId         pulumi.StringInput
	Name           pulumi.StringInput
	Type           pulumi.StringInput
	Aliases        RecordAliasArrayInput
	Records        pulumi.StringArrayInput
	Ttl            pulumi.IntPtrInput
	AllowOverwrite pulumi.BoolPtrInput
}

type recordArgs struct {
	ZoneId         string        `pulumi:"zoneId"`
	Name           string        `pulumi:"name"`
	Type           string        `pulumi:"type"`
	Aliases        []recordAlias `pulumi:"aliases"`
	Records        []string      `pulumi:"records"`
	Ttl            *int          `pulumi:"ttl"`
	AllowOverwrite *bool         `pulumi:"allowOverwrite"`
}

// ElementType implements pulumi.Input.
func (RecordArgs) ElementType() reflect.Type { return reflect.TypeFor[recordArgs]() }

type recordAlias struct {
	Name                 string `pulumi:"name"`
	ZoneId               string `pulumi:"zoneId"`
	EvaluateTargetHealth bool   `pulumi:"evaluateTargetHealth"`
}

// RecordAlias is what a name stands for: a load balancer, by its name and its zone.
type RecordAlias struct {
	Name                 pulumi.StringInput `pulumi:"name"`
	ZoneId               pulumi.StringInput `pulumi:"zoneId"`
	EvaluateTargetHealth pulumi.BoolInput   `pulumi:"evaluateTargetHealth"`
}

// ElementType implements pulumi.Input.
func (RecordAlias) ElementType() reflect.Type { return reflect.TypeFor[recordAlias]() }

// RecordAliasArrayInput are the aliases of a record: one or none.
type RecordAliasArrayInput interface{ pulumi.Input }

// RecordAliasArray is a list of them.
type RecordAliasArray []RecordAlias

// ElementType implements pulumi.Input.
func (RecordAliasArray) ElementType() reflect.Type { return reflect.TypeFor[[]recordAlias]() }

// NewRecord registers a record. The explicit provider that its parent hands down decides the provider's version.
func NewRecord(ctx *pulumi.Context, name string, args RecordArgs, opts ...pulumi.ResourceOption) (*Record, error) {
	record := &Record{}
	return record, ctx.RegisterResource(recordType, name, args, record, opts...)
}

type zoneArgs struct {
	ZoneId string `pulumi:"zoneId"`
}

type privateZoneArgs struct {
	Name        string `pulumi:"name"`
	PrivateZone bool   `pulumi:"privateZone"`
	VpcId       string `pulumi:"vpcId"`
}

// Zone is what a look-up says of a hosted zone.
type Zone struct {
	// Name is without a dot at its end.
	Name        string `pulumi:"name"`
	PrivateZone bool   `pulumi:"privateZone"`
}

// LookUpZone finds a hosted zone by its id.
func LookUpZone(ctx *pulumi.Context, id string, opts ...pulumi.InvokeOption) (Zone, error) {
	var found Zone
	err := ctx.Invoke(getZone, zoneArgs{id}, &found, opts...)
	return found, err
}

// LookUpPrivateZone finds the private hosted zone of a name in a VPC.
func LookUpPrivateZone(ctx *pulumi.Context, name, vpcId string, opts ...pulumi.InvokeOption) (Zone, error) {
	var found Zone
	err := ctx.Invoke(getZone, privateZoneArgs{name, true, vpcId}, &found, opts...)
	return found, err
}
