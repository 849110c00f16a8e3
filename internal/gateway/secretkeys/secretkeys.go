// Package secretkeys knows which values of config.json are secrets, by their keys and by what they hold.
package secretkeys

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secretKeys are the keys whose values are secrets wherever they stand, without - and _ and in lower case: the vendor's schema writes some
// in snake case (client_secret) and those of SCIM in camel case (clientSecret). It leaves the configuration of plugins, guardrails and
// alerts open, which name their secrets as their services do.
var secretKeys = map[string]bool{
	// The schema's own.
	"encryptionkey": true, "password": true, "adminpassword": true, "apikey": true, "apitoken": true, "token": true, "authtoken": true,
	"setuptoken": true, "sessiontoken": true, "provisioningtoken": true, "bearertoken": true, "secret": true, "clientsecret": true,
	"serviceaccountclientsecret": true, "secretkey": true, "secretaccesskey": true, "secretid": true, "hmackey": true, "routingkey": true,
	"integrationkey": true, "serviceaccountkey": true, "credentials": true, "credentialsjson": true, "authcredentials": true, "dsn": true,
	// Those of services that plugins speak to: Google's key files (private_key), Azure Storage (connection_string, account_key,
	// sas_token), Datadog (app_key), OAuth 2.0 (access_token, refresh_token), webhooks (webhook_secret, signing_secret).
	"privatekey": true, "privatekeypem": true, "keypem": true, "passphrase": true, "connectionstring": true, "accountkey": true,
	"accesstoken": true, "refreshtoken": true, "idtoken": true, "sastoken": true, "sharedkey": true, "appkey": true, "applicationkey": true,
	"signingkey": true, "signingsecret": true, "webhooksecret": true, "appsecret": true, "authkey": true, "licensekey": true,
	"personalaccesstoken": true, "passwd": true, "pwd": true,
}

// headerObjects hold headers by name, and secretName is the name of one, or of a URL's parameter, that lets somebody in.
var (
	headerObjects = []string{"headers", "extra_headers"}
	secretName    = regexp.MustCompile(`(?i)^(proxy-)?authorization$|cookie|token|secret|api[-_]?key|password|^sig$`)
)

// Is tells whether the value of key is a secret; parent is the key of its object, or of the list that the object is in.
func Is(parent, key string) bool {
	switch {
	case slices.Contains(headerObjects, parent):
		return secretName.MatchString(key)
	case key == "value":
		return parent == "keys" || parent == "virtual_keys"
	case key == "connection_string" && parent == "client_configs":
		return false // the URL of an MCP server
	}
	return secretKeys[strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))]
}

// secretVariable is how variables of the environment are named that hold a secret. One that names a file, an id or a number of tokens is
// not among them.
var secretVariable = regexp.MustCompile(`^PGPASSWORD$|(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|KEY|DSN|LICENSE|CONNECTION_STRING)$`)

// Variable tells whether an environment variable holds a secret, by its name.
func Variable(name string) bool { return secretVariable.MatchString(name) }

// IsReference tells whether a secret's place holds no secret: a reference to the environment or the vault, as text or in the
// schema's object form, or nothing.
func IsReference(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == "" || EnvReference.MatchString(v) || VaultReference.MatchString(v)
	case map[string]any:
		text, ok := v["value"].(string)
		return v["value"] == nil || ok && IsReference(text)
	}
	return false
}

// privateKey begins a private key in PEM, of any kind (RFC 7468, 10 and 11).
var privateKey = regexp.MustCompile(`-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----`)

// Holds tells whether a text is a URL with a password or a token in it, or a private key.
func Holds(text string) bool {
	if privateKey.MatchString(text) {
		return true
	}
	if !strings.Contains(text, "://") {
		return false
	}
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	if password, _ := u.User.Password(); password != "" {
		return true
	}
	for name, values := range u.Query() {
		if secretName.MatchString(name) && values[0] != "" {
			return true
		}
	}
	return false
}

// InClear tells whether a text is a secret in clear; keys are those that lead to it.
func InClear(keys []string, text string) bool {
	parent, secret := "", false
	for _, key := range keys {
		secret = secret || Is(parent, key)
		parent = key
	}
	return secret && !IsReference(text) || Holds(text)
}

// EnvReference is how config.json refers to an environment variable; VaultReference, to a secret of the vault store.
var (
	EnvReference   = regexp.MustCompile(`^env\.([A-Za-z_][A-Za-z0-9_]*)$`)
	VaultReference = regexp.MustCompile(`^vault\.\S+$`)
)
