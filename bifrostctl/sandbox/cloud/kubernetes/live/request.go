package live

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
)

// Object is an object of the API, as encoding/json would decode it.
type Object = map[string]any

// Ref names an object.
type Ref struct {
	Resource schema.GroupVersionResource
	// Namespace is empty for what belongs to none.
	Namespace, Name string
}

func (c *Cluster) at(r Ref) dynamic.ResourceInterface {
	if r.Namespace == "" {
		return c.dynamic.Resource(r.Resource)
	}
	return c.dynamic.Resource(r.Resource).Namespace(r.Namespace)
}

// Get returns the live object, or nil where there is none.
func (c *Cluster) Get(ctx context.Context, r Ref) (Object, error) {
	return c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		found, err := c.at(r).Get(ctx, r.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return found, err
	})
}

// Patch is a server-side apply.
type Patch struct {
	Manager string
	// Force takes fields from other managers; without it such a field is a conflict.
	Force bool
	// DryRun changes nothing.
	DryRun bool
}

// Create posts a new object and returns what the server made of it. A name that exists is an error (pulumi-kubernetes 4.29 and later).
func (c *Cluster) Create(ctx context.Context, r Ref, object Object, dryRun bool) (Object, error) {
	options := metav1.CreateOptions{FieldManager: Creator}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	// The client takes no float64 for a whole number.
	whole, err := integers(object)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Name, err)
	}
	return c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.at(r).Create(ctx, &unstructured.Unstructured{Object: whole}, options)
	})
}

// integers copies an object as the client's own decoder would read it.
func integers(o Object) (Object, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var copied Object
	return copied, utiljson.Unmarshal(text, &copied)
}

// TakeOver makes the manager the owner of what others did with kubectl and of what Create wrote, and returns the object then; see Taken.
func (c *Cluster) TakeOver(ctx context.Context, r Ref, live Object, manager string) (Object, error) {
	entries, changed := Taken(live, manager)
	if !changed {
		return live, nil
	}
	patch, err := json.Marshal([]any{Object{"op": "replace", "path": "/metadata/managedFields", "value": entries}})
	if err != nil {
		return nil, fmt.Errorf("encode the owners of %s: %w", r.Name, err)
	}
	return c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.at(r).Patch(ctx, r.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
	})
}

// Apply applies an object server-side and returns what the server made of it.
func (c *Cluster) Apply(ctx context.Context, r Ref, object Object, p Patch) (Object, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Name, err)
	}
	options := metav1.PatchOptions{FieldManager: p.Manager, Force: &p.Force, FieldValidation: metav1.FieldValidationWarn}
	if p.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.at(r).Patch(ctx, r.Name, types.ApplyPatchType, text, options)
	})
}

// Relinquish takes all fields from a manager. What nobody else has goes, or is the server's default again.
func (c *Cluster) Relinquish(ctx context.Context, r Ref, object Object, manager string) error {
	metadata := Object{"name": r.Name}
	if r.Namespace != "" {
		metadata["namespace"] = r.Namespace
	}
	nothing := Object{"apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": metadata}
	_, err := c.Apply(ctx, r, nothing, Patch{Manager: manager})
	return err
}

// Delete deletes an object after what it owns, as the pods of a Deployment, and waits until it is gone, a namespace with all that is in it.
// What is not there is a success.
func (c *Cluster) Delete(ctx context.Context, r Ref, timeout time.Duration) error {
	live, err := c.Get(ctx, r)
	if err != nil || live == nil {
		return err
	}
	uid := types.UID(text(live, "metadata", "uid"))
	foreground := metav1.DeletePropagationForeground
	_, err = c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		err := c.at(r).Delete(ctx, r.Name, metav1.DeleteOptions{PropagationPolicy: &foreground,
			Preconditions: &metav1.Preconditions{UID: &uid}})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // gone, or another has the name: the loop below looks
			return nil, nil
		}
		return nil, err
	})
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, c.pause, timeout, true, func(context.Context) (bool, error) {
		live, err := c.Get(ctx, r)
		if passes(err) {
			return false, nil
		}
		return err == nil && (live == nil || text(live, "metadata", "uid") != string(uid)), err
	})
	if wait.Interrupted(err) && ctx.Err() == nil {
		return fmt.Errorf("it is still there after %s; what holds it are its finalizers, or in a namespace its content: kubectl get -o "+
			"yaml shows them", timeout)
	}
	return err
}

// list returns the objects that a label selector finds.
func (c *Cluster) list(ctx context.Context, resource schema.GroupVersionResource, namespace, selector string) ([]Object, error) {
	var found []Object
	_, err := c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		all, err := c.dynamic.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return nil, err
		}
		found = nil
		for _, item := range all.Items {
			found = append(found, item.Object)
		}
		return nil, nil
	})
	return found, err
}

// request asks the API server once: a change that meets a server which is not there fails (pulumi-kubernetes 4.32, pkg/await/await.go).
func (c *Cluster) request(ctx context.Context, ask func(context.Context) (*unstructured.Unstructured, error)) (Object, error) {
	once, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	answer, err := ask(once)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case err != nil || answer == nil:
		return nil, err
	}
	return plain(answer.Object)
}

// passes tells of an error whether it may pass by itself: the server is away, begins, or has too much to do. Whoever waits looks again
// then, as the provider's watches come back.
func passes(err error) bool {
	var certificate *tls.CertificateVerificationError
	var network net.Error
	var answered apierrors.APIStatus
	switch {
	case err == nil, errors.As(err, &certificate):
		return false
	case errors.As(err, &answered):
		code := answered.Status().Code
		// An admission plug-in whose caches are not filled yet refuses in these words (k8s.io/apiserver/pkg/admission/initializer).
		starting := apierrors.IsForbidden(err) && strings.Contains(err.Error(), "not yet ready to handle request")
		return code >= 500 || code == 429 || code == 401 || starting
	}
	// Refused, reset, cut off in the middle of an answer: client-go wraps some of them, and asks to retry in words when it read half an
	// answer.
	return errors.As(err, &network) || strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "Please retry") ||
		errors.Is(err, context.DeadlineExceeded)
}

// Away tells of an error that it is none of the server's, but of the way there.
func Away(err error) bool {
	var answered apierrors.APIStatus
	return passes(err) && !errors.As(err, &answered)
}

// plain copies an object so that all its numbers are float64, as everywhere in the sandbox.
func plain(o Object) (Object, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode what the API server answered: %w", err)
	}
	var copied Object
	return copied, json.Unmarshal(text, &copied)
}

func text(o Object, path ...string) string {
	found, _, _ := unstructured.NestedString(o, path...)
	return found
}
