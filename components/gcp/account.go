package gcp

import (
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// ofProjects is the end of the domain of the service accounts that people make, behind their project.
const ofProjects = ".iam.gserviceaccount.com"

// Email is that of a service account that is made in a project.
func Email(id, project string) string { return id + "@" + project + ofProjects }

// AccountProject is the project that a service account's email names; false where it names none, as those that Google makes.
func AccountProject(email string) (project string, named bool) {
	_, domain, _ := strings.Cut(email, "@")
	return strings.CutSuffix(domain, ofProjects)
}

// newAccount makes a component's service account.
func newAccount(
	s component.Scope, project, id, displayName string, opts ...pulumi.ResourceOption,
) (*serviceaccount.Account, error) {
	made, err := serviceaccount.NewAccount(s.Ctx, s.Child("account"), &serviceaccount.AccountArgs{
		Project: pulumi.String(project), AccountId: pulumi.String(id), DisplayName: pulumi.String(displayName),
	}, s.Options(opts...)...)
	if err != nil {
		return nil, s.Failed("service account", err)
	}
	return made, nil
}

// newUser lets a member act as a service account.
func newUser(s component.Scope, account, member pulumi.StringInput) (*serviceaccount.IAMMember, error) {
	made, err := serviceaccount.NewIAMMember(s.Ctx, s.Child("user"), &serviceaccount.IAMMemberArgs{
		ServiceAccountId: account, Role: pulumi.String("roles/iam.workloadIdentityUser"), Member: member,
	}, s.Options()...)
	if err != nil {
		return nil, s.Failed("user of the service account", err)
	}
	return made, nil
}
