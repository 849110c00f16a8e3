package providers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/desktest"
)

// policy is an object that the stack makes, and the recipe does not.
const policy = "eks-gateway-network-policy"

// adopted are the moves of a stack that takes in what somebody made who followed the recipe for EKS.
var adopted = []move{
	{name: "adopt: fields are of kubectl", byHand: recipe, operations: []string{"preview"}, only: "Secret gateway-config"},
	{name: "adopt: they are handed over", byHand: takeOver, operations: []string{"preview", "up"}},
	{name: "adopt: nothing changes"},
	{name: "adopt: one of the stack's own is named, too", changes: []string{set + "adopt." + policy + " bifrost/bifrost"}},
	{name: "adopt: the state has lost what is named", byHand: lose(nil), operations: []string{"preview", "up"}},
	{name: "adopt: nothing changes after that"},
	{name: "adopt: it has lost one that is as the stack wants it", byHand: lose([]string{policy}), operations: []string{"preview", "up"}},
	{name: "adopt: the ids go from the file", changes: []string{remove + "adopt"}, operations: []string{"preview", "up"}},
	{name: "adopt: nothing changes without them"},
	{name: "adopt: image, after that", changes: []string{set + "registry.image 444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"},
		byHand: func(t *testing.T, b *bench) {
			if b.plane == nil {
				b.sandbox(t, "publish", "2.1.1")
			}
		}},
	{name: "adopt: an id that nothing has", changes: []string{set + "adopt." + policy + " bifrost/nobody"}, byHand: lose([]string{policy})},
	{name: "adopt: the id is mended", changes: []string{set + "adopt." + policy + " bifrost/bifrost"}},
	{name: "adopt: what would be made anew", changes: []string{set + "adopt.eks-pull-role-binding bifrost/secret-manager-binding"},
		byHand: func(t *testing.T, b *bench) {
			lose([]string{"eks-pull-role-binding"})(t, b)
			another(t, b)
		}, notDouble: "nobody but the stack makes objects there"},
	{name: "adopt: destroy", operations: []string{"destroy"}},
}

// recipe makes what a person has after the vendor's steps, and writes what adopt says of it into the stack file.
func recipe(t *testing.T, b *bench) {
	if b.plane == nil {
		b.sandbox(t, "by-hand", "eks")
	} else {
		file := filepath.Join(b.State, "made.yaml")
		b.sandbox(t, "by-hand", "eks", "--kubeconfig", b.plane.KubeconfigOf(controlplane.AdminUser), "--manifest", file)
		b.shell(t, "kubectl apply -f "+file)
	}
	found := b.adopt(t)
	require.Empty(t, found.Cannot)
	require.Empty(t, found.Unseen)
	b.Adopt(t, found)
	if b.plane != nil {
		b.adopted = b.identities(t, found)
		require.Len(t, b.adopted, 5, "Namespace, ServiceAccount, Secret, Deployment, Service")
	}
}

// identities are the uids of objects that were found, by what kubectl knows them by.
func (b *bench) identities(t *testing.T, found desktest.Adoption) map[string]string {
	t.Helper()
	uids := map[string]string{}
	for _, thing := range found.Things {
		if !strings.HasPrefix(thing.Type, "kubernetes:") {
			continue
		}
		object := thing.Type[strings.LastIndex(thing.Type, ":")+1:] + "/" + thing.ID[strings.LastIndex(thing.ID, "/")+1:]
		uids[object] = b.uid(t, object)
	}
	return uids
}

// uid of an object of the stack's namespace, or of the cluster; empty where there is none.
func (b *bench) uid(t *testing.T, object string) string {
	t.Helper()
	return b.shell(t, "kubectl --namespace "+namespace+" get --ignore-not-found "+object+" -o jsonpath={.metadata.uid}")
}

// keeps requires of what was adopted that it is still the same: nothing of it was deleted and made anew.
func (b *bench) keeps(t *testing.T, m move) {
	t.Helper()
	if slices.Contains(m.operations, "destroy") {
		return
	}
	for object, uid := range b.adopted {
		require.Equal(t, uid, b.uid(t, object), "%s: %s: %s is another one", b.provider, m.name, object)
	}
}

// takeOver hands over who owns the objects' fields; the double's cluster has no such record.
func takeOver(t *testing.T, b *bench) {
	if b.plane != nil {
		b.adopt(t, "--take-over")
	}
}

// adopt runs bifrostctl adopt between two servings of the stack's clouds.
func (b *bench) adopt(t *testing.T, flags ...string) desktest.Adoption {
	t.Helper()
	words := append([]string{bifrostctl, "adopt", b.Stack, "--json", "--sandbox", "--dir", b.Dir, "--state", b.Clouds()}, flags...)
	if b.plane != nil {
		words = append(words, "--kubeconfig", b.plane.KubeconfigOf(controlplane.AdminUser))
	}
	b.Stop()
	printed := b.shell(t, strings.Join(words, " ")+" 2>/dev/null")
	b.serve(t)
	return desktest.ReadAdoption(t, printed)
}

// lose takes objects out of the state, as a backup of before does: by the names of their resources, or all those that the file adopts.
func lose(names []string) func(*testing.T, *bench) {
	return func(t *testing.T, b *bench) {
		named := slices.Clone(names)
		if names == nil {
			b.Edit(t, func(config map[string]any) {
				for name := range config["bifrost:adopt"].(map[string]any) {
					named = append(named, name)
				}
			})
		}
		var exported map[string]any
		require.NoError(t, json.Unmarshal([]byte(b.shell(t, "pulumi stack export 2>/dev/null")), &exported))
		deployment := exported["deployment"].(map[string]any)
		lost := map[string]bool{}
		deployment["resources"] = slices.DeleteFunc(deployment["resources"].([]any), func(r any) bool {
			urn := r.(map[string]any)["urn"].(string)
			gone := strings.Contains(urn, "kubernetes:") && slices.Contains(named, urn[strings.LastIndex(urn, ":")+1:])
			lost[urn] = gone
			return gone
		})
		for _, r := range deployment["resources"].([]any) {
			without(r.(map[string]any), lost)
		}
		text, err := json.Marshal(exported)
		require.NoError(t, err)
		file := filepath.Join(b.State, "lost.json")
		require.NoError(t, os.WriteFile(file, text, 0o600))
		b.shell(t, "pulumi stack import --file "+file)
	}
}

// without takes what depends on lost resources from one of a state.
func without(r map[string]any, lost map[string]bool) {
	left := func(list any) []any {
		all, _ := list.([]any)
		return slices.DeleteFunc(all, func(urn any) bool { return lost[urn.(string)] })
	}
	if r["dependencies"] != nil {
		r["dependencies"] = left(r["dependencies"])
	}
	properties, _ := r["propertyDependencies"].(map[string]any)
	for name, list := range properties {
		properties[name] = left(list)
	}
	if of, _ := r["deletedWith"].(string); lost[of] {
		delete(r, "deletedWith")
	}
}

// another binding has the name of the stack's, for another Role.
func another(t *testing.T, b *bench) {
	b.shell(t, "kubectl --namespace "+namespace+" delete rolebinding secret-manager-binding")
	b.shell(t, "kubectl --namespace "+namespace+" create rolebinding secret-manager-binding --role=somebodys "+
		"--serviceaccount=bifrost:bifrost-pull")
}
