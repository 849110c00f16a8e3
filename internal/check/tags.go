package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// tagRule is what a cloud wants of tags.
type tagRule struct {
	cloud string
	// key and value are the most characters of each.
	key, value int
	// refused finds characters that neither, or the key alone, may hold.
	refused *regexp.Regexp
	values  bool
	// reserved are how no key may begin, in whichever case.
	reserved []string
}

// mostTags is the most on one thing at both clouds.
const mostTags = 50

// Rules of tags: IAM and AWS Resource Groups user guides, "Tagging best practices" and "Tags for IAM resources", where keys that differ in
// case alone are one; Azure Resource Manager, "Use tags to organize your Azure resources", "Limitations".
var (
	awsTags = tagRule{cloud: "AWS", key: 128, value: 256, refused: regexp.MustCompile(`[^\p{L}\p{Z}\p{N}_.:/=+\-@]`), values: true,
		reserved: []string{"aws:"}}
	azureTags = tagRule{cloud: "Azure", key: 512, value: 256, refused: regexp.MustCompile(`[<>%&\\?/]`),
		reserved: []string{"microsoft", "azure", "windows"}}
)

// AwsTags checks tags of AWS; others are those that come to them.
func AwsTags(p *field.Path, tags map[string]string, others ...string) field.ErrorList {
	return awsTags.check(p, tags, others)
}

// AzureTags checks tags of Azure; others are those that come to them.
func AzureTags(p *field.Path, tags map[string]string, others ...string) field.ErrorList {
	return azureTags.check(p, tags, others)
}

func (r tagRule) check(p *field.Path, tags map[string]string, others []string) field.ErrorList {
	var errs field.ErrorList
	known := map[string]string{}
	for _, key := range others {
		known[strings.ToLower(key)] = key
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if problem := r.problem(key, tags[key]); problem != nil {
			problem.Field = p.Key(key).String()
			errs = append(errs, problem)
		}
		if same, taken := known[strings.ToLower(key)]; taken && same != key {
			why := fmt.Sprintf("%s takes it for the same key as %s; keep one of them", r.cloud, same)
			errs = append(errs, field.Invalid(p.Key(key), key, why))
		}
		known[strings.ToLower(key)] = key
	}
	if len(known) > mostTags {
		errs = append(errs, field.TooMany(p, len(known), mostTags))
	}
	return errs
}

func (r tagRule) problem(key, value string) *field.Error {
	for _, start := range r.reserved {
		if strings.HasPrefix(strings.ToLower(key), start) {
			return field.Invalid(nil, key, fmt.Sprintf("%s keeps keys that begin with %s for itself; write another key", r.cloud, start))
		}
	}
	switch {
	case key == "" || utf8.RuneCountInString(key) > r.key:
		return field.Invalid(nil, key, fmt.Sprintf("a key of a tag at %s has 1 to %d characters", r.cloud, r.key))
	case utf8.RuneCountInString(value) > r.value:
		return field.Invalid(nil, value, fmt.Sprintf("the value of a tag at %s has at most %d characters", r.cloud, r.value))
	case r.refused.MatchString(key):
		return field.Invalid(nil, key, fmt.Sprintf("%s takes no %q in the key of a tag", r.cloud, r.refused.FindString(key)))
	case r.values && r.refused.MatchString(value):
		return field.Invalid(nil, value, fmt.Sprintf("%s takes no %q in the value of a tag", r.cloud, r.refused.FindString(value)))
	}
	return nil
}
