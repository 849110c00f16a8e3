package double

// Schema is what a provider's schema says of the modelled types, as far as the argument structs of its SDK do not.
type Schema struct {
	// Version is that of the provider of which the lists were taken. The root go.mod requires the SDK of the same version.
	Version string
	// Every holds for each type, before what the type's own entry says.
	Every TypeSchema
	// Types has an entry for each modelled type, by Pulumi token.
	Types map[string]TypeSchema
}

// TypeSchema lists properties of a type by their dotted paths; see the fields of the same names in Type.
type TypeSchema struct {
	Required, Replace, Computed, Secrets []string
}

// Describe fills what the schema says into the types, and returns them.
func (s Schema) Describe(types map[string]*Type) map[string]*Type {
	for token, typ := range types {
		own := s.Types[token]
		typ.Required = joined(s.Every.Required, own.Required)
		typ.Replace = joined(s.Every.Replace, own.Replace)
		typ.Computed = joined(s.Every.Computed, own.Computed)
		typ.Secrets = joined(s.Every.Secrets, own.Secrets)
	}
	return types
}

// joined returns a new list.
func joined(first, second []string) []string { return append(first[:len(first):len(first)], second...) }
