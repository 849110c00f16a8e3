package verify_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// way is a way in which a stack's image is pulled. A stack with a slash is the folder of its file.
type way struct {
	name, stack string
	settings    []string
}

var (
	refreshIRSA = way{"EKS, refresh, IRSA", "aws-dev", nil}
	podIdentity = way{"EKS, refresh, Pod Identity", "aws-dev", []string{"ecs=null", "eks.auth=podIdentity"}}
	byNode      = way{"EKS, node", "aws-dev", []string{"ecs=null", "eks.pull=node", "eks.nodeRoleArns=[arn:aws:iam::111122223333:role/dev-node]"}}
	byKubelet   = way{"EKS, kubelet", "aws-dev", []string{"ecs=null", "eks.pull=kubelet"}}
	onECS       = way{"ECS Fargate", "aws-dev", []string{"eks=null"}}
	trustAKS    = way{"AKS, trust aks", "azure-dev", nil}
	trustEntra  = way{"AKS, trust entra", "azure-dev", []string{
		"aks.trust=entra", "aks.entra.appIdUri=api://00000000-0000-4000-8000-000000000b1f", "aks.entra.tokenVersion=2",
	}}
	ownFederation = way{"AKS, own federation", "azure-dev", []string{
		"gcp.credentialConfig=null", "gcp.federation.projectId=acme-mirror", "gcp.federation.poolId=bifrost-azure",
		"gcp.federation.providerId=bifrost-aks", "gcp.federation.serviceAccountId=bifrost-pull",
	}}
	ownEntra = way{"AKS, trust entra, own federation", "azure-dev", append(append([]string{}, trustEntra.settings...), ownFederation.settings...)}

	minimal       = way{"minimal", "../../examples/minimal", nil}
	clustered     = way{"clustered", "../../examples/clustered", nil}
	airGapped     = way{"air-gapped", "../../examples/air-gapped", nil}
	ecsProduction = way{"ecs-production", "../../examples/ecs-production", nil}

	// The gateway's cluster through a broker.
	brokerOnEKS = way{"EKS, broker", "aws-dev", []string{"ecs=null", "gateway.clustering.type=broker"}}
	brokerOnECS = way{"ECS, broker", "aws-dev", []string{"eks=null", "gateway.clustering.type=broker"}}
	brokerOnAKS = way{"AKS, broker", "azure-dev", []string{"gateway.clustering.type=broker"}}

	// The gateway's own role, where EKS Pod Identity gives it.
	gatewayPodIdentity = way{"EKS, the gateway's role by Pod Identity", "aws-dev", []string{"ecs=null", "eks.gatewayAuth=podIdentity", "eks.gatewayPolicyArns=[" + bedrock + "]"}}

	ways = []way{refreshIRSA, podIdentity, gatewayPodIdentity, byNode, byKubelet, onECS, trustAKS, trustEntra, ownFederation, ownEntra, brokerOnEKS, brokerOnECS, brokerOnAKS}
)

const bedrock = "arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"

// rehearsed is a stack in clouds of its own.
type rehearsed struct {
	t      *testing.T
	way    way
	world  *cloud.World
	look   *sandbox.Look
	engine *enginetest.Engine
	stack  checks.Stack
	keys   []string
}

// rehearse is a way's stack before its first up.
func rehearse(t *testing.T, w way) *rehearsed {
	t.Helper()
	r := &rehearsed{t: t, way: w, world: cloud.NewWorld()}
	r.engine = enginetest.New(t, r.world, func(ctx *pulumi.Context) error {
		return stacks.Deploy(ctx, stacks.Options{Dir: "../..", Readme: "readme", Keys: r.keys})
	}, nil)
	return r.set()
}

// set configures the stack, and the engine as well.
func (r *rehearsed) set(settings ...string) *rehearsed {
	r.t.Helper()
	r.configure(settings...)
	for _, key := range r.keys {
		r.engine.Unset(key)
	}
	r.keys = nil
	for name, text := range r.look.Config.Values {
		key := "bifrost:" + name
		r.keys = append(r.keys, key)
		if r.look.Config.Secret[name] {
			r.engine.SetSecret(key, text)
			continue
		}
		r.engine.Set(key, text)
	}
	return r
}

