package double

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// madeUp is the key among a resource's inputs below which the Terraform bridge lists the properties that it filled in itself
// (pulumi-terraform-bridge, pkg/tfbridge/schema.go, applyDefaults).
const madeUp = "__defaults"

// createFirst is the key among the inputs by which azure-native knows a name that it made up: what has one is made before the old one goes
// (pulumi-azure-native 2.80, provider/pkg/provider/provider.go, getDefaultName and Diff).
const createFirst = "__createBeforeDelete"

// withoutMarks takes from properties what bridge and engine wrote there for themselves, and returns it: the types see none of it.
func withoutMarks(o Object) Object {
	marks := Object{}
	for key, v := range o {
		if resource.IsInternalPropertyKey(resource.PropertyKey(key)) {
			marks[key] = v
			delete(o, key)
		}
	}
	return marks
}

// nameGiven tells whether the name among the inputs is the program's: the bridge then lets the old resource go before its successor comes,
// also where the name is another one (pkg/tfbridge/schema.go, nameRequiresDeleteBeforeReplace). marks are those of the same inputs.
func (a AutoName) nameGiven(in, marks Object) bool {
	filledIn, ok := marks[madeUp].([]any)
	return ok && a.Path != "" && Get(in, a.Path) != nil && !slices.Contains(filledIn, any(a.Path))
}
