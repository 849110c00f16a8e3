package main

// Table says what the provider has. The judge of the doubles (bifrostctl/rehearsals/bridge) writes it.
type Table struct {
	Package string
	// Types are by Pulumi token.
	Types map[string]Type
}

// Type is a resource type.
type Type struct {
	// DeletesFirst is the provider's own override: a replacement always deletes first.
	DeletesFirst bool
	Name         *Name
	Properties   map[string]Property
}

// Name says how the provider names what has no name.
type Name struct {
	// Property is the name's; Unless takes its place where it is given.
	Property, Unless, Separator string
	Digits                      int
}

// Property is one as Pulumi's schema and Terraform's know it.
type Property struct {
	// Kind is string, bool, int, number, list, set, map or object.
	Kind string
	// Elem is what a list or a set holds.
	Elem *Property
	// Properties are an object's.
	Properties map[string]Property

	Required, Optional, Computed, ForceNew, Secret bool
	// Default is a string, a boolean or a number.
	Default any
}
