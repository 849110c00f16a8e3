package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// fromMetadata takes the token of the account that the metadata server has for the pod (google-auth, compute_engine/_metadata.py). A
// machine without such a server has no account.
func fromMetadata(ctx context.Context) (string, error) {
	host := cmp.Or(os.Getenv("GCE_METADATA_ROOT"), "metadata.google.internal")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+
		"/computeMetadata/v1/instance/service-accounts/default/token", http.NoBody)
	if err != nil {
		return "", err
	}
	request.Header.Set("Metadata-Flavor", "Google")
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}} // no proxy
	if err := ask(client, request, &answer); err != nil {
		return "", fmt.Errorf("%w (%w)", errNoAccount, err)
	}
	return answer.AccessToken, nil
}

// impersonate changes a token into one of another service account, which must let its owner (IAM Service Account Credentials API,
// projects.serviceAccounts.generateAccessToken).
func impersonate(ctx context.Context, token, email string) (string, error) {
	body := `{"scope":["https://www.googleapis.com/auth/cloud-platform"]}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"+email+":generateAccessToken", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	var answer struct{ AccessToken string }
	if err := ask(http.DefaultClient, request, &answer); err != nil {
		return "", fmt.Errorf("failed to impersonate [%s]: %w", email, err)
	}
	return answer.AccessToken, nil
}

func ask(client *http.Client, request *http.Request, into any) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return json.Unmarshal(text, into)
}
