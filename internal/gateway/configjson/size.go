package configjson

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Limits of what carries config.json.
const (
	// MaxSecret is the most that all values of a Kubernetes Secret have together (Kubernetes API, MaxSecretSize).
	MaxSecret = 1 << 20
	// MaxSecretsManager is the most of one secret's value (AWS Secrets Manager API, SecretString).
	MaxSecretsManager = 64 << 10
)

// ValidateSize refuses a config.json that what carries it does not take.
func ValidateSize(p *field.Path, text []byte, most int, carrier string) field.ErrorList {
	if len(text) <= most {
		return nil
	}
	return field.ErrorList{field.Invalid(p, fmt.Sprintf("%d bytes", len(text)), fmt.Sprintf(
		"%s takes %d; shorten it, or keep parts of it in the config store, which the gateway's API and dashboard fill", carrier, most))}
}
