package component

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ImportCommand is the command that takes what exists into the state, in the place of the component's child that could not be made. id is
// its id as a shell reads it. Where the component was not given the provider itself, URN stands for the provider's.
func (s Scope) ImportCommand(failed *pulumi.ErrorHookArgs, id string) string {
	child := urn.URN(failed.URN)
	of := strings.TrimSuffix(string(child.QualifiedType()), urn.TypeDelimiter+string(child.Type()))
	parent := urn.New(child.Stack(), child.Project(), "", tokens.Type(of), s.Name)

	name, provider := string(child.Type().Package()), "URN"
	for _, p := range s.providers {
		if typ := tokens.Type(p.PulumiResourceType()); string(typ.Name()) == name {
			provider = string(urn.New(child.Stack(), child.Project(), "", typ, p.PulumiResourceName()))
		}
	}
	return fmt.Sprintf("pulumi import %s %s %s --parent '%s=%s' --provider '%s=%s' --protect=false --generate-code=false",
		child.Type(), child.Name(), id, s.Name, parent, name, provider)
}
