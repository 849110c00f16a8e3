package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"

	"bifrost/bifrostctl/sandbox/cloud/served"
)

// credentialConfig is a credential configuration of type external_account, as far as it names a file (AIP-4117).
type credentialConfig struct {
	Type             string `json:"type"`
	Audience         string `json:"audience"`
	SubjectTokenType string `json:"subject_token_type"`
	TokenURL         string `json:"token_url"`
	Impersonation    string `json:"service_account_impersonation_url"`
	CredentialSource struct {
		File string `json:"file"`
	} `json:"credential_source"`
}

// tokenFile is a subject token in a file of the pod.
type tokenFile func() ([]byte, error)

// SubjectToken reads it.
func (f tokenFile) SubjectToken(context.Context, externalaccount.SupplierOptions) (string, error) {
	raw, err := f()
	return strings.TrimSpace(string(raw)), err
}

// AccessToken is what gcloud makes of a credential configuration: an access token, of the service account that it names or of the
// federated principal itself. read reads a file of the pod.
func AccessToken(ctx context.Context, w *served.World, config []byte, read func(name string) ([]byte, error)) (string, error) {
	var c credentialConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return "", fmt.Errorf("the credential configuration is no JSON: %w", err)
	}
	if c.Type != "external_account" {
		return "", fmt.Errorf("a credential configuration of type %q is not modelled", c.Type)
	}
	if c.CredentialSource.File == "" {
		return "", errors.New("the credential configuration names no file")
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, w.Network.Client())
	source, err := externalaccount.NewTokenSource(ctx, externalaccount.Config{
		Audience: c.Audience, SubjectTokenType: c.SubjectTokenType, TokenURL: c.TokenURL,
		ServiceAccountImpersonationURL: c.Impersonation, Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"},
		SubjectTokenSupplier: tokenFile(func() ([]byte, error) { return read(c.CredentialSource.File) }),
	})
	if err != nil {
		return "", err
	}
	access, err := source.Token()
	if err != nil {
		return "", err
	}
	return access.AccessToken, nil
}
