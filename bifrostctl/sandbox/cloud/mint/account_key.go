package mint

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/world"
)

// AccountKey is a key of a Google service account as Google gives it, once, to who makes it (IAM API reference,
// projects.serviceAccounts.keys.create, privateKeyData).
type AccountKey struct {
	Type         string `json:"type"`
	ProjectID    string `json:"project_id"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`
	ClientID     string `json:"client_id"`
	AuthURI      string `json:"auth_uri"`
	TokenURI     string `json:"token_uri"`
	AuthCertURL  string `json:"auth_provider_x509_cert_url"`
	CertURL      string `json:"client_x509_cert_url"`
	Universe     string `json:"universe_domain"`
}

// ReadAccountKey reads a key's document.
func ReadAccountKey(document []byte) (AccountKey, error) {
	var k AccountKey
	if err := json.Unmarshal(document, &k); err != nil {
		return k, errors.New("it is no JSON object")
	}
	if k.Type != "service_account" {
		return k, fmt.Errorf("it is of type %q, not service_account", k.Type)
	}
	return k, nil
}

// Private is the key itself.
func (k AccountKey) Private() (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(k.PrivateKey))
	if block == nil {
		return nil, errors.New("its private_key is no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if private, isRSA := parsed.(*rsa.PrivateKey); isRSA && err == nil {
		return private, nil
	}
	return nil, errors.New("its private_key is no RSA key")
}

// never is when a key ends that nobody gave an end (IAM API reference, ServiceAccountKey.validBeforeTime).
const never = "9999-12-31T23:59:59Z"

// Admit lets the owner of an account know a key: what is signed with it is the account's. Its private half stays with whoever has it.
func Admit(w *world.World, k AccountKey) (*world.Resource, error) {
	private, err := k.Private()
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, err
	}
	account := fmt.Sprintf("projects/%s/serviceAccounts/%s", k.ProjectID, k.ClientEmail)
	name := account + "/keys/" + k.PrivateKeyID
	if known := w.Resources[world.Key(pulumitype.GcpServiceAccountKey, k.ProjectID, name)]; known != nil {
		return known, nil
	}
	w.Settle(&world.Resource{Type: pulumitype.GcpServiceAccountKey, Scope: k.ProjectID, ID: name, State: map[string]any{
		"name": name, "number": float64(len(AccountKeys(w, k.ClientEmail))), "serviceAccountId": account, "keyAlgorithm": "KEY_ALG_RSA_2048", "disabled": false,
		"validAfter": w.Now().UTC().Format(time.RFC3339), "validBefore": never,
		"publicKey": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}})
	return w.Resources[world.Key(pulumitype.GcpServiceAccountKey, k.ProjectID, name)], nil
}

// NewAccountKey makes a further key of a service account. The world keeps it, so that AccountKeyOf can show it again.
func NewAccountKey(w *world.World, project, email string) (*world.Resource, error) {
	account := fmt.Sprintf("projects/%s/serviceAccounts/%s", project, email)
	id := world.Hex(40, "key", account, len(AccountKeys(w, email)))
	private, err := key(w, account+"/keys/"+id)
	if err != nil {
		return nil, err
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return Admit(w, AccountKey{ProjectID: project, PrivateKeyID: id, ClientEmail: email,
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}))})
}

// AccountKeys are the keys that a service account ever had, those that were deleted by hand included, in the order in which they came.
func AccountKeys(w *world.World, email string) []*world.Resource {
	var found []*world.Resource
	for _, r := range w.Resources {
		if r.Type == pulumitype.GcpServiceAccountKey && strings.Contains(r.ID, "/serviceAccounts/"+email+"/keys/") {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *world.Resource) int {
		first, _ := a.State["number"].(float64)
		second, _ := b.State["number"].(float64)
		return cmp.Compare(first, second)
	})
	return found
}

// AccountKeyOf is the document of a key that the world made; false for one of others, whose private half only they have.
func AccountKeyOf(w *world.World, r *world.Resource) (string, bool) {
	if _, made := w.Keys[r.ID]; !made {
		return "", false
	}
	private, err := key(w, r.ID)
	if err != nil {
		return "", false
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", false
	}
	email, id, _ := strings.Cut(strings.TrimPrefix(r.ID, "projects/"+r.Scope+"/serviceAccounts/"), "/keys/")
	document, err := json.MarshalIndent(AccountKey{
		Type: "service_account", ProjectID: r.Scope, PrivateKeyID: id, ClientEmail: email, ClientID: "1" + digits(email),
		PrivateKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})),
		AuthURI:     "https://accounts.google.com/o/oauth2/auth",
		TokenURI:    TokenURI,
		AuthCertURL: "https://www.googleapis.com/oauth2/v1/certs",
		CertURL:     "https://www.googleapis.com/robot/v1/metadata/x509/" + strings.Replace(email, "@", "%40", 1),
		Universe:    "googleapis.com",
	}, "", "  ")
	return string(document), err == nil
}

// TokenURI is where a key's signature is given for an access token.
const TokenURI = "https://oauth2.googleapis.com/token"

// digits makes up a number of twenty digits.
func digits(of string) string {
	return strings.Map(func(r rune) rune { return '0' + (r-'0')%10 }, world.Hex(20, "client id", of))
}
