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

// Apply applies an object server-side and returns what the server made of it. It may be repeated: a lost answer is asked for again.
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

// Delete deletes an object in the background and waits until it is gone, a namespace with all that is in it. What is not there is
// a success.
func (c *Cluster) Delete(ctx context.Context, r Ref, timeout time.Duration) error {
	live, err := c.Get(ctx, r)
	if err != nil || live == nil {
		return err
	}
	uid := types.UID(text(live, "metadata", "uid"))
	background := metav1.DeletePropagationBackground
	_, err = c.request(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		err := c.at(r).Delete(ctx, r.Name, metav1.DeleteOptions{PropagationPolicy: &background,
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

// request asks the API server, again and again for a while as long as it is not there. The last error is the answer.
func (c *Cluster) request(ctx context.Context, ask func(context.Context) (*unstructured.Unstructured, error)) (Object, error) {
	var answer *unstructured.Unstructured
	var last error
	err := wait.PollUntilContextTimeout(ctx, c.pause, c.patience, true, func(whole context.Context) (bool, error) {
		once, cancel := context.WithTimeout(whole, requestTime)
		defer cancel()
		answer, last = ask(once)
		if passes(last) {
			return false, nil
		}
		return true, last
	})
	switch {
	case err == nil && answer == nil:
		return nil, nil
	case err == nil:
		return plain(answer.Object)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case wait.Interrupted(err) && last != nil:
		return nil, fmt.Errorf("the API server %s did not answer for %s: %w", c.Server, c.patience, last)
	}
	return nil, err
}

// passes tells of an error whether it may pass by itself: the server is away, begins, or has too much to do.
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
