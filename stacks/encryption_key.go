package stacks

import (
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
