package world

// ServiceTasks is what ECS keeps running of a service.
type ServiceTasks struct {
	// Running is how many tasks run.
	Running int `json:"running"`
	// Failed says that the circuit breaker gave the last deployment up: until the next one, ECS starts no task any more.
	Failed bool `json:"failed,omitempty"`
	// Deployments counts the deployments that there were, with those that were given up.
	Deployments int `json:"deployments,omitempty"`
}
