// Package registrykeytest makes keys of service accounts for tests, of which no registry knows anything.
package registrykeytest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"sync"
)

// bits are few, for tests are to be quick; Google's keys have 2048.
const bits = 1024

var (
	mu   sync.Mutex
	pems = map[string]string{}
)

// Pem is the private key of a name, the same one whenever it is asked for.
func Pem(name string) string {
	mu.Lock()
	defer mu.Unlock()
	if pems[name] == "" {
		private, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			panic(err)
		}
		pems[name] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return pems[name]
}

// Id is the id of the key of a name: 40 hexadecimal digits, as Google's are.
func Id(name string) string {
	sum := sha1.Sum([]byte(name))
	return hex.EncodeToString(sum[:])
}

// Make is the document of a key of a service account, as `gcloud iam service-accounts keys create` writes it.
func Make(email, name string) string {
	_, domain, _ := strings.Cut(email, "@")
	project, _, _ := strings.Cut(domain, ".")
	text, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": project, "private_key_id": Id(name), "private_key": Pem(name),
		"client_email": email, "client_id": "100000000000000000000",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
		"auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
		"client_x509_cert_url":        "https://www.googleapis.com/robot/v1/metadata/x509/" + url.QueryEscape(email),
		"universe_domain":             "googleapis.com",
	}, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(text)
}
