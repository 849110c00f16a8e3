package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
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

// MetadataError is a refusal of the metadata server.
type MetadataError struct {
	URL    string
	Status int
	Body   string
}

// Error is as google-auth words it.
func (e *MetadataError) Error() string {
	return fmt.Sprintf("Failed to retrieve %s from the Google Compute Engine metadata service. Status: %d Response: %s", e.URL, e.Status,
		strings.TrimSpace(e.Body))
}

// Metadata asks the metadata server, with a client that tells whose request it is.
func Metadata(ctx context.Context, client *http.Client, path string) (string, error) {
	url := "http://" + MetadataHost + "/computeMetadata/v1/" + path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Metadata-Flavor", "Google")
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = &MetadataError{url, answer.StatusCode, string(body)}
	}
	return string(body), err
}

// MetadataToken is the access token of the metadata server's default account.
func MetadataToken(ctx context.Context, client *http.Client) (string, error) {
	text, err := Metadata(ctx, client, "instance/service-accounts/default/token")
	if err != nil {
		return "", err
	}
	var given struct {
		AccessToken string `json:"access_token"`
	}
	err = json.Unmarshal([]byte(text), &given)
	return given.AccessToken, err
}

// Impersonate makes an access token of a service account with another one (IAM Service Account Credentials API, generateAccessToken).
func Impersonate(ctx context.Context, w *served.World, access, email string) (string, error) {
	const url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/%s:generateAccessToken"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf(url, email),
		strings.NewReader(`{"scope":["https://www.googleapis.com/auth/cloud-platform"]}`))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+access)
	request.Header.Set("Content-Type", "application/json")
	answer, err := w.Network.Client().Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var given struct {
		AccessToken string `json:"accessToken"`
		Error       struct{ Status string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&given); err != nil {
		return "", err
	}
	if given.AccessToken == "" {
		said := fmt.Sprintf("Failed to impersonate [%s]. Make sure the account that's trying to impersonate it has access to the service "+
			`account itself and the "roles/iam.serviceAccountTokenCreator" role.`, email)
		return "", fmt.Errorf("%s: %s", given.Error.Status, said)
	}
	return given.AccessToken, nil
}

// PullAsNode asks for an image with a token of the service account that the nodes of a pool have.
func PullAsNode(ctx context.Context, w *served.World, image string, p *world.GCPProject, pool world.GKENodePool) error {
	g := &cloud{w.Network, w}
	email := pool.Account(p)
	if account := g.account(email); account == nil || account.State["disabled"] == true {
		return hop.Refuse(hop.Kubelet, hop.Missing, "the service account %s of node pool %s does not exist or is disabled", email,
			pool.Name)
	}
	access, err := g.seal(holder{Email: email, Node: pool.Name})
	if err != nil {
		return err
	}
	return registry.Pull(ctx, w, image, "_token", access) // cloud-provider-gcp, cmd/auth-provider-gcp
}
