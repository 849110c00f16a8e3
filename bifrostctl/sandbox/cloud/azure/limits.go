package azure

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// Limits of federated credentials (Microsoft Entra, "Important considerations and restrictions for federated identity
// credentials"): at most 20 an identity; issuer, subject and audience of at most 600 characters.
const (
	credentialsPerIdentity = 20
	claimLength            = 600
)

// checkClaims holds issuer, subject and audiences against their limits.
func checkClaims(in double.Object, fail double.Fail) {
	claims := map[string][]any{"issuer": {in["issuer"]}, "subject": {in["subject"]}, "audiences": double.List(in, "audiences")}
	for _, property := range slices.Sorted(maps.Keys(claims)) {
		for _, v := range claims[property] {
			claim, known := v.(string)
			switch {
			case !known:
			case claim == "":
				fail(property, "must not be empty")
			case utf8.RuneCountInString(claim) > claimLength:
				fail(property, "must have at most %d characters, got %d", claimLength, utf8.RuneCountInString(claim))
			case strings.TrimSpace(claim) != claim:
				fail(property, "%q must not begin or end with white space", claim)
			}
		}
	}
	issuer := double.String(in, "issuer")
	if issuer == "" {
		return
	}
	// OpenID Connect Discovery 1.0, "Issuer": https, a host, no query and no fragment.
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		fail("issuer", "must be an https URL without query and fragment, not %q", issuer)
	}
}

// Limits of tags (Azure Resource Manager, "Use tags to organize your Azure resources": Limitations).
const (
	tagsPerResource  = 50
	tagKeyLength     = 512
	tagValueLength   = 256
	tagKeyCharacters = `<>%&\?/`
)

func checkTags(in double.Object, fail double.Fail) {
	tags := double.Map(in, "tags")
	if len(tags) > tagsPerResource {
		fail("tags", "a resource can have at most %d tags, got %d", tagsPerResource, len(tags))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value, _ := tags[key].(string) // "" where it is not known yet
		switch {
		case key == "" || utf8.RuneCountInString(key) > tagKeyLength:
			fail("tags", "the key %q must have 1 to %d characters", key, tagKeyLength)
		case strings.ContainsAny(key, tagKeyCharacters):
			fail("tags", "the key %q must not hold any of %s", key, tagKeyCharacters)
		case utf8.RuneCountInString(value) > tagValueLength:
			fail("tags", "the value of %q must have at most %d characters", key, tagValueLength)
		}
	}
}

// credentialsOf returns the federated credentials of an identity.
func credentialsOf(c *double.Call, identity string) []*world.Resource {
	return slices.DeleteFunc(c.World.List(pulumitype.AzureFederatedCredential, subscription(c)), func(r *world.Resource) bool {
		return parentOf(r.ID) != identity
	})
}

// parentOf returns the id of the identity that a credential belongs to.
func parentOf(credential string) string {
	parent, _, _ := strings.Cut(credential, "/federatedIdentityCredentials/")
	return parent
}

// unique refuses the issuer and the subject that another credential of the identity has.
func unique(siblings []*world.Resource, id string, in double.Object) error {
	for _, other := range siblings {
		if other.ID != id && other.State["issuer"] == in["issuer"] && other.State["subject"] == in["subject"] {
			return fmt.Errorf("Status=409 Code=\"Conflict\" Message=\"Issuer and subject combination already exists for this Managed " +
				"Identity.\"")
		}
	}
	return nil
}

// identityWritten returns the identity under which a credential is written. Azure takes one such write at a time.
func identityWritten(c *double.Call, id string, in double.Object) string {
	if id == "" {
		return identityID(c, double.String(in, "resourceGroupName"), double.String(in, "resourceName"))
	}
	return parentOf(id)
}

// tooManyWrites is Azure's answer to parallel writes (pulumi-azure-native #4343).
func tooManyWrites(identity string) error {
	return fmt.Errorf("Status=409 Code=\"ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity\" Message=\"Too many "+
		"Federated Identity Credentials are written concurrently for the managed identity '%s'. Concurrent Federated Identity "+
		"Credentials writes under the same managed identity are not supported.\"", identity)
}
