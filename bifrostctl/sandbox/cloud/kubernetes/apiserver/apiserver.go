// Package apiserver is what a Kubernetes API server does to an object before it stores it: strict decoding, defaults, what
// the registry of its kind fills in, validation, and the check of a namespace's Pod Security labels. All of it is the
// server's own code (k8s.io/kubernetes), but for the few lines of the registries' strategies
// (k8s.io/kubernetes/pkg/registry/*/*/strategy.go), which would bring the whole server along.
//
// Errors are the server's: `Deployment.apps "web" is invalid: spec.template.spec.containers: Required value`. They never
// hold what a Secret holds.
package apiserver

import (
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"        // registers apps, with its defaults
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install" // registers autoscaling
	_ "k8s.io/kubernetes/pkg/apis/batch/install"       // registers batch
	_ "k8s.io/kubernetes/pkg/apis/core/install"        // registers the core group
	_ "k8s.io/kubernetes/pkg/apis/networking/install"  // registers networking.k8s.io
	_ "k8s.io/kubernetes/pkg/apis/policy/install"      // registers policy
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"        // registers rbac.authorization.k8s.io
)

var codecs = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// Create returns a new object as the server stores it. The object names its apiVersion, kind and, where its kind has one,
// its namespace; what the server computes (uid, a Service's address) is in it already.
func Create(object map[string]any) (map[string]any, error) {
	o, gvk, err := decode(object)
	if err != nil {
		return nil, err
	}
	prepareForCreate(o)
	if err := invalid(gvk, o, validateCreate(o)); err != nil {
		return nil, err
	}
	return encode(o, gvk)
}

// Update returns what the server stores when object takes the place of old.
func Update(object, old map[string]any) (map[string]any, error) {
	o, gvk, err := decode(object)
	if err != nil {
		return nil, err
	}
	was, _, err := decode(old)
	if err != nil {
		return nil, fmt.Errorf("read the stored object: %w", err)
	}
	prepareForUpdate(o, was)
	if err := invalid(gvk, o, validateUpdate(o, was)); err != nil {
		return nil, err
	}
	return encode(o, gvk)
}

// decode reads an object into the server's internal type and gives it the defaults of its version.
func decode(object map[string]any) (runtime.Object, schema.GroupVersionKind, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, schema.GroupVersionKind{}, fmt.Errorf("encode the object: %w", err)
	}
	o, gvk, err := codecs.UniversalDecoder().Decode(text, nil, nil)
	if err != nil {
		kind := schema.FromAPIVersionAndKind(fmt.Sprint(object["apiVersion"]), fmt.Sprint(object["kind"]))
		// The words of k8s.io/apiserver/pkg/endpoints/handlers, transformDecodeError.
		return nil, kind, apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", kind.Kind, kind.Version,
			kind.Kind, err))
	}
	return o, *gvk, nil
}

func encode(o runtime.Object, gvk schema.GroupVersionKind) (map[string]any, error) {
	versioned, err := legacyscheme.Scheme.ConvertToVersion(o, gvk.GroupVersion())
	if err != nil {
		return nil, fmt.Errorf("convert to %s: %w", gvk.GroupVersion(), err)
	}
	text, err := json.Marshal(versioned)
	if err != nil {
		return nil, fmt.Errorf("encode the stored object: %w", err)
	}
	var stored map[string]any
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, fmt.Errorf("read the stored object: %w", err)
	}
	return stored, nil
}

// invalid makes the server's answer of what is wrong; nil where nothing is.
func invalid(gvk schema.GroupVersionKind, o runtime.Object, problems field.ErrorList) error {
	if len(problems) == 0 {
		return nil
	}
	object, err := meta.Accessor(o)
	if err != nil {
		return fmt.Errorf("a %s has no metadata: %w", gvk.Kind, err)
	}
	return apierrors.NewInvalid(gvk.GroupKind(), object.GetName(), problems)
}