// configure sets the stack's configuration, as its file and the way's settings have it, with others over them: the engine does not learn of those.
func (r *rehearsed) configure(settings ...string) {
	r.t.Helper()
	dir := "../.."
	if strings.Contains(r.way.stack, "/") {
		dir = "" // the project's is found from the stack's
	}
	look, err := sandbox.Prepare(r.world, dir, r.way.stack, append(append([]string{}, r.way.settings...), settings...)...)
	require.NoError(r.t, err)
	name := filepath.Base(r.way.stack)
	config, err := stacks.Parse(name, look.Config)
	require.NoError(r.t, err)
	r.look = look
	r.stack.Name, r.stack.Config = name, config
}

// up deploys it.
func (r *rehearsed) up() *rehearsed {
	r.t.Helper()
	up := r.engine.MustUp()
	r.read(up)
	return r
}

func (r *rehearsed) read(up *enginetest.Result) {
	text, err := json.Marshal(up.Outputs.Mappable())
	require.NoError(r.t, err)
	r.stack.Outputs, err = checks.ReadOutputs(text)
	require.NoError(r.t, err)
}

// verify prints what verify finds.
func (r *rehearsed) verify(options verify.Options) (string, error) {
	return r.verifyOf(saved.Clouds(r.world, r.look.Server), options)
}

func (r *rehearsed) verifyOf(clouds service.Clouds, options verify.Options) (string, error) {
	var printed bytes.Buffer
	err := verify.Run(r.t.Context(), &printed, r.stack, clouds, options, nil)
	return printed.String(), err
}

// document is what verify finds, as JSON.
func (r *rehearsed) document(options verify.Options) report.Document {
	r.t.Helper()
	return r.documentOf(saved.Clouds(r.world, r.look.Server), options)
}

func (r *rehearsed) documentOf(clouds service.Clouds, options verify.Options) report.Document {
	r.t.Helper()
	options.Format = report.JSON
	text, err := r.verifyOf(clouds, options)
	var broken *verify.BrokenError
	if err != nil {
		require.ErrorAs(r.t, err, &broken)
	}
	var d report.Document
	require.NoError(r.t, json.Unmarshal([]byte(text), &d))
	require.Equal(r.t, err == nil, d.Success)
	return d
}

// bad are the checks that are not good.
func bad(d report.Document) []report.Check {
	var all []report.Check
	for _, category := range d.Categories {
		for _, c := range category.Checks {
			if c.Result == check.Failed || c.Result == check.Warning {
				all = append(all, c)
			}
		}
	}
	return all
}

// examples are the stacks below examples/, but for those that are a project of their own.
func examples(t *testing.T) []way {
	t.Helper()
	found, err := filepath.Glob("../../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	var all []way
	for _, file := range found {
		folder := filepath.Dir(file)
		if own, _ := filepath.Glob(folder + "/Pulumi.yaml"); len(own) == 0 {
			all = append(all, way{name: filepath.Base(folder), stack: folder})
		}
	}
	require.NotEmpty(t, all)
	return all
}

// maySkip are the checks that do not apply everywhere: nothing runs a gateway here, no pod tells its digest, and a mirror is out of reach.
func maySkip(w way, code string) bool {
	return strings.HasPrefix(code, "gateway-") || strings.HasPrefix(code, "ecs-gateway-") || code == "workload-disruption" || code == "pull-tag" || w.name == airGapped.name && code == "pull-manifest"
}

func TestHealthy(t *testing.T) {
	for _, w := range slices.Concat(ways, examples(t)) {
		t.Run(w.name, func(t *testing.T) {
			d := rehearse(t, w).up().document(verify.Options{})
			require.Empty(t, bad(d))
			require.True(t, d.Success)
			passed := 0
			for _, category := range d.Categories {
				for _, c := range category.Checks {
					if c.Result == check.OK {
						passed++
						continue
					}
					require.True(t, maySkip(w, c.Code), "%s is skipped: %s", c.Code, c.Error)
				}
			}
			require.Greater(t, passed, 5)
		})
	}
}
