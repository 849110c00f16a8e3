package real

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"bifrost/bifrostctl/verify/service"
)

// objects reads a cluster's objects of any kind. A group's kinds are looked up once.
type objects struct {
	client    dynamic.Interface
	discovery discovery.DiscoveryInterface
	lock      sync.Mutex
	known     map[string]*metav1.APIResourceList
}

// objects is a reader with a login.
func (l login) objects(ctx context.Context) (service.Objects, error) {
	config, err := l(ctx)
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.Timeout = requestTime
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	known, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &objects{client: client, discovery: known, known: map[string]*metav1.APIResourceList{}}, nil
}

// Object implements service.Objects.
func (o *objects) Object(ctx context.Context, name service.ObjectName) (*unstructured.Unstructured, error) {
	of, err := o.of(name.APIVersion, name.Kind, name.Namespace)
	if err != nil {
		return nil, err
	}
	found, err := of.Get(ctx, name.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%s %s: %w", name.Kind, name.Name, service.ErrNotFound)
	}
	return found, err
}

// Patch implements service.ObjectWriter.
func (o *objects) Patch(ctx context.Context, name service.ObjectName, patch []byte) error {
	of, err := o.of(name.APIVersion, name.Kind, name.Namespace)
	if err != nil {
		return err
	}
	_, err = of.Patch(ctx, name.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
	return err
}

// List implements service.Objects.
func (o *objects) List(ctx context.Context, apiVersion, kind, namespace string) ([]unstructured.Unstructured, error) {
	of, err := o.of(apiVersion, kind, namespace)
	if err != nil {
		return nil, err
	}
	found, err := of.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return found.Items, nil
}

func (o *objects) of(apiVersion, kind, namespace string) (dynamic.ResourceInterface, error) {
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, err
	}
	kinds, err := o.kinds(apiVersion)
	if err != nil {
		return nil, err
	}
	for _, r := range kinds.APIResources {
		if r.Kind != kind || r.Name == "" {
			continue
		}
		of := o.client.Resource(version.WithResource(r.Name))
		if r.Namespaced && namespace != "" {
			return of.Namespace(namespace), nil
		}
		return of, nil
	}
	return nil, fmt.Errorf("the cluster knows no %s of %s: %w", kind, apiVersion, service.ErrNotFound)
}

func (o *objects) kinds(apiVersion string) (*metav1.APIResourceList, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if found := o.known[apiVersion]; found != nil {
		return found, nil
	}
	found, err := o.discovery.ServerResourcesForGroupVersion(apiVersion)
	if apierrors.IsNotFound(err) {
		found, err = &metav1.APIResourceList{}, nil
	}
	if err == nil {
		o.known[apiVersion] = found
	}
	return found, err
}
