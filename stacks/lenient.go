package stacks

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// Lenient resolves the values of a stack file that may not validate, for whoever only wants to know what it is about: keys without the
// project's prefix; dir is the project's folder, and without one no file that they name is read. What does not decode is passed over, so
// that Deploy can refuse it with its reason.
func Lenient(stack, dir string, values map[string]any) *Config {
	c := newConfig(stack)
	values = asHandedOver(values)
	makeObjects(reflect.ValueOf(c).Elem(), values)
	decode(values, c)
	if dir != "" {
		c.Gateway.loadFiles(dir)
	}
	c.resolve()
	return c
}

// asHandedOver are the values as the engine hands them over: as JSON, in which a number is a text, too, such as an account id without
// quotes. What is no JSON stays as it is.
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
	return handed
}

// makeObjects makes the objects that the values have. The decoder would drop an object of its own with all its keys when one of them
// does not decode: ecs.clusterName when ecs.cpu is a list.
func makeObjects(config reflect.Value, values map[string]any) {
	for i := range config.NumField() {
		f := config.Type().Field(i)
		object, isObject := values[keyOf(f)].(map[string]any)
		if !isObject || !f.IsExported() || deref(f.Type).Kind() != reflect.Struct {
			continue
		}
		into := config.Field(i)
		if into.Kind() == reflect.Pointer {
			into.Set(reflect.New(f.Type.Elem()))
			into = into.Elem()
		}
		makeObjects(into, object)
	}
}

// MissingSecrets lists the paths below secrets that the configuration needs and lacks, such as encryptionKey or env.PG_PASSWORD, sorted.
func (c *Config) MissingSecrets() []string { return c.missingSecrets() }
