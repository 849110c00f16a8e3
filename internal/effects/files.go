package effects

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/secretkeys"
)

// mostShown is how many changes of config.json a preview tells of, one a line.
const mostShown = 12

// Watch has a preview see which keys of a Secret or a ConfigMap change, for those that read it at their start, and tell what changes in
// config.json. what is the object's part of names. In an `up` there is no option.
func Watch(s component.Scope, what string) ([]pulumi.ResourceOption, error) {
	if !s.Ctx.DryRun() {
		return nil, nil
	}
	watched, err := component.BeforeUpdate(s.Ctx, s.Hook(what+"-read"), func(args *pulumi.ResourceHookArgs) error {
		keys, lines := readChanges(args.OldInputs, args.NewInputs)
		s.Seen.AddCauses(keys...)
		var failed []error
		for _, line := range lines {
			failed = append(failed, s.Ctx.Log.Info(s.Child(what)+": "+line, nil))
		}
		return errors.Join(failed...)
	})
	if err != nil {
		return nil, fmt.Errorf("what %s changes: %w", s.Child(what), err)
	}
	return []pulumi.ResourceOption{watched}, nil
}

// readChanges are the keys that change, and what changes in config.json.
func readChanges(before, after resource.PropertyMap) (keys, lines []string) {
	for _, d := range ofObjects(nil, contents(before), contents(after)) {
		key := fmt.Sprint(d.Path[0])
		keys = append(keys, key)
		if key == gateway.ConfigFile && len(d.Path) > 1 {
			d.Path = d.Path[1:]
			lines = append(lines, fmt.Sprintf("%s: %s", d.Path, d.Shown(hidden)))
		}
	}
	if more := len(lines) - mostShown; more > 0 {
		lines = append(lines[:mostShown], fmt.Sprintf("%d more values of %s change", more, gateway.ConfigFile))
	}
	return distinct(keys), lines
}

// contents are the values of a Secret or a ConfigMap by key.
func contents(inputs resource.PropertyMap) resource.PropertyMap {
	data, known := at(inputs, "data")
	if !known || !data.IsObject() {
		return nil
	}
	all := resource.PropertyMap{}
	for key, value := range data.ObjectValue() {
		encoded, known := component.KnownText(value)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); known && err == nil {
			value = resource.NewProperty(string(decoded))
		}
		all[key] = value
	}
	return all
}

// hidden tells whether a text of config.json is a secret, which should not be there.
func hidden(path Path, text string) bool { return secretkeys.InClear(path.Keys(), text) }
