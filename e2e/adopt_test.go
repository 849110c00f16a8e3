package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/desktest"
	"bifrost/e2e/runbook"
)

// byHand is a way that somebody followed on a cluster before there was a stack, and the stack that takes in what came of it.
type byHand struct {
	name, way, file string                      // of the test, of sandbox by-hand, and the stack's
	host            string                      // of the database
	changes         []string                    // of the stack's configuration, as commands
	edit            func(config map[string]any) // of the stack's file; may be nil
	// secret is the pull Secret by hand, which login fills; after is the stack's.
	secret string
	login  func(*testing.T, *desk) []byte
	after  *login
	// applied makes the objects of a manifest as the way's tool does.
	applied func(t *testing.T, s *site, file string)
	// real asks the services themselves, where the sandbox serves all that there is to ask.
	real bool
	// told changes what others know; may be nil.
	told func(t *testing.T, d *desk)
	// drains has its pods serve on for a moment when they go, which the person has added to a recipe. Those of the others have no preStop.
	drains bool
}

// testAdopt: what somebody made by hand, with pods that serve, becomes the stack's. Nothing is made anew but the pods, as the report says; no
// request fails and no pull is refused meanwhile, the second up changes nothing, and nothing is left in the end.
func testAdopt(t *testing.T, s *site, h byHand) {
	onlyAll(t)
	s.pace.Store(int64(time.Second))
	before := inventory(t, s)
	d := newDesk(t, map[string]bool{}, h.file, s, append([]string{forLoad, "pulumi config rm --path bifrost:gateway.networkPolicy"}, h.changes...)...)
	if h.edit != nil {
		d.Edit(t, h.edit)
	}
	s.mu.Lock()
	s.mode = "adopted after " + h.name
	s.mu.Unlock()
	h.make(t, d)
	pods := gatewayPods(t, s)
	clients := s.startClients(t, s.nodes[0].Name)

	d.Stop()
	found := h.adopts(t, d)
	require.Empty(t, found.Cannot)
	require.Empty(t, found.Unseen)
	require.NotEmpty(t, found.Owned, "of kubectl, or of Helm")
	d.Adopt(t, found)
	d.serve(t)
	require.Contains(t, d.fails(t, runbook.Preview), "conflict", "fields of other tools")

	uids := s.uids(t, found)
	d.Stop()
	h.adopts(t, d, "--take-over")
	require.Empty(t, h.adopts(t, d).Owned)
	require.Equal(t, pods, gatewayPods(t, s), "the record of owners rolls nothing")
	d.serve(t)

	pulled := s.pullAllAlong(t, &login{secret: h.secret})
	require.Equal(t, d.imports(t), len(found.Things))
	out := d.page(t, runbook.Up)
	require.NotRegexp(t, `(?m)^\s+[+-]+ ?\d+ (replaced|deleted)`, out)
	pulls := pulled()
	require.Equal(t, uids, s.uids(t, found), "the same objects")
	rolled := gatewayPods(t, s)
	another(t, pods, rolled)
	said := strings.Join(found.Changes, "\n")
	require.Contains(t, said, "Deployment bifrost/bifrost: its pods roll")
	require.Equal(t, !h.drains, strings.Contains(said, "no preStop"))
	if h.drains {
		clients.stop(t, "adopted after "+h.name)
	} else {
		clients.stopBut(t, "adopted after "+h.name)
	}
	if h.after != nil {
		pullSecret(t, s, h.after)
		require.NoError(t, s.pullOnce(t.Context(), h.after, "puller-after"))
	}
	require.Empty(t, s.refusals(t, "puller-"))

	same(t, d.page(t, runbook.Up))
	require.Equal(t, rolled, gatewayPods(t, s), "an unchanged up rolls nothing")
	d.tidies(t, found)
	require.Equal(t, rolled, gatewayPods(t, s), "what was left is nobody's")
	same(t, d.page(t, runbook.Up))
	d.page(t, runbook.Destroy)
	leftNothing(t, s, before)
	report.add("Adopted after "+h.name, fmt.Sprintf("%d things, of which the objects kept their uids; %d pods pulled the image meanwhile, none was refused; the second up "+
		"changed nothing; destroy left nothing\n", len(found.Things), pulls))
}

