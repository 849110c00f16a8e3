package component

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NamesType is the type token of the part that remembers which names a stack was given.
const NamesType = "bifrost:index:Names"

// names remembers them. Hooks of the named things would not do: those of a creation and a deletion see one name each, and the engine
// refuses to destroy what has a hook for its deletion.
type names struct{ pulumi.ResourceState }

// WarnOfRenames tells, in a preview and an `up`, what each name that changed takes away. given are the names by the keys that give them.
// fresh may refuse the names that are new to the stack, by their keys; before has what the keys gave. Make it first: both then come before
// anything goes or is made.
func WarnOfRenames(
	ctx *pulumi.Context, name string, given map[string]string, lost func(key, before string) string,
	fresh func(keys []string, before resource.PropertyMap) error,
) error {
	warned, err := BeforeUpdate(ctx, name+"-changed", func(args *pulumi.ResourceHookArgs) error {
		failed := []error{fresh(Fresh(args.OldInputs, args.NewInputs), args.OldInputs)}
		for _, warning := range Renames(args.OldInputs, args.NewInputs, lost) {
			failed = append(failed, ctx.Log.Warn(warning, nil))
		}
		return errors.Join(failed...)
	})
	if err != nil {
		return fmt.Errorf("names: %w", err)
	}
	first, err := BeforeCreate(ctx, name+"-first", func(args *pulumi.ResourceHookArgs) error {
		return fresh(Fresh(nil, args.NewInputs), nil)
	})
	if err != nil {
		return fmt.Errorf("names: %w", err)
	}
	inputs := pulumi.Map{}
	for key, value := range given {
		inputs[key] = pulumi.String(value)
	}
	if err := Remember(ctx, NamesType, name, inputs, &names{}, warned, first); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	return nil
}

// Fresh are the keys of names that were not there before, or were others, in their order.
func Fresh(before, after resource.PropertyMap) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(after)) {
		was, known := KnownText(before[key])
		if is, _ := KnownText(after[key]); !known || was != is {
			keys = append(keys, string(key))
		}
	}
	return keys
}

// Renames are the warnings of the names that changed, by key. A key that comes or goes changes no name.
func Renames(before, after resource.PropertyMap, lost func(key, before string) string) []string {
	var warnings []string
	for _, key := range slices.Sorted(maps.Keys(after)) {
		was, known := KnownText(before[key])
		is, _ := KnownText(after[key])
		if !known || was == is {
			continue
		}
		if warning := lost(string(key), was); warning != "" {
			warnings = append(warnings, warning)
		}
	}
	return warnings
}
