package kubernetes

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// The words are those of pulumi-kubernetes v4.32 (provider/pkg/provider/provider.go, Create, Read and Update; provider/pkg/await/await.go
// and error.go): the program's hooks read them, and people look them up.

// notCreated is the error of an object that the API server refused.
func notCreated(c *double.Call, err error) error {
	return fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", c.URN, err)
}

// notUpdated is the error of a change that the API server refused. The provider reads then what there is, and takes the change for one that
// did not become ready.
func notUpdated(c *double.Call, id string, err error) error {
	if strings.Contains(err.Error(), "no matches for kind") {
		return fmt.Errorf("update of resource %q failed because %w", c.URN, err)
	}
	return &double.HalfMade{Reason: notLive(id, conflict(err))}
}

// lost is the error of a change where not even what there is could be read.
func lost(c *double.Call, err error) error {
	return errors.Join(fmt.Errorf("update of resource %q failed: %w", c.URN, err), fmt.Errorf("unable to get cluster state: %w", err))
}

func missing(c *double.Call, id string) error {
	k := kindOf(c.Type)
	_, name, namespaced := strings.Cut(id, "/")
	if !namespaced {
		name = id
	}
	return lost(c, fmt.Errorf("%s %q not found", k.resource, name))
}

// notLive is the error of a change that does not come to life.
func notLive(id string, err error) error {
	return fmt.Errorf("the Kubernetes API server reported that %q failed to fully initialize or become live: %w", id, err)
}

// conflict says where to read what to do about a field that another manager owns.
func conflict(err error) error {
	if !apierrors.IsConflict(err) {
		return err
	}
	return fmt.Errorf("server-side apply field conflict detected, see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"+
		"managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help\n%w\n"+
		"Another manager owns the field: leave it to that one (ignoreChanges), or take it over with the annotation %s: \"true\"",
		err, patchForce)
}

// unready words why an object of the double's is not what was asked for: the reasons of its controllers follow.
func unready(c *double.Call, r *world.Resource, reasons []string) ([]string, error) {
	name := double.String(r.State, "metadata.name")
	what := fmt.Sprintf("'%s' timed out waiting to be Ready", name)
	switch {
	case c.Interrupted():
		what = cancelled(name)
		reasons = slices.DeleteFunc(reasons, func(reason string) bool { return c.Lost() != nil && reason == c.Lost().Error() })
	case c.Reading, c.Type == pulumitype.KubernetesJob:
		what = fmt.Sprintf("Resource '%s' was created but failed to initialize", name)
	}
	return worded(c, r, append([]string{what}, reasons...), c.Interrupted())
}

func unreadyLive(c *double.Call, r *world.Resource, reasons []string) ([]string, error) {
	return worded(c, r, reasons, c.Context.Err() != nil)
}

func cancelled(name string) string {
	return fmt.Sprintf("Resource operation was cancelled for %q", name)
}

// worded words the first of the reasons. After an interruption the provider cannot read what there is, and takes a change for one that
// failed.
func worded(c *double.Call, r *world.Resource, reasons []string, interrupted bool) ([]string, error) {
	first := errors.New(reasons[0])
	switch {
	case c.Reading:
	case c.Creating:
		first = fmt.Errorf("resource %q was successfully created, but the Kubernetes API server reported that it failed to fully "+
			"initialize or become live: %w", c.URN, first)
	case interrupted:
		return reasons, fmt.Errorf("update of resource %q failed: %w", c.URN, first)
	default:
		first = notLive(r.PulumiID(), first)
	}
	return append([]string{first.Error()}, reasons[1:]...), nil
}
