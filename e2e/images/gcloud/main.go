// Command gcloud stands in for the Google Cloud CLI in the end-to-end tests: `gcloud auth print-access-token`. As the real one does, it
// wants a folder for its configuration that it can write to, ignores GOOGLE_APPLICATION_CREDENTIALS, and takes the credential
// configuration that the property auth/credential_file_override names; without one it is whom the metadata server names, if there is one.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// failed begins what the command says when it fails.
const failed = "ERROR: (gcloud.auth.print-access-token) "

// words are gcloud's own.
type words string

func (w words) Error() string { return string(w) }

const (
	errRefresh   = words("There was a problem refreshing your current auth tokens")
	errNoAccount = words(`You do not currently have an active account selected.
Please run:

  $ gcloud auth login

to obtain new credentials.`)
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	impersonated := ""
	rest := slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		email, found := strings.CutPrefix(arg, "--impersonate-service-account=")
		if found {
			impersonated = email
		}
		return found || arg == "--quiet" || arg == "-q"
	})
	if strings.Join(rest, " ") != "auth print-access-token" {
		fmt.Fprintf(stderr, "ERROR: (gcloud) this stand-in knows `gcloud auth print-access-token [--quiet] "+
			"[--impersonate-service-account=EMAIL]` only, not %q\n", strings.Join(args, " "))
		return 2
	}
	if err := writeConfiguration(); err != nil {
		fmt.Fprintf(stderr, "ERROR: gcloud failed to load: %v\n", err)
		return 1
	}
	token, err := accessToken(ctx)
	if err == nil && impersonated != "" {
		token, err = impersonate(ctx, token, impersonated)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s%v\n", failed, err)
		return 1
	}
	fmt.Fprintln(stdout, token)
	return 0
}

// writeConfiguration makes the folder and a file in it, as every command of gcloud does.
func writeConfiguration() error {
	dir := os.Getenv("CLOUDSDK_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(home, ".config", "gcloud")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("could not create directory [%s]: %w", dir, err)
	}
	return os.WriteFile(filepath.Join(dir, "active_config"), []byte("default"), 0o600)
}

// credentials are a credential configuration of type external_account whose token is in a file (Google AIP-4117).
type credentials struct {
	Type             string
	Audience         string
	SubjectTokenType string `json:"subject_token_type"`
	TokenURL         string `json:"token_url"`
	Impersonation    string `json:"service_account_impersonation_url"`
	Lifetime         struct {
		Seconds int `json:"token_lifetime_seconds"`
	} `json:"service_account_impersonation"`
	Source externalaccount.CredentialSource `json:"credential_source"`
}

func accessToken(ctx context.Context) (string, error) {
	file := os.Getenv("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE")
	if file == "" {
		return fromMetadata(ctx)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("unable to read the credential file: %w", err)
	}
	var c credentials
	if err := json.Unmarshal(text, &c); err != nil {
		return "", fmt.Errorf("the credential file %s is no JSON: %w", file, err)
	}
	if c.Type != "external_account" || c.Source.File == "" {
		return "", fmt.Errorf("this stand-in reads credential files of type external_account with credential_source.file only, not type %q",
			c.Type)
	}
	source, err := externalaccount.NewTokenSource(context.WithValue(ctx, oauth2.HTTPClient, http.DefaultClient), externalaccount.Config{
		Audience: c.Audience, SubjectTokenType: c.SubjectTokenType, TokenURL: c.TokenURL, CredentialSource: &c.Source,
		ServiceAccountImpersonationURL: c.Impersonation, ServiceAccountImpersonationLifetimeSeconds: c.Lifetime.Seconds,
		Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"},
	})
	if err != nil {
		return "", err
	}
	token, err := source.Token()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errRefresh, err)
	}
	return token.AccessToken, nil
}
