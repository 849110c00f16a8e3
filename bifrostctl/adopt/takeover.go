package adopt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bifrost/bifrostctl/verify/service"
)

// TakeOver gives the stack what other tools own of the adopted objects: the record of who owns which field, and nothing else, so that no
// pod is made anew. It returns how many objects were written.
func TakeOver(ctx context.Context, plan *Plan, clouds service.Clouds) (int, error) {
	if len(plan.Owned) == 0 {
		return 0, nil
	}
	objects, err := clouds.Objects(ctx)
	if err != nil {
		return 0, err
	}
	writes, can := objects.(service.ObjectWriter)
	if !can {
		return 0, errors.New("the sandbox's own cluster records no owners of fields: there is nothing to take over")
	}
	written := 0
	var failed []error
	for _, owned := range plan.Owned {
		name := service.ObjectName{APIVersion: owned.ref.apiVersion, Kind: owned.ref.kind, Namespace: owned.ref.namespace,
			Name: owned.ref.name}
		if err := handOver(ctx, objects, writes, name); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", owned.Object, err))
			continue
		}
		written++
	}
	return written, errors.Join(failed...)
}

func handOver(ctx context.Context, objects service.Objects, writes service.ObjectWriter, name service.ObjectName) error {
	found, err := objects.Object(ctx, name)
	if err != nil {
		return err
	}
	entries, changed := handedOver(found)
	if !changed {
		return nil
	}
	operations := []any{map[string]any{"op": "replace", "path": "/metadata/managedFields", "value": entries}}
	if read := found.GetResourceVersion(); read != "" {
		// Whoever has written meanwhile is not overwritten: the version must be the one that was read.
		operations = append([]any{map[string]any{"op": "test", "path": "/metadata/resourceVersion", "value": read}}, operations...)
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	return writes.Patch(ctx, name, patch)
}
