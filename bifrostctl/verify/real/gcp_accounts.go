package real

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"

	"google.golang.org/api/cloudresourcemanager/v1"
	"google.golang.org/api/iam/v1"

	"bifrost/bifrostctl/verify/service"
)

// ProjectNumber implements service.GCP.
func (g gcpCloud) ProjectNumber(ctx context.Context, project string) (string, error) {
	client, err := cloudresourcemanager.NewService(ctx, g.options...)
	if err != nil {
		return "", err
	}
	found, err := client.Projects.Get(project).Context(ctx).Do()
	if err != nil {
		return "", gcpNotFound("project "+project, err)
	}
	return fmt.Sprint(found.ProjectNumber), nil
}

// ProjectMembers implements service.GCP.
func (g gcpCloud) ProjectMembers(ctx context.Context, project, role string) ([]string, error) {
	client, err := cloudresourcemanager.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	policy, err := client.Projects.GetIamPolicy(project, &cloudresourcemanager.GetIamPolicyRequest{}).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("project "+project, err)
	}
	var members []string
	for _, b := range policy.Bindings {
		if b.Role == role && b.Condition == nil {
			members = append(members, b.Members...)
		}
	}
	return members, nil
}

// Account implements service.GCP.
func (g gcpCloud) Account(ctx context.Context, project, email string) (*service.ServiceAccount, error) {
	client, err := iam.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	found, err := client.Projects.ServiceAccounts.Get(fmt.Sprintf("projects/%s/serviceAccounts/%s", project, email)).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("service account "+email, err)
	}
	return &service.ServiceAccount{UniqueID: found.UniqueId, Disabled: found.Disabled}, nil
}

// certificates is where Google publishes those of the keys of service accounts, by their ids (a key's client_x509_cert_url).
const certificates = "https://www.googleapis.com/robot/v1/metadata/x509/"

// KeyCertificate implements service.GCP. Nobody signs in for it.
func (g gcpCloud) KeyCertificate(ctx context.Context, email, key string) (*service.KeyCertificate, error) {
	at := g.certificates
	if at == "" {
		at = certificates
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+url.PathEscape(email), nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // nothing is written
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, notThere("service account " + email)
	default:
		return nil, fmt.Errorf("%s says %s", at, answer.Status)
	}
	var published map[string]string
	if err := json.NewDecoder(answer.Body).Decode(&published); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	block, _ := pem.Decode([]byte(published[key]))
	if block == nil {
		return nil, notThere("key " + key + " of " + email)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate of key %s: %w", key, err)
	}
	return &service.KeyCertificate{From: certificate.NotBefore, Until: certificate.NotAfter}, nil
}
