// Package registrykey reads keys of Google Cloud's service accounts, with which a registry lets somebody in who cannot sign in otherwise.
// No error of its repeats a key.
package registrykey

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// User goes with a key's JSON document in a login at Artifact Registry (Google Cloud, "Configure authentication to Artifact Registry for
// Docker", service account key).
const User = "_json_key"

// TokenUri is where the key's holder gets tokens in Google's public cloud, which Artifact Registry does for whoever shows it the key.
const TokenUri = "https://oauth2.googleapis.com/token"

// serviceAccount is the type of a key (Google Cloud IAM, "Create and delete service account keys").
const serviceAccount = "service_account"

// Key is what a key's document says of itself. When it was made is not among that: Google's list of keys has it, as validAfterTime, and the
// certificate at https://www.googleapis.com/robot/v1/metadata/x509/EMAIL, which anybody may read.
type Key struct {
	ProjectId, ClientEmail string
	// Id is the key's own name, of which its service account has several. It is no secret.
	Id string
	// Document is the key's JSON document on one line: the secret itself.
	Document string
	// Private signs with the key.
	Private *rsa.PrivateKey
}

// document has the fields of a key that somebody reads.
type document struct {
	Type         string `json:"type"`
	ProjectId    string `json:"project_id"`
	PrivateKeyId string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`
	TokenUri     string `json:"token_uri"`
}

// email is the address of a service account, of a project within a domain, too.
var email = regexp.MustCompile(`^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$`)

// Parse reads a key as the vendor gives it: the JSON document, or base64 of it, with line breaks or without.
func Parse(text string) (Key, error) {
	plain := strings.TrimSpace(text)
	if !strings.HasPrefix(plain, "{") {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(plain), ""))
		if err != nil {
			return Key{}, errors.New("neither the JSON document of a key nor base64 of it")
		}
		plain = string(decoded)
	}
	var d document
	if err := json.Unmarshal([]byte(plain), &d); err != nil {
		return Key{}, errors.New("not a JSON document, or cut off")
	}
	if d.Type != serviceAccount {
		return Key{}, errors.New("its type is not " + serviceAccount + ": another kind of credential, which Artifact Registry refuses")
	}
	if missing := d.missing(); len(missing) > 0 {
		return Key{}, fmt.Errorf("a key without %s", strings.Join(missing, " and "))
	}
	switch {
	case !email.MatchString(d.ClientEmail):
		return Key{}, errors.New("its client_email is not the address of a service account")
	case d.TokenUri != TokenUri:
		return Key{}, errors.New("its token_uri is not " + TokenUri)
	}
	private, err := privateKey(d.PrivateKey)
	if err != nil {
		return Key{}, err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(plain)); err != nil {
		return Key{}, errors.New("not a JSON document")
	}
	return Key{d.ProjectId, d.ClientEmail, d.PrivateKeyId, line.String(), private}, nil
}

// missing are the fields that a key needs and this one has not.
func (d document) missing() []string {
	var all []string
	for name, value := range map[string]string{
		"project_id": d.ProjectId, "private_key_id": d.PrivateKeyId, "private_key": d.PrivateKey, "client_email": d.ClientEmail,
		"token_uri": d.TokenUri,
	} {
		if value == "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// privateKey reads the key itself, PKCS #8 in PEM.
func privateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("its private_key is not PEM: the line breaks in it are written as \\n")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("its private_key is damaged, or no RSA key")
	}
	return private, nil
}
