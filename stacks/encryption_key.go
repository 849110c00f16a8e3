package stacks

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// validateEncryptionKey: the key that config.json names is the one that is guarded. The gateway takes the variable by itself where
// config.json names none.
func (c *Config) validateEncryptionKey(k *checker) {
	guarded := configjson.ReferenceTo(gateway.EncryptionKeyVariable)
	named, _ := c.Gateway.Config["encryption_key"].(string)
	if named == guarded || configjson.Variable(named) == "" {
		return
	}
	k.add(field.Invalid(c.Gateway.configPath().Child("encryption_key"), named,
		"secrets.encryptionKey, which no up changes by accident, would not be read; write "+guarded+", or leave this out"))
}

// The gateway takes any key, and derives its own from it by one round of Argon2id with a salt that is a digest of the key: two gateways
// with one key have one salt. It warns of fewer than 16 bytes (Bifrost, framework/encrypt/encrypt.go, Init).
const (
	leastKeyBytes          = 16
	leastDifferentKeyBytes = 8
)

// validateKeyStrength refuses a key that can be guessed by whoever has a copy of the database. A gateway that runs with one keeps it, since
// another one would read nothing.
func (c *Config) validateKeyStrength(k *checker) {
	key := c.Secrets.EncryptionKey
	different := map[byte]bool{}
	for i := range len(key) {
		different[key[i]] = true
	}
	if key == "" || c.Gateway.WeakEncryptionKey || len(key) >= leastKeyBytes && len(different) >= leastDifferentKeyBytes {
		return
	}
	k.add(field.Forbidden(field.NewPath("secrets", "encryptionKey"), fmt.Sprintf("has %d bytes, %d of them different, and must have %d "+
		"and %d: whoever gets a copy of the database could guess it; run `openssl rand -base64 32 | %s`; a gateway that runs with this "+
		"key must keep it: then set gateway.weakEncryptionKey to true", len(key), len(different), leastKeyBytes, leastDifferentKeyBytes,
		setSecret("encryptionKey"))))
}
