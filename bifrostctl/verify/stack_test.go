package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// way is a stack with what is different about it.
type way = stacktest.Way

var (
	// The dev stack whole: on EKS, by refresh with IRSA, and on ECS.
	refreshIRSA   = way{Name: "EKS, refresh, IRSA", Stack: "aws-dev"}
	podIdentity   = stacktest.PodIdentity
	byNode        = stacktest.PullNode
	byKubelet     = stacktest.PullKubelet
	onECS         = stacktest.OnECS
	trustAKS      = stacktest.TrustAKS
	trustEntra    = stacktest.TrustEntra
	ownFederation = stacktest.OwnFederation
	ownEntra      = stacktest.OwnEntra

	minimal       = way{Name: "minimal", Stack: "examples/minimal"}
	clustered     = way{Name: "clustered", Stack: "examples/clustered"}
	airGapped     = way{Name: "air-gapped", Stack: "examples/air-gapped"}
	ecsProduction = withAuthorities(way{Name: "ecs-production", Stack: "examples/ecs-production"})

	// The gateway's cluster through a broker.
	brokerOnEKS = way{Name: "EKS, broker", Stack: "aws-dev", Settings: []string{stacktest.OnlyEKS, stacktest.WithBroker}}
	brokerOnECS = way{Name: "ECS, broker", Stack: "aws-dev", Settings: []string{stacktest.OnlyECS, stacktest.WithBroker}}
	brokerOnAKS = way{Name: "AKS, broker", Stack: "azure-dev", Settings: []string{stacktest.WithBroker}}

	// The gateway's own role, where EKS Pod Identity gives it.
	gatewayPodIdentity = way{Name: "EKS, the gateway's role by Pod Identity", Stack: "aws-dev", Settings: []string{
		stacktest.OnlyEKS, "eks.gatewayAuth=podIdentity", "eks.gatewayPolicyArns=[" + bedrock + "]",
	}}

	// Variables of the tasks from what exists, under a customer's key.
	referencesOnECS = way{Name: "ECS, existing secrets", Stack: "aws-dev", InFile: []string{
		stacktest.OnlyECS, "ecs.secretRefs.PG_USER=" + masterPassword + ":username", "ecs.secretRefs.OPENAI_API_KEY=" + openaiKey,
		"ecs.secretRefs.ANTHROPIC_API_KEY=" + parameter, "ecs.secretRefKmsKeyArns=[" + referencesKey + "]",
	}}

	ways = append([]way{
		refreshIRSA, podIdentity, gatewayPodIdentity, byNode, byKubelet, onECS, trustAKS, trustEntra, ownFederation, ownEntra,
		brokerOnEKS, brokerOnECS, brokerOnAKS, referencesOnECS,
	}, append(onGoogle, onAnyCluster...)...)
)

// What exists of RDS, of the company and of Systems Manager.
const (
	masterPassword = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!cluster-0a1b2c3d-4e5f-AbCdEf"
	openaiKey      = "arn:aws:secretsmanager:us-east-1:111122223333:secret:llm/openai-GhIjKl"
	parameter      = "arn:aws:ssm:us-east-1:111122223333:parameter/llm/anthropic"
	referencesKey  = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-4000-8000-0000000000aa"
	anotherKey     = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000a"
)

const bedrock = "arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"

// rehearsed is a stack in clouds of its own, and what verify is told of it.
type rehearsed struct {
	*stacktest.Stack
	stack checks.Stack
}

// rehearse is a way's stack before its first up.
func rehearse(t *testing.T, w way) *rehearsed {
	t.Helper()
	r := &rehearsed{Stack: w.Start(t)}
	r.parse()
	return r
}

// set configures the stack, and the engine as well.
func (r *rehearsed) set(settings ...string) *rehearsed {
	r.T.Helper()
	r.Set(settings...)
	r.parse()
	return r
}

// configure sets the stack's configuration, as its file and the way's settings have it, with others over them: the engine does not learn of those.
func (r *rehearsed) configure(settings ...string) {
	r.T.Helper()
	r.Prepare(settings...)
	r.parse()
}

func (r *rehearsed) parse() {
	r.T.Helper()
	r.stack.Name = filepath.Base(r.Way.Stack)
	config, err := stacks.Parse(r.stack.Name, r.Look.Config)
	require.NoError(r.T, err)
	r.stack.Config = config
}

// up deploys it.
func (r *rehearsed) up() *rehearsed {
	r.T.Helper()
	up := r.Engine.MustUp()
	r.read(up)
	return r
}

func (r *rehearsed) read(up *enginetest.Result) {
	text, err := json.Marshal(up.Outputs.Mappable())
	require.NoError(r.T, err)
	r.stack.Outputs, err = checks.ReadOutputs(text)
	require.NoError(r.T, err)
	deployment, err := stack.SerializeDeployment(r.T.Context(), up.Snapshot, false)
	require.NoError(r.T, err)
	text, err = json.Marshal(map[string]any{"deployment": deployment})
	require.NoError(r.T, err)
	r.stack.Things, err = checks.ReadState(text)
	require.NoError(r.T, err)
}

// verify prints what verify finds.
func (r *rehearsed) verify(options verify.Options) (string, error) {
	return r.verifyOf(saved.Clouds(r.World, r.Look.Server), options)
}

func (r *rehearsed) verifyOf(clouds service.Clouds, options verify.Options) (string, error) {
	var printed bytes.Buffer
	err := verify.Run(r.T.Context(), &printed, r.stack, clouds, options, nil)
	return printed.String(), err
}

// document is what verify finds, as JSON.
func (r *rehearsed) document(options verify.Options) report.Document {
	r.T.Helper()
	return r.documentOf(saved.Clouds(r.World, r.Look.Server), options)
}

func (r *rehearsed) documentOf(clouds service.Clouds, options verify.Options) report.Document {
	r.T.Helper()
	options.Format = report.JSON
	text, err := r.verifyOf(clouds, options)
	var broken *verify.BrokenError
	var unchecked *verify.UncheckedError
	require.True(r.T, err == nil || errors.As(err, &broken) || errors.As(err, &unchecked), "%v", err)
	var d report.Document
	require.NoError(r.T, json.Unmarshal([]byte(text), &d))
	require.Equal(r.T, err == nil, d.Success)
	return d
}

// bad are the checks that are not good.
func bad(d report.Document) []report.Check {
	var all []report.Check
	for _, category := range d.Categories {
		for _, c := range category.Checks {
			if c.Result == check.Failed || c.Result == check.Warning || c.Result == check.Unknown {
				all = append(all, c)
			}
		}
	}
	return all
}

// maySkip are the checks that do not apply everywhere: nothing runs a gateway here, no pod tells its digest, and a mirror is out of reach.
func maySkip(w way, code string) bool {
	return code == "workload-scheduled" || code == "pre-nodes" || code == "workload-monitored" || strings.HasPrefix(code, "gateway-") || strings.HasPrefix(code, "ecs-gateway-") || code == "workload-disruption" || code == "pull-tag" || w.Name == airGapped.Name && code == "pull-manifest"
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	for _, w := range slices.Concat(ways, examples(t)) {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			d := stand(t, w).document(verify.Options{})
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
