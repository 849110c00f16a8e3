package stacks

import "cmp"

// Replicas is the number of pods that the configuration asks for.
func (c *Config) Replicas() int { return c.Gateway.replicas() }

// Tasks is the number of ECS tasks that the configuration asks for.
func (c *Config) Tasks() int { return c.desiredCount() }

// KubeconfigWithLogin makes every kubelogin of a kubeconfig of AKS sign in without a person: with the given mode, or as the default is.
func KubeconfigWithLogin(text []byte, login string) (string, error) {
	return withLogin(text, cmp.Or(login, loginAzureCLI))
}
