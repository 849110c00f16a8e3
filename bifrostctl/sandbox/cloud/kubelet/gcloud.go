package kubelet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
)

// credentialFile is the variable by which gcloud finds a credential configuration.
const credentialFile = "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"

// noAccount is what gcloud says when it has no account; it reads no GOOGLE_APPLICATION_CREDENTIALS.
const noAccount = "ERROR: (gcloud.auth.print-access-token) You do not currently have an active account selected."

// noRefresh is what gcloud says when it has an account and gets no token for it.
const noRefresh = "ERROR: (gcloud.auth.print-access-token) There was a problem refreshing your current auth tokens: %v"

// gcloud is `gcloud auth print-access-token` and `gcloud auth login --cred-file`.
func (c *container) gcloud(ctx context.Context, call call) error {
	home := call.env["CLOUDSDK_CONFIG"]
	if home == "" {
		home = call.env["HOME"] + "/.config/gcloud"
	}
	if !c.tree.isWritable(home + "/config") {
		c.refuse(hop.Invalid, "gcloud cannot write its configuration to %s: set CLOUDSDK_CONFIG to a writable directory", home)
		return call.fail(1, "ERROR: gcloud failed to load: could not create directory %s: read-only file system", home)
	}
	switch words := strings.Join(call.args, " "); {
	case strings.HasPrefix(words, "gcloud auth login"):
		config, err := c.tree.Read(call.flag("--cred-file"))
		if err != nil {
			return call.fail(1, "ERROR: (gcloud.auth.login) %v", err)
		}
		c.loggedIn = config
		return nil
	case !strings.HasPrefix(words, "gcloud auth print-access-token"):
		c.refuse(hop.Unsupported, "the sandbox runs `gcloud auth` only, not %q", words)
		return call.fail(2, "gcloud: not modelled")
	}
	access, err := c.account(ctx, call, home)
	if err != nil {
		return err
	}
	if other := cmp.Or(call.flag("--impersonate-service-account"), call.env["CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"]); other != "" {
		if access, err = gcp.Impersonate(ctx, c.node.World, access, other); err != nil {
			return call.fail(1, "ERROR: (gcloud.auth.print-access-token) %v", err)
		}
	}
	_, err = fmt.Fprintln(call.stdout, access)
	return err
}

// account is an access token of gcloud's own account: of a credential configuration or, on a node of Google's, of the metadata server.
func (c *container) account(ctx context.Context, call call, home string) (string, error) {
	config := c.loggedIn
	if name := call.env[credentialFile]; name != "" {
		var err error
		if config, err = c.tree.Read(name); err != nil {
			c.refuse(hop.Missing, "the credential configuration %s", name)
			return "", call.fail(1, "ERROR: (gcloud.auth.print-access-token) %v", err)
		}
	}
	if config != nil {
		access, err := gcp.AccessToken(ctx, c.node.World, config, c.tree.Read)
		if errors.Is(err, fs.ErrNotExist) {
			c.refuse(hop.Missing, "the token file that the credential configuration names: %v", err)
		}
		if err != nil {
			return "", call.fail(1, noRefresh, err)
		}
		return access, nil
	}
	if !c.onGoogle(ctx, home) {
		return "", call.fail(1, "%s", noAccount)
	}
	access, err := gcp.MetadataToken(ctx, c.node.client(c.pod))
	if err != nil {
		return "", call.fail(1, noRefresh, err)
	}
	return access, nil
}

// onGoogle tells whether gcloud finds a metadata server. It asks once, and then remembers the answer in its configuration for ten minutes,
// whatever it was (googlecloudsdk/core/credentials/gce_cache.py). What it tries again within that time is not modelled.
func (c *container) onGoogle(ctx context.Context, home string) bool {
	known, err := c.tree.Read(home + "/gce")
	if err == nil {
		if string(known) != "True" {
			c.refuse(hop.NoCredentials, "gcloud found no metadata server before, and remembers that in %s/gce for ten minutes", home)
		}
		return string(known) == "True"
	}
	_, err = gcp.Metadata(ctx, c.node.client(c.pod), "project/numeric-project-id")
	answer := map[bool]string{true: "True", false: "False"}[err == nil]
	_ = c.tree.write(home+"/gce", []byte(answer)) // gcloud goes on without
	if refused := (*gcp.MetadataError)(nil); err != nil && (!errors.As(err, &refused) || refused.Status == http.StatusNotFound) {
		c.refuse(hop.NoCredentials, "gcloud has no account: it reads CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE, or what `gcloud auth login "+
			"--cred-file` took, or a metadata server of Google's, and never GOOGLE_APPLICATION_CREDENTIALS")
	}
	return err == nil
}
