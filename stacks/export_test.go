package stacks

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What tests look into besides what a stack registers: what the program says in its log, which no recorder sees, and values on which many
// keys act together.
type (
	ClusterForm = clusterForm
	Target      = target
)

const (
	AdminPasswordKey = adminPasswordKey
	PodIdentityAgent = podIdentityAgent

	NoCluster     = noCluster
	MeshCluster   = meshCluster
	BrokerCluster = brokerCluster
	OthersBroker  = othersBroker
)

var (
	OnEks = onEks
	OnEcs = onEcs
	OnAks = onAks
	OnGke = onGke

	Read              = read
	DecodeValues      = decodeValues
	Decode            = func(values map[string]any, c *Config) field.ErrorList { return decode(values, c).problems }
	KnownKeys         = knownKeys
	CheckAuthorities  = checkAuthorities
	Unclustered       = unclustered
	UnknownConfigKeys = unknownConfigKeys

	FieldNames  = fieldNames
	FieldByName = fieldByName
	KeyOf       = keyOf
	Deref       = deref

	ArnRules = arnRules
	IsArnKey = isArnKey

	EcsKeys        = ecsKeys
	EcsGatewayKeys = ecsGatewayKeys
)

// Of is the configuration key of an argument's path.
func (k keys) Of(argument string) string { return k.of(argument) }

// FindServer is the API server to which the contents of a kubeconfig lead.
func FindServer(kubeconfig, context string) (string, error) {
	var found reached
	err := found.find([]byte(kubeconfig), "secrets.kubeconfig", context)
	return found.server, err
}

// RefuseTaken asks for every name as if it were new to the stack.
func (c *Config) RefuseTaken(ctx *pulumi.Context) error {
	provider, err := platforms[c.Platform].provider(ctx, c)
	if err != nil {
		return err
	}
	var ids []string
	for _, thing := range c.namedThings() {
		ids = append(ids, thing.id())
	}
	return c.refuseTaken(ctx, provider, ids)
}

// Resolve fills in the defaults.
func (c *Config) Resolve() { c.resolve() }

// Warnings and DatabaseWarnings are what the program logs; WithoutSchema is the note about a schema that is not given.
func (c *Config) Warnings() []string         { return c.warnings() }
func (c *Config) DatabaseWarnings() []string { return c.databaseWarnings() }
func (c *Config) WithoutSchema() string      { return c.withoutSchema() }

// Targets are the stack's places, and Has tells whether one is among them.
func (c *Config) Targets() []Target  { return c.targets() }
func (c *Config) Has(at Target) bool { return slices.Contains(c.targets(), at) }

// ClusterFormAt, TogetherAt, ProcessesAt and DocumentAt are of one place.
func (c *Config) ClusterFormAt(at Target) ClusterForm     { return c.clusterForm(at) }
func (c *Config) TogetherAt(at Target) int                { return c.together(at) }
func (c *Config) ProcessesAt(at Target) (most, added int) { return at.processes(c) }
func (c *Config) EnvAt(at Target) map[string]string       { return c.env(at) }
func (c *Config) DocumentAt(at Target) map[string]any     { return c.document(at) }

// EcsNetworkWarnings runs the look-ups of the tasks' network alone.
func EcsNetworkWarnings(ctx *pulumi.Context, c *Config, provider pulumi.ProviderResource) ([]string, error) {
	n := newEcsNetworkCheck(c, ctx, provider)
	_, err := n.run("")
	return n.warnings, err
}
