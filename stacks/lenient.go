package stacks

import (
	"bytes"
	"encoding/json"
	"maps"
)

// Lenient resolves the values of a stack file that may not validate, for whoever only wants to know what it is about: keys without the
// project's prefix; dir is the project's folder, and without one no file that they name is read. What does not decode is passed over, so
// that Deploy can refuse it with its reason.
func Lenient(stack, dir string, values map[string]any) *Config {
	c := newConfig(stack)
	values = asHandedOver(values)
	decode(values, c)
	if dir != "" {
		c.Gateway.loadFiles(dir)
	}
	c.resolve()
	return c
}

// asHandedOver are the values as the engine hands them over: as JSON, in which a number is a text, too, such as an account id without
// quotes. An empty object means absent: Pulumi.yaml gives it as the default, and `pulumi config --json` prints it. What is no JSON
// stays as it is.
func asHandedOver(values map[string]any) map[string]any {
	text, err := json.Marshal(values)
	if err != nil {
		return values
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var handed map[string]any
	if err := d.Decode(&handed); err != nil {
		return values
	}
	maps.DeleteFunc(handed, func(_ string, value any) bool {
		object, is := value.(map[string]any)
		return is && len(object) == 0
	})
	return handed
}

// MissingSecrets lists the paths below secrets that the configuration needs and lacks, such as encryptionKey or env.PG_PASSWORD, sorted.
func (c *Config) MissingSecrets() []string { return c.missingSecrets() }
