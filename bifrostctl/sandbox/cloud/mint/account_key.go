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
	"bifrost/internal/registrykey"
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

// ReadAccountKey reads a key's document, as a registry does that is shown one: no rule of the program's is asked.
func ReadAccountKey(document []byte) (k AccountKey, private *rsa.PrivateKey, err error) {
	if json.Unmarshal(document, &k) != nil {
		return k, nil, errors.New("it is no JSON object")
	}
	if k.Type != "service_account" {
		return k, nil, fmt.Errorf("it is of type %q, not service_account", k.Type)
	}
	block, _ := pem.Decode([]byte(k.PrivateKey))
	if block == nil {
		return k, nil, errors.New("its private_key is no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, isRSA := parsed.(*rsa.PrivateKey)
	if err != nil || !isRSA {
		return k, nil, errors.New("its private_key is no RSA key")
	}
	return k, private, nil
}

// never is when a key ends that nobody gave an end (IAM API reference, ServiceAccountKey.validBeforeTime).
const never = "9999-12-31T23:59:59Z"

// Admit lets Google know a key of a service account, unless it knows it: what is signed with the key then is the account's. The private
// half stays with whoever has it.
func Admit(w *world.World, project, email, id string, private *rsa.PrivateKey) (*world.Resource, error) {
	account := world.AccountPath(project, email)
	r := &world.Resource{Type: pulumitype.GcpServiceAccountKey, Scope: project, ID: account + "/keys/" + id, Seeded: true}
	if known := w.Resources[r.Key()]; known != nil {
		return known, nil
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("key %s of %s: %w", id, email, err)
	}
	r.State = map[string]any{
		"name": r.ID, "serviceAccountId": account, "keyAlgorithm": "KEY_ALG_RSA_2048", "disabled": false,
		"validAfter": w.Now().UTC().Format(time.RFC3339), "validBefore": never, "number": float64(len(AccountKeys(w, ""))),
		"publicKey": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}
	w.Put(r)
	return r, nil
}

// NewAccountKey makes a further key of a service account. The world keeps it, so that AccountKeyOf shows it again.
func NewAccountKey(w *world.World, project, email string) (*world.Resource, error) {
	id := world.Hex(40, "key", project, email, len(AccountKeys(w, email)))
	private, err := key(w, world.AccountPath(project, email)+"/keys/"+id)
	if err != nil {
		return nil, err
	}
	return Admit(w, project, email, id, private)
}

// AccountKeys are the keys that a service account ever had, or any where email is empty, those that were deleted by hand included, in the
// order in which they came.
func AccountKeys(w *world.World, email string) []*world.Resource {
	of := "/keys/"
	if email != "" {
		of = "/serviceAccounts/" + email + of
	}
	var found []*world.Resource
	for _, r := range w.Resources {
		if r.Type == pulumitype.GcpServiceAccountKey && strings.Contains(r.ID, of) {
			found = append(found, r)
		}
	}
	number := func(r *world.Resource) float64 {
		n, _ := r.State["number"].(float64)
		return n
	}
	slices.SortFunc(found, func(a, b *world.Resource) int { return cmp.Compare(number(a), number(b)) })
	return found
}

// NewestAccountKey is the document of the key that NewAccountKey made last, whether it is good any more or not; false where it made none.
func NewestAccountKey(w *world.World) (document string, made bool) {
	for _, r := range slices.Backward(AccountKeys(w, "")) {
		if document, made := AccountKeyOf(w, r); made {
			return document, true
		}
	}
	return "", false
}

// AccountKeyOf is the document of a key that the world made; false for one of others, whose private half only they have.
func AccountKeyOf(w *world.World, r *world.Resource) (document string, made bool) {
	if _, made := w.Keys[r.ID]; !made {
		return "", false
	}
	private, err := key(w, r.ID)
	if err != nil {
		return "", false
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", false
	}
	email, id, _ := strings.Cut(strings.TrimPrefix(r.ID, world.AccountPath(r.Scope, "")), "/keys/")
	text, err := json.MarshalIndent(AccountKey{
		Type: "service_account", ProjectID: r.Scope, PrivateKeyID: id, ClientEmail: email, ClientID: "1" + digits(email),
		PrivateKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		AuthURI:     "https://accounts.google.com/o/oauth2/auth",
		TokenURI:    registrykey.TokenUri,
		AuthCertURL: "https://www.googleapis.com/oauth2/v1/certs",
		CertURL:     "https://www.googleapis.com/robot/v1/metadata/x509/" + strings.Replace(email, "@", "%40", 1),
		Universe:    "googleapis.com",
	}, "", "  ")
	return string(text), err == nil
}

// digits makes up a number of twenty digits.
func digits(of string) string {
	return strings.Map(func(r rune) rune { return '0' + (r-'0')%10 }, world.Hex(20, "client id", of))
}
