package gcp_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
)

const (
	email = "bifrost-pull@dist.iam.gserviceaccount.com"
	image = "europe-west1-docker.pkg.dev/dist/hub/bifrost:2.1.0"
)

// vendor is a world in which the vendor has made a key of a service account that may read the image's repository.
func vendor(t *testing.T) (w *served.World, key *world.Resource, document string) {
	t.Helper()
	w = served.New()
	w.SeedProject("dist", "123")
	w.SeedServiceAccount("dist", email)
	w.SeedARRepository("dist", "europe-west1", "hub", "serviceAccount:"+email)
	key, err := mint.NewAccountKey(w.World, "dist", email)
	require.NoError(t, err)
	document, made := mint.AccountKeyOf(w.World, key)
	require.True(t, made)
	require.NoError(t, services.Start(w))
	t.Cleanup(func() { require.NoError(t, services.Stop(w)) })
	return w, key, document
}

// account is the service account of the world.
func account(w *served.World) *world.Resource {
	return w.Get(pulumitype.GcpServiceAccount, "dist", "projects/dist/serviceAccounts/"+email)
}

func with(t *testing.T, document, field, value string) string {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(document), &fields))
	fields[field] = value
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

// TestKeyAtTheRegistry: a key lets its account pull, until somebody takes it, the account or the account's right away.
func TestKeyAtTheRegistry(t *testing.T) {
	encoded := func(_ *testing.T, document string) string { return base64.StdEncoding.EncodeToString([]byte(document)) }
	for name, c := range map[string]struct {
		user     string
		password func(t *testing.T, document string) string
		change   func(t *testing.T, w *served.World, key *world.Resource)
		want     string
	}{
		"a key":                    {},
		"a key in base64":          {user: "_json_key_base64", password: encoded},
		"base64 as a plain key":    {password: encoded, want: `Artifact Registry pull: invalid: the key of the login (user "_json_key"): it is no JSON object`},
		"a plain key as base64":    {user: "_json_key_base64", want: "the password is no base64"},
		"a key under another user": {user: "oauth2accesstoken", want: `Artifact Registry pull: invalid: the login is not one that Google gave (user "oauth2accesstoken")`},
		"an unknown user":          {user: "AWS", want: `the login is not one that Google gave (user "AWS")`},
		"a credential configuration": {
			password: func(t *testing.T, document string) string { return with(t, document, "type", "external_account") },
			want:     `it is of type "external_account", not service_account`,
		},
		"no private key": {
			password: func(t *testing.T, document string) string { return with(t, document, "private_key", "none") },
			want:     "its private_key is no PEM",
		},
		"the key is deleted": {
			change: func(_ *testing.T, _ *served.World, key *world.Resource) { key.Deleted = true },
			want:   "Google OAuth token of a key: revoked: the key ",
		},
		"the key is disabled": {
			change: func(_ *testing.T, _ *served.World, key *world.Resource) { key.State["disabled"] = true },
			want:   "is disabled",
		},
		"the key has ended": {
			change: func(_ *testing.T, w *served.World, key *world.Resource) {
				key.State["validBefore"] = w.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
			},
			want: "Google OAuth token of a key: expired: the key ",
		},
		"another key's id": {
			password: func(t *testing.T, document string) string { return with(t, document, "private_key_id", "0123") },
			want:     email + " has no key 0123",
		},
		"the account is disabled": {
			change: func(_ *testing.T, w *served.World, _ *world.Resource) { account(w).State["disabled"] = true },
			want:   "Google OAuth token of a key: revoked: the service account " + email + " is disabled",
		},
		"the account is deleted": {
			change: func(_ *testing.T, w *served.World, _ *world.Resource) { account(w).Deleted = true },
			want:   "Google OAuth token of a key: missing: there is no service account " + email,
		},
		"the account may not read": {
			change: func(_ *testing.T, w *served.World, _ *world.Resource) {
				for _, r := range w.List(pulumitype.GcpRepositoryMember, "dist") {
					w.Remove(r)
				}
			},
			want: "Artifact Registry pull: no pull permission: serviceAccount:" + email,
		},
		"a key of another account with that key's id": {
			password: func(t *testing.T, document string) string {
				w := served.New()
				w.Serial = 7
				key, err := mint.NewAccountKey(w.World, "other", email)
				require.NoError(t, err)
				other, _ := mint.AccountKeyOf(w.World, key)
				var k, o mint.AccountKey
				require.NoError(t, json.Unmarshal([]byte(document), &k))
				require.NoError(t, json.Unmarshal([]byte(other), &o))
				return with(t, document, "private_key", o.PrivateKey)
			},
			want: "the assertion is not signed with the key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, key, document := vendor(t)
			if c.user == "" {
				c.user = "_json_key"
			}
			if c.password != nil {
				document = c.password(t, document)
			}
			if c.change != nil {
				c.change(t, w, key)
			}
			err := registry.Pull(context.Background(), w, image, c.user, document)
			why := hop.Join(w.Network.Refusals.Take())
			if c.want == "" {
				require.NoError(t, err, why)
				require.Empty(t, why)
				return
			}
			require.Error(t, err)
			require.Contains(t, why, c.want)
			require.NotContains(t, why+err.Error(), "PRIVATE KEY")
		})
	}
}

// TestASecondKey: an account has several keys at once, and one that is deleted leaves the others good: so a key is rotated without a gap.
func TestASecondKey(t *testing.T) {
	w, first, document := vendor(t)
	second, err := mint.NewAccountKey(w.World, "dist", email)
	require.NoError(t, err)
	require.Equal(t, []*world.Resource{first, second}, mint.AccountKeys(w.World, email))
	another, _ := mint.AccountKeyOf(w.World, second)
	require.NotEqual(t, document, another)
	for _, each := range []string{document, another} {
		require.NoError(t, registry.Pull(context.Background(), w, image, "_json_key", each))
	}
	first.Deleted = true
	require.Error(t, registry.Pull(context.Background(), w, image, "_json_key", document))
	require.NoError(t, registry.Pull(context.Background(), w, image, "_json_key", another))
	third, err := mint.NewAccountKey(w.World, "dist", email)
	require.NoError(t, err)
	require.NotEqual(t, first.ID, third.ID, "a key that is gone keeps its id")
}

// TestTokenEndpoint: what the endpoint answers that no library of ours would send.
func TestTokenEndpoint(t *testing.T) {
	w, _, document := vendor(t)
	access, err := gcp.TokenOfKey(context.Background(), w, []byte(document))
	require.NoError(t, err)
	require.NoError(t, registry.Pull(context.Background(), w, image, "oauth2accesstoken", access))
	w.Later = 2 * time.Hour
	require.Error(t, registry.Pull(context.Background(), w, image, "oauth2accesstoken", access), "an access token lives an hour")
	require.NoError(t, registry.Pull(context.Background(), w, image, "_json_key", document), "a key does not end by itself")

	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"no grant":     {url.Values{}, "unsupported_grant_type"},
		"no assertion": {url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}}, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := w.Network.Client().PostForm("https://oauth2.googleapis.com/token", c.form)
			require.NoError(t, err)
			defer func() { require.NoError(t, answer.Body.Close()) }()
			var said map[string]any
			require.NoError(t, json.NewDecoder(answer.Body).Decode(&said))
			require.Equal(t, c.want, fmt.Sprint(said["error"]))
			require.Equal(t, 400, answer.StatusCode)
		})
	}
}
