package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// arnTypes are the things that verify asks AWS for where the configuration names them, by key. What else it names has checks of its own,
// or is told by AWS when it is used.
var arnTypes = map[string]string{
	"aws.permissionsBoundary":         pulumitype.AwsPolicy,
	"eks.gatewayPolicyArns":           pulumitype.AwsPolicy,
	"ecs.taskPolicyArns":              pulumitype.AwsPolicy,
	"ecs.loadBalancer.certificateArn": pulumitype.AwsCertificate,
	"gateway.ingress.certificateArn":  pulumitype.AwsCertificate,
}

// arnLists show what may be written instead, by type.
var arnLists = map[string]string{
	pulumitype.AwsPolicy:      "aws iam list-policies --query 'Policies[].Arn'",
	pulumitype.AwsCertificate: "aws acm list-certificates --region %s --query 'CertificateSummaryList[].[CertificateArn,Status]'",
}

// namedArnChecks are those of a stack that names policies or certificates.
func (s Stack) namedArnChecks(c service.Clouds) []check.Check {
	named := map[string][]stacks.NamedArn{}
	for _, of := range s.Config.NamedArns() {
		named[arnTypes[of.Key]] = append(named[arnTypes[of.Key]], of)
	}
	var all []check.Check
	for _, of := range []struct{ code, typ, what string }{
		{"named-arns", pulumitype.AwsPolicy, "policies"}, {"named-certificates", pulumitype.AwsCertificate, "certificates"},
	} {
		if wanted := named[of.typ]; len(wanted) > 0 {
			all = append(all, check.Check{
				Code: of.code, Description: "the " + of.what + " that the configuration names are there", Needs: []string{awsAccount},
				Run: func(ctx context.Context) check.Result { return s.askArns(ctx, c.Exists, wanted) },
			})
		}
	}
	return all
}

// namesPolicy tells whether the configuration names a policy, of which a check of its own tells.
func (s Stack) namesPolicy(arn string) bool {
	return slices.ContainsFunc(s.Config.NamedArns(), func(of stacks.NamedArn) bool {
		return of.Arn == arn && arnTypes[of.Key] == pulumitype.AwsPolicy
	})
}

// whyGone is how a look-up that found nothing, or something that serves no more, is told.
func whyGone(err error) string {
	var gone *service.GoneError
	if errors.As(err, &gone) {
		return gone.Why
	}
	return "does not exist"
}

func (s Stack) askArns(ctx context.Context, exists service.Exists, named []stacks.NamedArn) check.Result {
	var skipped *check.Result
	var names []string
	for _, of := range named {
		typ := arnTypes[of.Key]
		list := strings.ReplaceAll(arnLists[typ], "%s", s.Config.Aws.Region)
		err := exists(ctx, service.Thing{Type: typ, ID: of.Arn})
		switch {
		case missing(err):
			gone := check.Fail(fmt.Sprintf("%s shows what %s may be", list, of.Path), "%s names %s, which %s", of.Path, of.Arn,
				whyGone(err))
			return gone.Without(typ, of.Arn)
		case err != nil:
			skipped = ptrTo(unreadable(of.Path.String()+": "+of.Arn, err, s.awsLogin()))
		}
		names = append(names, name(of.Arn))
	}
	if skipped != nil {
		return *skipped
	}
	return check.Pass("%s", firstOf(names))
}
