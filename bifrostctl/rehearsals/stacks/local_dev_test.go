package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/world"
)

// TestKeyLife: a stack with the vendor's key goes up with one Secret for it and nobody to hand off, and goes. The key is in that Secret alone.
func TestKeyLife(t *testing.T) {
	t.Parallel()
	for _, way := range []stacktest.Way{stacktest.AnyKey, stacktest.OnOpenShift} {
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			s.Lives(nil, nil)
			made := s.Engine.MustUp()
			require.Empty(t, made.Outputs["vendorHandoff"].Mappable())
			outputs, err := json.Marshal(made.Outputs.Mappable())
			require.NoError(t, err)
			require.NotContains(t, string(outputs), "PRIVATE KEY")
			var holders []string
			for _, r := range s.World.Resources {
				state, err := json.Marshal(r.State)
				require.NoError(t, err)
				if !r.Seeded && strings.Contains(string(state), "PRIVATE KEY") || r.State["type"] == "kubernetes.io/dockerconfigjson" {
					holders = append(holders, r.ID)
				}
			}
			require.Equal(t, []string{"bifrost/bifrost-pull-secret"}, holders)
			require.Zero(t, len(s.World.List(pulumitype.KubernetesCronJob, "https://kind-bifrost.sandbox.test:6443")))
		})
	}
}

// TestRotatedKey: the vendor gives another key, which takes the former one's place in the same Secret, and no pod restarts; then the former one
// is deleted, and pulls go on.
func TestRotatedKey(t *testing.T) {
	t.Parallel()
	s := stacktest.AnyKey.Start(t)
	s.Engine.MustUp()
	secret := edits.The(t, s.World, edits.SecretKind, "bifrost/bifrost-pull-secret")[0]
	uid, before := secret.State["metadata"].(map[string]any)["uid"], passwordOf(t, secret.State)
	first := edits.The(t, s.World, pulumitype.GcpServiceAccountKey, "")[0]
	_, err := mint.NewAccountKey(s.World.World, "bifrost-dist", "bifrost-pull@bifrost-dist.iam.gserviceaccount.com")
	require.NoError(t, err)

	rotated := s.Set().Engine.MustUp()
	require.Equal(t, map[string]int{"update": 1, "same": rotated.Changes["same"]}, rotated.Changes)
	require.Equal(t, uid, secret.State["metadata"].(map[string]any)["uid"])
	require.NotEqual(t, before, passwordOf(t, secret.State))

	edits.Removed(pulumitype.GcpServiceAccountKey, first.ID)(t, s.World)
	stacktest.OnlySame(t, s.Set().Engine.MustUp(), "nothing changed since")
	edits.With(pulumitype.GcpRepository, "", "tags=[2.1.0, 2.1.1]")(t, s.World)
	s.Set("registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.1").Engine.MustUp()
}

// passwordOf is the password in a pull Secret.
func passwordOf(t *testing.T, secret map[string]any) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(secret["data"].(map[string]any)[".dockerconfigjson"].(string))
	require.NoError(t, err)
	var document struct {
		Auths map[string]struct{ Auth string } `json:"auths"`
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	require.Len(t, document.Auths, 1)
	login, err := base64.StdEncoding.DecodeString(document.Auths["europe-west1-docker.pkg.dev"].Auth)
	require.NoError(t, err)
	user, password, _ := strings.Cut(string(login), ":")
	require.Equal(t, "_json_key", user)
	return password
}

// TestOpenShiftElsewhere: pods that leave their users to the namespace do not start where no namespace gives any, and those with users of
// their own are refused where it does.
func TestOpenShiftElsewhere(t *testing.T) {
	t.Parallel()
	plain := stacktest.Way{Stack: "local-dev", First: edits.Kubernetes(func(c *world.KubernetesCluster) { c.OpenShift = true })}.Start(t)
	up := plain.Engine.Up()
	require.Error(t, up.Err)
	require.Contains(t, up.Messages(), "unable to validate against any security context constraint")
	plain.Set("kubernetes.openshift=true").Engine.MustUp()
}
