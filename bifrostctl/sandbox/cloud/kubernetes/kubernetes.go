// Package kubernetes is the double of the Pulumi Kubernetes provider (v4.32), of the API servers behind it, and of the
// controllers and kubelets in the clusters as far as the program waits for them.
//
// Objects live in the cluster that the provider's kubeconfig reaches. What the API server does to them before it stores them
// is its own code (package apiserver). Jobs finish, and Deployments and StatefulSets become ready, at once when their namespace
// allows their pods, all that the pods refer to exists, NetworkPolicies leave them what they need, and their pull Secrets hold a
// login for their images' registry; otherwise the change fails with the reason that the events would give.
package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/live"
	"bifrost/bifrostctl/sandbox/cloud/served"
)

// Provider returns the double.
func Provider() *double.Provider {
	types := map[string]*double.Type{}
	for i := range kinds {
		types[kinds[i].token] = kinds[i].model()
	}
	return &double.Provider{
		Package:        "kubernetes",
		Schema:         providerSchema,
		ComparesInputs: true,
		Shown:          live.Inputs,
		Normal:         live.Normal,
		Path:           writePath,
		Blind:          func(c *double.Call) bool { return sessionOf(c).unreachable != nil },
		Unready:        unready,
		Missing:        missing,
		Config:         kubernetes.ProviderArgs{},
		Configure:      configure,
		Replace:        otherCluster,
		Ready:          ready,
		Forgets:        forgets,
		Types:          providerSchema.Describe(types),
		Functions:      map[string]*double.Function{},
	}
}

// writePath writes the path of a difference: only what would be read as more than a name is quoted (pulumi-kubernetes v4.32,
// provider/pkg/provider/provider.go, addPatchValueToDiff).
func writePath(path resource.PropertyPath) string {
	text := ""
	for _, element := range path {
		switch element := element.(type) {
		case int:
			text += fmt.Sprintf("[%d]", element)
		case string:
			switch {
			case strings.ContainsAny(element, `."[]`):
				text += fmt.Sprintf(`["%s"]`, strings.ReplaceAll(element, `"`, `\"`))
			case text == "":
				text = element
			default:
				text += "." + element
			}
		}
	}
	return text
}

// session is one configured instance of the provider.
type session struct {
	// server is the cluster's key in the world; unreachable says why it cannot be spoken to.
	server      string
	unreachable error
	// namespace is that of objects which name none.
	namespace string
	// patchForce takes fields over from other managers, deleteUnreachable lets what is in an unreachable cluster leave the state.
	patchForce, deleteUnreachable bool
	// Data of these kinds can be changed in place.
	secretMutable, configMapMutable bool
}

func sessionOf(c *double.Call) *session { return c.Session.(*session) }

func server(c *double.Call) string { return sessionOf(c).server }

// configure signs in with the kubeconfig. As with the real provider a cluster that cannot be reached is an error only when
// it is spoken to.
func configure(w *served.World, config double.Object) (any, error) {
	s := &session{
		namespace:        double.String(config, "namespace"),
		secretMutable:    config["enableSecretMutable"] == true,
		configMapMutable: config["enableConfigMapMutable"] == true,
		// pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, Configure.
		patchForce:        config["enablePatchForce"] == true || os.Getenv("PULUMI_K8S_ENABLE_PATCH_FORCE") == "true",
		deleteUnreachable: config["deleteUnreachable"] == true || os.Getenv("PULUMI_K8S_DELETE_UNREACHABLE") == "true",
	}
	login, err := parseLogin(double.String(config, "kubeconfig"), double.String(config, "context"))
	if err != nil {
		s.unreachable = fmt.Errorf("unable to load Kubernetes client configuration from kubeconfig: %w", err)
		return s, nil
	}
	s.server = login.server
	if s.namespace == "" {
		s.namespace = login.namespace
	}
	s.unreachable = login.try(w.Clusters)
	return s, nil
}

// ready refuses what has to ask the API server where that cannot be reached. A preview plans without it, whoever may not sign in, too.
func ready(c *double.Call) error {
	err := sessionOf(c).unreachable
	switch {
	case err == nil, c.Previewing:
		return nil
	case c.Reading:
		return fmt.Errorf("failed to read resource state due to unreachable cluster. %s: %w", gone, err)
	}
	return fmt.Errorf("configured Kubernetes cluster is unreachable: %w", err)
}

// gone says how a resource leaves the state whose cluster does not exist any more.
const gone = `If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the ` +
	`PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"`

// forgets is what a deletion does where the cluster is gone (pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, Delete).
func forgets(c *double.Call) (bool, error) {
	s := sessionOf(c)
	if s.unreachable == nil || s.deleteUnreachable {
		return s.unreachable != nil, nil
	}
	return false, fmt.Errorf("configured Kubernetes cluster is unreachable. %s: %w", gone, s.unreachable)
}

// otherCluster tells whether a change of the provider's configuration means another cluster: another clusterIdentifier,
// or, without one, another server in the kubeconfig. A kubeconfig that is not known yet may be anything.
func otherCluster(before, after double.Object) bool {
	if id := after["clusterIdentifier"]; id != nil {
		return id != before["clusterIdentifier"]
	}
	was, err1 := parseLogin(double.String(before, "kubeconfig"), double.String(before, "context"))
	is, err2 := parseLogin(double.String(after, "kubeconfig"), double.String(after, "context"))
	return errors.Join(err1, err2) != nil || was.server != is.server
}
