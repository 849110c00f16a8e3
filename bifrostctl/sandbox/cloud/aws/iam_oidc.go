package aws

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

func openIDConnectProvider() *double.Type {
	return taggable(&double.Type{
		Args:  iam.OpenIdConnectProviderArgs{},
		Scope: global,
		// terraform-provider-aws, internal/service/iam/openid_connect_provider.go: the scheme makes no difference.
		Equal: map[string]func(state, input any) bool{"url": func(state, input any) bool {
			return state == issuerHost(input.(string))
		}},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			if url := double.String(in, "url"); url != "" && !strings.HasPrefix(url, "https://") {
				fail("url", "must begin with https://, not %q", url)
			}
			// IAM API reference, CreateOpenIDConnectProvider: at most 100 client ids of at most 255 characters.
			ids := double.List(in, "clientIdLists")
			if len(ids) > 100 {
				fail("clientIdLists", "LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100, got %d", len(ids))
			}
			for _, v := range ids {
				if id, known := v.(string); known && (id == "" || len(id) > 255) {
					fail("clientIdLists", "%q must have 1 to 255 characters", id)
				}
			}
			for _, v := range double.List(in, "thumbprintLists") {
				if print, known := v.(string); known && !thumbprintPattern.MatchString(print) {
					fail("thumbprintLists", "%q must be 40 hexadecimal digits", print)
				}
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			host := issuerHost(double.String(in, "url"))
			id := sessionOf(c).arn("iam", "oidc-provider/"+host)
			if c.World.Get(pulumitype.AwsOidcProvider, global(c), id) != nil {
				return "", nil, fmt.Errorf("creating IAM OIDC Provider: EntityAlreadyExists: Provider with url https://%s already exists",
					host)
			}
			s := state(in, double.Object{"arn": id, "url": host})
			double.Default(s, "thumbprintLists", []any{})
			return id, s, nil
		},
	})
}

// issuerHost returns an issuer's URL as IAM writes it: without the scheme.
func issuerHost(url string) string { return strings.TrimPrefix(url, "https://") }
