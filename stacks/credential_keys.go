package stacks

import (
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// documentKeys are the keys of an object of a document that has no Go type, with what stands at each: nil for a text.
type documentKeys map[string]documentKeys

// anything stands where a key may have any value.
var anything = documentKeys{}

// credentialKeys are those of a credential configuration of type external_account (google-auth-library and gcloud, "external_account";
// Google Cloud, AIP-4117).
var credentialKeys = documentKeys{
	"type": nil, "audience": nil, "subject_token_type": nil, "token_url": nil, "token_info_url": nil,
	"service_account_impersonation_url": nil, "quota_project_id": nil,
	"client_id": nil, "client_secret": nil, "universe_domain": nil, "workforce_pool_user_project": nil,
	"service_account_impersonation": anything,
	"credential_source": {
		"file": nil, "url": nil, "headers": anything, "executable": anything, "certificate": anything, "environment_id": nil,
		"region_url": nil, "regional_cred_verification_url": nil, "imdsv2_session_token_url": nil,
		"format": {"type": nil, "subject_token_field_name": nil},
	},
}

// problems are keys that the document has not, of which a misspelt one would be passed over in silence, and values of another kind. No
// value is repeated.
func (d documentKeys) problems(p *field.Path, object map[string]any) field.ErrorList {
	var errs field.ErrorList
	known := slices.Sorted(maps.Keys(d))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		below, is := d[key]
		inner, isObject := object[key].(map[string]any)
		_, isText := object[key].(string)
		switch at := p.Child(key); {
		case !is:
			errs = append(errs, unknownKey(at, check.Nearest(key, known), known))
		case below == nil && !isText:
			errs = append(errs, field.Forbidden(at, "is "+kindOf(object[key])+"; write text"))
		case len(below) > 0 && !isObject:
			errs = append(errs, field.Forbidden(at, "is "+kindOf(object[key])+"; write "+plainly(at, reflect.TypeFor[map[string]any]())))
		case len(below) > 0:
			errs = append(errs, below.problems(at, inner)...)
		}
	}
	return errs
}
