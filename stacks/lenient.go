package stacks

// Lenient resolves the values of a stack file that may not validate, for whoever only wants to know what it is about: keys without the
// project's prefix; dir is the project's folder. What does not decode is passed over, so that Deploy can refuse it with its reason.
func Lenient(stack, dir string, values map[string]any) *Config {
	c := newConfig(stack)
	decode(values, c)
	c.Gateway.loadFiles(dir)
	c.resolve()
	return c
}

// MissingSecrets lists the paths below secrets that the configuration needs and lacks, such as encryptionKey or env.PG_PASSWORD, sorted.
func (c *Config) MissingSecrets() []string { return c.missingSecrets() }
