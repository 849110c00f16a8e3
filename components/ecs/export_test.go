package ecs

// What tests look into: documents that AWS is given as text, and rules whose many cases are a table of their own.
type (
	ContainerDefinition = containerDefinition
	Dependency          = dependency
	HealthCheck         = healthCheck
	PortMapping         = portMapping
	Variable            = variable
)

var (
	MigrationScript     = migrationScript
	ValidateFargateSize = validateFargateSize
	ValidateRollout     = validateRollout
)

// HealthCheckOf is the container's check.
func HealthCheckOf(a *EcsServiceArgs) *HealthCheck { return a.healthCheck() }
