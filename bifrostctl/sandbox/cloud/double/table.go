package double

// Schema is what a provider's schema says of the modelled types, as far as the argument structs of its SDK do not.
type Schema struct {
	// Version is that of the provider of which the lists were taken. The root go.mod requires the SDK of the same version.
	Version string
	// Every holds for each type, before what the type's own entry says.
	Every TypeSchema
	// Types has an entry for each modelled type, by Pulumi token.
	Types map[string]TypeSchema
	// Lookups has an entry for each modelled function, by Pulumi token.
	Lookups map[string]Lookup
}

// Lookup is what the provider does in a look-up, each in a plain sentence; docs/doubles.md tells it.
type Lookup struct {
	// Missing is what it answers where there is nothing to find, or more than one thing.
	Missing string
	// Source is what was read, with its version.
	Source string
}

// TypeSchema is what a provider's schema says of a type. Properties are given by their dotted paths; a path through a list leaves the
// places in it out, as "dnsConfig.dnsRecords.type".
type TypeSchema struct {
	// Required names the required properties that checkSchema cannot see: lists, maps and unions.
	Required []string
	// Replace names the properties whose change needs a new resource.
	Replace []string
	// Computed names the outputs that are unknown until the resource is made. A previewed change leaves all as they are. Where the inputs
	// say nothing of such a property, a bridged provider leaves it as it is.
	Computed []string
	// Secrets names the top-level outputs that the provider itself marks secret.
	Secrets []string
	// Sets names the lists that a bridged provider compares as sets.
	Sets []string
	// Defaults are the values that count for a bridged provider where the inputs say nothing.
	Defaults map[string]any
	// Behaviour is told in docs/doubles.md.
	Behaviour Behaviour
}

// Behaviour is what the provider does with a type over its life, each in a plain sentence or two.
type Behaviour struct {
	// Source is what was read, with its version.
	Source string
	// TakenAway is what becomes of the resource when an input is taken away.
	TakenAway string
	// Half is what a create leaves that was interrupted or whose second half failed.
	Half string
	// Waits is what the provider waits for, how long, and whether it waits again.
	Waits string
	// Unique is the name that is taken once, and where.
	Unique string
}

// Describe fills what the schema says into the types, and returns them.
func (s Schema) Describe(types map[string]*Type) map[string]*Type {
	for token, typ := range types {
		own := s.Types[token]
		own.Required = joined(s.Every.Required, own.Required)
		own.Replace = joined(s.Every.Replace, own.Replace)
		own.Computed = joined(s.Every.Computed, own.Computed)
		own.Secrets = joined(s.Every.Secrets, own.Secrets)
		typ.TypeSchema = own
	}
	return types
}

// joined returns a new list.
func joined(first, second []string) []string { return append(first[:len(first):len(first)], second...) }
