// Package saved answers what verify asks from the saved state of the sandbox's clouds. The registry answers as it does to a pull in
// only sandbox; pods, endpoints and tasks, which the state does not hold, follow from what it does hold.
package saved

import (
	"fmt"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

// Clouds are the services over a world whose network runs; server is the URL of the stack's API server, or empty. Every call holds the
// world's lock.
func Clouds(w *cloud.World, server string) service.Clouds {
	return service.Clouds{
		STS: sts{w}, EKS: eks{w}, IAM: iam{w}, ECS: ecs{w}, Secrets: secrets{w},
		AKS: aks{w}, Identity: identities{w}, GCP: gcp{w}, GKE: gke{w},
		Registry: registry{w}, Kubernetes: kubernetesOf(w, server), Objects: objectsAt(w, server), Issuer: issuerOf(w, server),
		Exists: existsIn(w), Now: w.Now,
	}
}

func text(r *world.Resource, key string) string {
	s, _ := r.State[key].(string)
	return s
}

func texts(v any) []string {
	list, _ := v.([]any)
	var all []string
	for _, each := range list {
		all = append(all, fmt.Sprint(each))
	}
	return all
}

// only returns the live resource of a type that a function knows, or an error that wraps ErrNotFound and names what was looked for.
func only(w *cloud.World, typ, name string, is func(*world.Resource) bool) (*world.Resource, error) {
	for _, r := range w.Resources {
		if r.Type == typ && !r.Deleted && is(r) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%s %s: %w", typ[strings.LastIndex(typ, ":")+1:], name, service.ErrNotFound)
}
