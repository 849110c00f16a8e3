package kubernetes

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// register registers a component, and explains what its objects fail for where others own them or their fields.
func register(ctx *pulumi.Context, typ, name string, c pulumi.ComponentResource, opts ...pulumi.ResourceOption) (component.Scope, error) {
	scope, err := component.Register(ctx, typ, name, c, opts...)
	if err != nil {
		return scope, err
	}
	// Components of two types may have one name; a hook's is the stack's own.
	kind := typ[strings.LastIndex(typ, ":")+1:]
	return scope.Explaining(kind+"-owned-elsewhere", func(failed *pulumi.ErrorHookArgs) error {
		// A refused change is one that did not become ready, of which the engine shows the provider's error and not a hook's
		// (pulumi, resource/deploy/step.go, UpdateStep; pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, Update).
		if advice := OwnedElsewhere(failed); advice != "" {
			return ctx.Log.Warn(advice, nil)
		}
		return madeElsewhere(scope, failed)
	})
}

// madeElsewhere says what to do where an object of the name exists. The provider makes none over another, and its preview says nothing of
// it (pulumi-kubernetes v4.32, provider/pkg/await/await.go, Creation; provider/pkg/provider/provider.go, Create).
func madeElsewhere(scope component.Scope, failed *pulumi.ErrorHookArgs) error {
	if failed.FailedOperation != "create" || len(failed.Errors) == 0 || !strings.Contains(failed.Errors[0], "already exists") {
		return nil
	}
	text, _, _ := strings.Cut(failed.Errors[0], "\n")
	metadata := failed.NewInputs["metadata"].ObjectValue()
	id, kept := textOf(metadata["name"]), ""
	if namespace := textOf(metadata["namespace"]); namespace != "" {
		id = namespace + "/" + id
	} else {
		kept = ", or use it as it is by existing: true (of a stack gateway.existingNamespace)"
	}
	return fmt.Errorf("%s: another stack or somebody else made it. Choose another namespace (of a stack gateway.namespace, or namePrefix "+
		"for all its names)%s; where it is this stack's, take it in with `%s` and run `pulumi up` again", text, kept,
		scope.ImportCommand(failed, id))
}

// OwnedElsewhere says how a field comes back that another manager owns, and of which the API server lets nobody else make another value
// (kubernetes, "Server-Side Apply", "Conflicts"). The variable is that of the provider (pulumi-kubernetes v4.32,
// provider/pkg/provider/provider.go, Configure; provider/pkg/await/await.go, patchForce). Empty where it is something else that failed.
func OwnedElsewhere(failed *pulumi.ErrorHookArgs) string {
	if len(failed.Errors) == 0 || !strings.Contains(failed.Errors[0], "Apply failed with") {
		return ""
	}
	advice := "take it back once with `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up`"
	if strings.Contains(failed.Errors[0], ".spec.replicas") {
		advice += "; whoever means to keep another number of pods writes it down: replicas, or autoscaling (of a stack gateway.replicas, " +
			"gateway.autoscaling)"
	}
	return "Another manager owns the field, as kubectl scale, kubectl edit and an autoscaler that was taken away leave it: " + advice
}