// make does what the way does: it ends with pods that serve.
func (h byHand) make(t *testing.T, d *desk) {
	t.Helper()
	s, file := d.cluster, filepath.Join(t.TempDir(), "made.yaml")
	kubeconfig := s.plane.KubeconfigOf(controlplane.AdminUser)
	out, err := d.Sandbox(t.Context(), "by-hand", h.way, "--kubeconfig", kubeconfig, "--manifest", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	objects := parse(t, text)
	if h.told != nil {
		h.told(t, d)
	}
	d.serve(t)
	// Who signs in for the pods is there before them.
	first := slices.DeleteFunc(slices.Clone(objects), func(o map[string]any) bool {
		return o["kind"] != "Namespace" && o["kind"] != "ServiceAccount"
	})
	h.applied(t, s, write(t, file, first))
	_, err = s.client.CoreV1().Secrets(namespace).Create(t.Context(), pullSecretOf(h.secret, h.login(t, d)), metav1.CreateOptions{FieldManager: "kubectl-create"})
	require.NoError(t, err)
	rest := slices.DeleteFunc(objects, func(o map[string]any) bool {
		metadata := o["metadata"].(map[string]any)
		return o["kind"] == "Namespace" || o["kind"] == "ServiceAccount" || o["kind"] == "Secret" && metadata["name"] == h.secret
	})
	for _, object := range rest {
		h.fillIn(object)
	}
	h.applied(t, s, write(t, file, rest))
}

// fillIn writes what a person does into the way's objects: config.json, its variables, and by which Secret the pods pull.
func (h byHand) fillIn(object map[string]any) {
	for _, key := range []string{"stringData", "data"} {
		if data, is := object[key].(map[string]any); is && data["config.json"] != nil {
			data["config.json"] = fmt.Sprintf(filledIn, h.host)
		}
	}
	if object["kind"] == "CronJob" { // it would delete the Secret by which pods pull
		object["spec"].(map[string]any)["schedule"] = noRunNow()
	}
	if object["kind"] != "Deployment" {
		return
	}
	pod := object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	pod["imagePullSecrets"] = []any{map[string]any{"name": h.secret}}
	container := pod["containers"].([]any)[0].(map[string]any)
	variables, _ := container["env"].([]any)
	for name, value := range map[string]string{
		"BIFROST_ENCRYPTION_KEY": "0123456789abcdef0123456789abcdef", "PG_PASSWORD": databasePassword, "OPENAI_API_KEY": "sk-0123456789", "LOAD_KEY": loadKey,
	} {
		variables = append(variables, map[string]any{"name": name, "value": value})
	}
	container["env"] = variables
	if h.drains && container["lifecycle"] == nil {
		container["lifecycle"] = map[string]any{"preStop": map[string]any{"exec": map[string]any{"command": []any{"sleep", "15"}}}}
	}
}

// filledIn is a config.json with PostgreSQL, a provider and a virtual key.
const filledIn = `{"encryption_key": "env.BIFROST_ENCRYPTION_KEY", "client": {"enforce_auth_on_inference": true},
"config_store": {"enabled": true, "type": "postgres", "config": {"host": %[1]q, "port": "5432", "user": "bifrost", "password": "env.PG_PASSWORD", "db_name": "bifrost", "ssl_mode": "require"}},
"logs_store": {"enabled": true, "type": "postgres", "config": {"host": %[1]q, "port": "5432", "user": "bifrost", "password": "env.PG_PASSWORD", "db_name": "bifrost", "ssl_mode": "require"}},
"providers": {"openai": {"keys": [{"name": "openai", "value": "env.OPENAI_API_KEY", "models": ["*"], "weight": 1}]}},
"governance": {"virtual_keys": [{"id": "load", "name": "load", "value": "env.LOAD_KEY",
"provider_configs": [{"provider": "openai", "allowed_models": ["*"], "key_ids": ["*"], "weight": 1}]}]}}`

// adopts runs bifrostctl adopt, while nobody serves the stack's clouds.
func (h byHand) adopts(t *testing.T, d *desk, flags ...string) desktest.Adoption {
	t.Helper()
	words := []string{bifrostctl, "adopt", d.Stack, "--json", "--kubeconfig", d.cluster.plane.KubeconfigOf(controlplane.AdminUser)}
	if !h.real {
		words = append(words, "--sandbox", "--dir", d.Dir, "--state", d.Clouds())
	}
	return desktest.ReadAdoption(t, d.shell(t, "", strings.Join(append(words, flags...), " ")+" 2>/dev/null"))
}

// imports is how many resources a preview imports; it makes nothing anew.
func (d *desk) imports(t *testing.T) int {
	t.Helper()
	var preview struct{ Steps []struct{ Op, URN string } }
	require.NoError(t, json.Unmarshal([]byte(d.shell(t, "", "pulumi preview --json 2>/dev/null")), &preview))
	n := 0
	for _, step := range preview.Steps {
		require.NotContains(t, step.Op, "replace", step.URN)
		require.NotContains(t, step.Op, "delete", step.URN)
		if step.Op == "import" {
			n++
		}
	}
	return n
}

// uids are those of the objects that are adopted, by kind and name.
func (s *site) uids(t *testing.T, found desktest.Adoption) map[string]string {
	t.Helper()
	uids := map[string]string{}
	for _, thing := range found.Things {
		kind, is := strings.CutPrefix(thing.Type, "kubernetes:")
		if !is {
			continue
		}
		kind = kind[strings.LastIndex(kind, ":")+1:]
		name := thing.ID[strings.LastIndex(thing.ID, "/")+1:]
		uids[kind+" "+name] = s.kubectl(t, controlplane.AdminUser, "get", kind, name, "-o", "jsonpath={.metadata.uid}")
	}
	require.NotEmpty(t, uids["Deployment bifrost"])
	require.NotEmpty(t, uids["Service bifrost"])
	return uids
}

// tidies does what adopt says is left to do in the cluster.
func (d *desk) tidies(t *testing.T, found desktest.Adoption) {
	t.Helper()
	for _, left := range found.Left {
		if strings.HasPrefix(left.Mend, "kubectl delete ") {
			require.Contains(t, d.shell(t, "", left.Mend), "deleted", left.What)
		}
	}
}

// parse reads the objects of a manifest.
func parse(t *testing.T, manifest []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, text := range strings.Split(string(manifest), "\n---\n") {
		var object map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(text), &object), "%s", text)
		if object != nil {
			all = append(all, object)
		}
	}
	return all
}

// write writes objects to a manifest.
func write(t *testing.T, file string, objects []map[string]any) string {
	t.Helper()
	var texts []string
	for _, object := range objects {
		text, err := yaml.Marshal(object)
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(texts, "---\n")), 0o600))
	return file
}
