package component

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scope is what every child of a component is made with: the context, the component's own name, which begins the child's, and the
// component itself.
type Scope struct {
	Ctx    *pulumi.Context
	Name   string
	Parent pulumi.Resource
	// Seen is what the component's hooks see in a preview.
	Seen *Seen
	// kind is the component's type without its package.
	kind string
	// providers are those that the component was given.
	providers []pulumi.ProviderResource
	// every is what each child is made with.
	every []pulumi.ResourceOption
}

// Hook is the name of a hook: components of two types may have one name, and a hook's is the stack's own.
func (s Scope) Hook(what string) string { return s.kind + "-" + s.Child(what) }

// Child is the logical name of a child. It is a part of the child's URN.
func (s Scope) Child(what string) string { return s.Name + "-" + what }

// Options are those of a child: the component is its parent. The caller's options never reach it.
func (s Scope) Options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return slices.Concat([]pulumi.ResourceOption{pulumi.Parent(s.Parent)}, s.every, more)
}
