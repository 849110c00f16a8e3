package stacks

import "cmp"

// Replicas is the number of pods that the configuration asks for.
func (c *Config) Replicas() int { return c.Gateway.replicas() }

// Tasks are the least and the most ECS tasks that the configuration asks for: the same number without autoscaling.
func (c *Config) Tasks() (least, most int) {
	if a := c.Ecs.Autoscaling; a != nil {
		return cmp.Or(a.MinTasks, *c.Ecs.DesiredCount), a.MaxTasks
	}
	return *c.Ecs.DesiredCount, *c.Ecs.DesiredCount
}

// Stateful tells whether the gateway on Kubernetes is a StatefulSet.
func (c *Config) Stateful() bool { return c.Gateway.Storage != nil || !c.Gateway.withoutSQLite() }

// Discovers tells whether the pods look for each other in the Kubernetes API.
func (c *Config) Discovers() bool {
	at := c.onKubernetes()
	return at != nil && c.clusterForm(at) == meshCluster
}

// Document is the config.json that the gateway on Kubernetes is given; empty where an existing Secret holds it.
func (c *Config) Document() map[string]any {
	at := c.onKubernetes()
	if at == nil || c.Gateway.ExistingConfigSecret != "" {
		return nil
	}
	return c.document(at)
}

// TaskDocument is the config.json that the gateway on ECS is given.
func (c *Config) TaskDocument() map[string]any { return c.document(onEcs) }
