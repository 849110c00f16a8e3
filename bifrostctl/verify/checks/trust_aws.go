package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/iampolicy"
)

const (
	webIdentityAction = "sts:AssumeRoleWithWebIdentity"
	assumeAction      = "sts:AssumeRole"
	getToken          = "ecr:GetAuthorizationToken"
	podIdentityAgent  = "eks-pod-identity-agent"
)

// roleOf looks a role up once, for the checks of it.
func (s Stack) roleOf(i service.IAM, arn string) func(context.Context) (*service.Role, error) {
	return shared(func(ctx context.Context) (*service.Role, error) { return i.Role(ctx, name(arn)) })
}

// awsRole is a role of the hand-off, with the checks that every such role has.
type awsRole struct {
	Stack
	Principal
	role func(context.Context) (*service.Role, error)
}

func (r awsRole) exists(ctx context.Context) check.Result {
	role, err := r.role(ctx)
	switch {
	case r.PrincipalArn == "":
		return check.Fail(r.up(), "vendorHandoff has no principal for %s", r.Platform)
	case missing(err):
		return check.Fail(r.toldAnew(), "the role %s does not exist", r.PrincipalArn)
	case err != nil:
		return unreadable("the role "+r.PrincipalArn, err, r.awsLogin())
	case role.ID != r.PrincipalID:
		return check.Fail(r.toldAnew(), "the role %s was made again: its unique id is %s, and the vendor was told of %s",
			name(role.ARN), role.ID, r.PrincipalID)
	}
	return check.Pass("%s (%s)", role.ARN, role.ID)
}

func (r awsRole) mayGetToken(ctx context.Context) check.Result {
	return r.allowed(ctx, "*", getToken)
}

func (r awsRole) mayPull(ctx context.Context) check.Result {
	actions := iampolicy.PullActions
	if r.Config.Registry.PullThroughCache {
		actions = slices.Concat(actions, iampolicy.ImportActions)
	}
	return r.allowed(ctx, r.Config.RepositoryArn(), actions...)
}

// allowed asks the role's own policies.
func (r awsRole) allowed(ctx context.Context, resource string, actions ...string) check.Result {
	role, err := r.role(ctx)
	if err != nil {
		return unreadable("the role "+r.PrincipalArn, err, r.awsLogin())
	}
	var lacking []string
	for _, action := range actions {
		allowed := false
		for _, policy := range role.Policies {
			d, err := iam.Evaluate(policy, iam.Request{Action: action, Resource: resource})
			switch {
			case err != nil:
				return r.unjudged("a policy", role, err)
			case d.Denied:
				return check.Fail(r.up(), "a policy of %s denies %s on %s", name(role.ARN), action, resource)
			}
			allowed = allowed || d.Allowed
		}
		if !allowed {
			lacking = append(lacking, action)
		}
	}
	if len(lacking) > 0 {
		return check.Fail(r.up(), "no policy of %s allows %s on %s", name(role.ARN), strings.Join(lacking, ", "), resource)
	}
	return check.Pass("%s on %s", strings.Join(actions, ", "), resource)
}

// unjudged is the result for a document that the evaluator does not understand: no yes and no no.
func (r awsRole) unjudged(document string, role *service.Role, err error) check.Result {
	return check.Warn(fmt.Sprintf("aws iam simulate-principal-policy --policy-source-arn %s --action-names %s", role.ARN, getToken),
		"%s of %s has a form that is not judged here: %v", document, name(role.ARN), err)
}

// policies are the checks of the role's own rights.
func (r awsRole) policies(prefix, who string) []check.Check {
	return []check.Check{
		{Code: prefix + "-policy-token", Description: who + " may ask Amazon ECR for a token", Needs: []string{prefix + "-role"},
			Run: r.mayGetToken},
		{Code: prefix + "-policy-pull", Description: who + " may pull from the image's repository",
			Needs: []string{prefix + "-policy-token"}, Run: r.mayPull},
	}
}

// refused says why a trust document does not let a service of AWS in.
func (r awsRole) refused(role *service.Role, d iam.Decision, action string) (check.Result, bool) {
	switch {
	case d.Allowed:
		return check.Result{}, true
	case len(d.Missed) > 0:
		miss := d.Missed[0]
		return check.Fail(r.up(), "the trust of %s wants %s = %s for %s, and it is %q", name(role.ARN), miss.Key,
			strings.Join(miss.Want, " or "), action, miss.Got), false
	}
	return check.Fail(r.up(), "the trust of %s does not allow %s", name(role.ARN), action), false
}

// each asks the same of every role, and stops at the first that is not good.
func each(roles []awsRole, ask func(awsRole, context.Context) check.Result) func(context.Context) check.Result {
	return func(ctx context.Context) check.Result {
		var names []string
		for _, role := range roles {
			if result := ask(role, ctx); result.Status != check.OK {
				return result
			}
			names = append(names, name(role.PrincipalArn))
		}
		return check.Pass("%s", quoted(names))
	}
}
