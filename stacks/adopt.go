package stacks

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// AdoptManager owns the fields of the objects of Kubernetes that a stack adopts. `bifrostctl adopt --take-over` gives it what the tools
// that made them own: then a preview and an `up` may change and remove all of it, without a conflict, and what nobody asks for goes.
const AdoptManager = "bifrost-adopt"

// managerAnnotation tells the provider by which name it owns an object's fields (pulumi-kubernetes v4.32, provider/pkg/metadata,
// AnnotationPatchFieldManager; provider/pkg/provider/provider.go, fieldManagerName). Without it each import makes up another one.
const managerAnnotation = "pulumi.com/patchFieldManager"

// adoption of what exists: the ids of c.Adopt, and which of them the program has come by.
type adopting struct {
	ids map[string]string

	mu   sync.Mutex
	made map[string]bool
}

// adopt has the resources that adopt names imported as they are made, and changed by the same `up` to what the stack says. It is done here
// and not with `pulumi import --file`: that needs the providers and the parents in the state already, reads no configuration, and leaves a
// preview that nobody could see before.
func (c *Config) adopt(ctx *pulumi.Context) (*adopting, error) {
	a := &adopting{ids: c.Adopt, made: map[string]bool{}}
	if len(a.ids) == 0 {
		return a, nil
	}
	if err := ctx.RegisterStackTransformation(a.transform); err != nil {
		return nil, fmt.Errorf("adopt: %w", err)
	}
	return a, nil
}

func (a *adopting) transform(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
	id, given := a.ids[args.Name]
	if _, custom := args.Resource.(pulumi.CustomResource); !given || !custom {
		return nil
	}
	a.mu.Lock()
	a.made[args.Name] = true
	a.mu.Unlock()
	if strings.HasPrefix(args.Type, "kubernetes:") {
		owned(args.Props)
	}
	return &pulumi.ResourceTransformationResult{
		Props: args.Props, Opts: append(slices.Clone(args.Opts), pulumi.Import(pulumi.ID(id))),
	}
}

// owned annotates an object of Kubernetes with the name of its fields' owner. Objects may share their metadata, and so this one gets its
// own.
func owned(props pulumi.Input) {
	at := reflect.ValueOf(props).Elem().FieldByName("Metadata")
	meta, ours := at.Interface().(*metav1.ObjectMetaArgs)
	if !ours {
		return
	}
	own := *meta
	annotations := pulumi.StringMap{}
	if before, plain := meta.Annotations.(pulumi.StringMap); plain {
		maps.Copy(annotations, before)
	}
	annotations[managerAnnotation] = pulumi.String(AdoptManager)
	own.Annotations = annotations
	at.Set(reflect.ValueOf(&own))
}

// unknown refuses names that no resource of the stack has. What rollout identity does not make yet may be among them.
func (a *adopting) unknown(rollout Rollout) error {
	if rollout == RolloutIdentity {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(a.ids)) {
		if !a.made[name] {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%s:adopt: this stack makes nothing of the name %s: remove it, or write the name as the preview shows it; "+
		"`bifrostctl adopt` writes them", Project, strings.Join(names, ", "))
}

// adopts tells whether one of the resources is adopted.
func (c *Config) adopts(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return c.Adopt[name] != "" })
}

func (c *Config) validateAdopt(k *checker) {
	p := field.NewPath("adopt")
	for _, name := range slices.Sorted(maps.Keys(c.Adopt)) {
		k.add(check.Label(p.Key(name), name)...)
		if strings.TrimSpace(c.Adopt[name]) == "" {
			k.add(field.Invalid(p.Key(name), c.Adopt[name], "write the id of what exists, as `pulumi import` takes it; `bifrostctl adopt` "+
				"prints it"))
		}
	}
}
