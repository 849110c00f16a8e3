package real

import (
	"context"
	"slices"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/service"
)

// googleThings are the ways to ask Google Cloud. What a federation has beside, the checks of trust ask for.
func googleThings(options []option.ClientOption) map[string]service.Exists {
	return map[string]service.Exists{
		pulumitype.GcpProjectMember: func(ctx context.Context, t service.Thing) error {
			members, err := gcpCloud{options: options}.ProjectMembers(ctx, t.Text("project"), t.Text("role"))
			if err == nil && !slices.Contains(members, t.Text("member")) {
				return notThere(t.ID)
			}
			return err
		},
		pulumitype.GcpServiceAccount: func(ctx context.Context, t service.Thing) error {
			client, err := iam.NewService(ctx, options...)
			if err != nil {
				return err
			}
			_, err = client.Projects.ServiceAccounts.Get(t.ID).Context(ctx).Do()
			return gcpNotFound(t.ID, err)
		},
	}
}
