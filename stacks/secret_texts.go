package stacks

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateSecretTexts refuses secrets that nobody means: only blanks and, where the gateway or the vendor compares a text as it is, blanks
// or a line break at an end and characters that cannot be seen, which a file or a web page adds. The encryption key may have them: a stack
// that has it can never change it. No value is repeated.
func (c *Config) validateSecretTexts(k *checker) {
	p, s := field.NewPath("secrets"), &c.Secrets
	for key, value := range map[string]string{
		"license": s.License, "setupToken": s.SetupToken, adminPasswordKey: s.AdminPassword, "brokerToken": s.BrokerToken,
	} {
		if strings.TrimSpace(value) != value || strings.ContainsFunc(value, unseen) {
			k.add(field.Forbidden(p.Child(key), "has blanks or a line break at an end, or a character that cannot be seen; set it again: "+
				setSecret(key)))
		}
	}
	for key, values := range map[string]map[string]string{"env": s.Env, "ecsEnv": s.EcsEnv} {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if value := values[name]; value != "" && strings.TrimSpace(value) == "" {
				k.add(field.Forbidden(p.Child(key).Key(name), "holds blanks alone; set it again: "+setSecret(key+"."+name)))
			}
		}
	}
}

// unseen tells of control characters and of those that only format a text.
func unseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
