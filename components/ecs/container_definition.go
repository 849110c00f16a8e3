package ecs

// Container definitions as ECS reads them (API reference, ContainerDefinition). The types of AWS's SDK do not write this JSON: their
// fields have no names for it.
type (
	containerDefinition struct {
		Name             string            `json:"name"`
		Image            string            `json:"image"`
		Essential        bool              `json:"essential"`
		User             string            `json:"user"`
		ReadOnlyRoot     bool              `json:"readonlyRootFilesystem"`
		LinuxParameters  linuxParameters   `json:"linuxParameters"`
		EntryPoint       []string          `json:"entryPoint,omitempty"`
		Command          []string          `json:"command,omitempty"`
		DependsOn        []dependency      `json:"dependsOn,omitempty"`
		DockerLabels     map[string]string `json:"dockerLabels,omitempty"`
		PortMappings     []portMapping     `json:"portMappings,omitempty"`
		Environment      []variable        `json:"environment,omitempty"`
		Secrets          []secretReference `json:"secrets,omitempty"`
		MountPoints      []mountPoint      `json:"mountPoints"`
		HealthCheck      *healthCheck      `json:"healthCheck,omitempty"`
		StopTimeout      int               `json:"stopTimeout,omitempty"`
		LogConfiguration logConfiguration  `json:"logConfiguration"`
	}
	linuxParameters struct {
		Capabilities       *capabilities `json:"capabilities,omitempty"`
		InitProcessEnabled bool          `json:"initProcessEnabled,omitempty"`
	}
	// capabilities have both lists, also an empty one: ECS answers both, and the provider takes a missing list for another than an empty
	// one, registers a new revision and deploys it (terraform-provider-aws 5.100, container_definitions.go,
	// containerDefinitionsAreEquivalent).
	capabilities struct {
		Add  []string `json:"add"`
		Drop []string `json:"drop"`
	}
	dependency struct {
		ContainerName string `json:"containerName"`
		Condition     string `json:"condition"`
	}
	portMapping struct {
		ContainerPort int    `json:"containerPort"`
		HostPort      int    `json:"hostPort"`
		Protocol      string `json:"protocol"`
	}
	variable struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	secretReference struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	}
	mountPoint struct {
		SourceVolume  string `json:"sourceVolume"`
		ContainerPath string `json:"containerPath"`
		ReadOnly      bool   `json:"readOnly"`
	}
	healthCheck struct {
		Command     []string `json:"command"`
		Interval    int      `json:"interval"`
		Timeout     int      `json:"timeout"`
		Retries     int      `json:"retries"`
		StartPeriod int      `json:"startPeriod"`
	}
	logConfiguration struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	}
)
