package providers

import (
	"context"
	"slices"

	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// move is one row of the comparison: something changes, and operations follow.
type move struct {
	name string
	// changes of the stack's configuration, as commands of the CLI.
	changes []string
	// byHand is done to the cluster, or to the double's, before the operations; may be nil.
	byHand func(t *testing.T, b *bench)
	// operations of the CLI; without any a preview and an up.
	operations []string
	// meanwhile runs beside the last operation; may be nil.
	meanwhile func(t *testing.T, b *bench, interrupt func())
	// notDouble says why the double cannot be asked.
	notDouble string
	// settles repeats the up until it succeeds, and compares what stands then: how far it comes before it fails is another thing each time.
	settles bool
	// besides is a kind that is changed beside what fails or failed: whether it was changed by then is chance, and not compared.
	besides string
	// only is the resource whose failure alone is compared: how far the others came by then is chance.
	only string
	// brief is of the bounded run as well: what deletes or replaces something that runs.
	brief bool
}

const (
	set    = "pulumi config set --plaintext --path bifrost:"
	remove = "pulumi config rm --path bifrost:"
)

// kubectl does something by hand in a real cluster.
func kubectl(line string) func(*testing.T, *bench) {
	return func(t *testing.T, b *bench) {
		if b.plane != nil {
			b.shell(t, "kubectl --namespace "+namespace+" "+line)
		}
	}
}

// byHand does the same in a real cluster and in the double's.
func byHand(line string, words ...string) func(*testing.T, *bench) {
	return func(t *testing.T, b *bench) {
		if b.plane == nil {
			b.sandbox(t, words...)
			return
		}
		kubectl(line)(t, b)
	}
}

// The faults with which the double's Jobs and rollouts do what the pods of a real cluster are told to.
const (
	failedJob = "type=kubernetes:batch/v1:Job,op=create,when=after,times=9,error=Job has reached the specified backoff limit"
	slowJob   = "type=kubernetes:batch/v1:Job,op=create,when=after,delay=10m"
	slowPods  = "type=kubernetes:apps/v1:Deployment,op=update,when=after,delay=10m"
)

// jobsFail lets the pods of Jobs fail, or succeed again.
func jobsFail(failing bool) func(*testing.T, *bench) {
	return func(t *testing.T, b *bench) {
		switch {
		case b.plane != nil:
			b.node.fail(failing)
		case failing:
			b.faulty(t, failedJob)
		default:
			b.faulty(t)
		}
	}
}

// cronJob is changed beside the first run.
const cronJob = "CronJob"

// held keeps a kind as it is until the up is interrupted, which it is once an object of it is there.
func held(find, kind, slow, event string) move {
	return move{
		operations: []string{"up"}, besides: cronJob,
		byHand: func(t *testing.T, b *bench) {
			if b.plane == nil {
				b.faulty(t, slow)
				return
			}
			b.node.hold(kind)
		},
		meanwhile: func(t *testing.T, b *bench, interrupt func()) {
			b.begun(t, event)
			if b.plane != nil {
				b.reach(t, find)
			} else {
				b.begun(t, "kubernetes:batch/v1:CronJob") // what goes on beside it there takes no time
			}
			interrupt()
			b.faults = nil
		},
	}
}

// begun waits until the engine has begun a step of a type of objects.
func (b *bench) begun(t *testing.T, typ string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, 3*time.Minute, true, func(context.Context) (bool, error) {
		text, err := os.ReadFile(b.log())
		return err == nil && regexp.MustCompile(`"resourcePreEvent":\{"metadata":\{"op":"(create|update)[a-z-]*","urn":"[^"]*`+typ+`::`).Match(text), nil
	})
	require.NoError(t, err, typ)
}

// reach waits until kubectl finds something that the up has made.
func (b *bench) reach(t *testing.T, find string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 3*time.Minute, true, func(ctx context.Context) (bool, error) {
		out, err := b.command(ctx, "kubectl --namespace "+namespace+" "+find).Output()
		return err == nil && len(out) > 0, nil
	})
	require.NoError(t, err, find)
}

// release lets all kinds go on.
func release(t *testing.T, b *bench) {
	if b.plane == nil {
		b.faulty(t)
		return
	}
	b.node.hold()
}

// back starts the API server again.
func back(t *testing.T, b *bench) {
	if b.plane != nil {
		require.NoError(t, b.plane.StartAPIServer(t.Context()))
	}
}

// crash kills the API server once something is there, and starts it again.
func crash(find string) func(*testing.T, *bench, func()) {
	return func(t *testing.T, b *bench, _ func()) {
		b.reach(t, find)
		b.plane.KillAPIServer()
		require.NoError(t, b.plane.StartAPIServer(t.Context()))
		b.node.hold()
	}
}

func (m move) named(name string, changes ...string) move {
	m.name, m.changes = name, changes
	return m
}

func (m move) briefly() move {
	m.brief = true
	return m
}

// briefOf are the moves of the bounded run.
func briefOf(moves []move) []move {
	return slices.DeleteFunc(slices.Clone(moves), func(m move) bool { return !m.brief })
}

const neverAway = "its API server is never away"

// moves of the stack aws-dev, in this order.
var moves = []move{
	{brief: true, name: "up"},
	{brief: true, name: "nothing changes"},
	{brief: true, name: "image", changes: []string{set + "registry.image 444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"}, byHand: func(t *testing.T, b *bench) {
		if b.plane == nil {
			b.sandbox(t, "publish", "2.1.1")
		}
	}},
	{name: "configuration", changes: []string{set + "gateway.config.client.disable_content_logging true"}},
	{brief: true, name: "secret", changes: []string{"pulumi config set --secret --path bifrost:secrets.env.OPENAI_API_KEY sk-another"}},
	{name: "replicas", changes: []string{set + "gateway.replicas 3"}},
	{name: "autoscaler comes", changes: []string{remove + "gateway.replicas", set + "gateway.autoscaling.minReplicas 3",
		set + "gateway.autoscaling.maxReplicas 4", set + "gateway.autoscaling.cpuPercent 60"}},
	{name: "autoscaler goes", changes: []string{remove + "gateway.autoscaling", set + "gateway.replicas 3"}},
	{brief: true, name: "labels", changes: []string{set + "labels.team platform"}},
	{name: "Service type", changes: []string{set + "gateway.service.type NodePort", set + "gateway.service.allowHttp true",
		set + "gateway.networkPolicy.fromAnywhere true"}},
	{name: "Service type back", changes: []string{remove + "gateway.service"}},
	{name: "the refresher's Role and pull Secret", changes: []string{set + "eks.secretName another-pull-secret"}},
	{name: "ServiceAccounts", changes: []string{set + "refresher.serviceAccount another-pull", set + "gateway.serviceAccount another-sa"}},
	{name: "Ingress comes", changes: []string{set + "gateway.ingress.controller alb", set + "gateway.ingress.streamTimeoutSeconds 600", "pulumi config set --path 'bifrost:gateway.ingress.hosts[0]' llm.example.com",
		set + "gateway.ingress.certificateArn arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001"}},
	{name: "Ingress changes", changes: []string{"pulumi config set --path 'bifrost:gateway.ingress.hosts[0]' ai.example.com"}},
	{name: "Ingress goes, HTTPRoute comes", changes: []string{remove + "gateway.ingress", set + "gateway.httpRoute.gateway edge",
		set + "gateway.httpRoute.gatewayNamespace gateways", set + "gateway.httpRoute.section https", "pulumi config set --path 'bifrost:gateway.httpRoute.hosts[0]' llm.example.com"}},
	{name: "HTTPRoute changes", changes: []string{"pulumi config set --path 'bifrost:gateway.httpRoute.hosts[0]' ai.example.com"}},
	{name: "HTTPRoute goes", changes: []string{remove + "gateway.httpRoute"}},
	{name: "first run fails", besides: cronJob, changes: []string{set + "labels.team failing"}, byHand: jobsFail(true)},
	{name: "the same up again, which succeeds", besides: cronJob, byHand: jobsFail(false)},
	{brief: true, name: "first run of another label fails", besides: cronJob, changes: []string{set + "labels.team taken-back"}, byHand: jobsFail(true)},
	{brief: true, name: "the label is taken back", besides: cronJob, changes: []string{set + "labels.team failing"}, byHand: jobsFail(false)},
	{name: "first run of another Secret fails", besides: cronJob, changes: []string{set + "eks.secretName third-pull-secret"}, byHand: jobsFail(true)},
	{name: "the same up again, which fails again", besides: cronJob},
	{name: "and again, which succeeds", besides: cronJob, byHand: jobsFail(false)},
	held("get jobs -o name --field-selector=status.successful=0", "Job", slowJob, "kubernetes:batch/v1:Job").named("interrupted while the first run runs", set+"labels.team interrupted").briefly(),
	{brief: true, name: "the same up again", besides: cronJob, meanwhile: func(t *testing.T, b *bench, _ func()) {
		b.begun(t, "kubernetes:batch/v1:Job")
		if b.plane != nil {
			b.node.hold()
		}
	}},
	held("get rs -o name -l team=rolling", "Pod", slowPods, "kubernetes:apps/v1:Deployment").named("interrupted while pods start", set+"labels.team rolling"),
	{name: "the same up once more", byHand: release},
	{name: "refresh", operations: []string{"refresh"}},
	{name: "scaled by hand", byHand: byHand("scale deployment bifrost --replicas=4", "change", "kubernetes:apps/v1:Deployment", "bifrost/bifrost", "spec.replicas=4"),
		operations: []string{"preview", "up", "refresh", "preview"}},
	{name: "replicas after that", changes: []string{set + "gateway.replicas 2"}},
	{name: "scaled back by hand", byHand: byHand("scale deployment bifrost --replicas=2", "change", "kubernetes:apps/v1:Deployment", "bifrost/bifrost", "spec.replicas=2"),
		operations: []string{"up --refresh"}},
	{name: "label by hand", byHand: byHand("label service bifrost environment=by-hand --overwrite", "change", "kubernetes:core/v1:Service", "bifrost/bifrost", "metadata.labels.environment=by-hand"),
		operations: []string{"up", "refresh", "preview", "up"}},
	{name: "pull Secret deleted by hand", byHand: byHand("delete secret third-pull-secret", "remove", "kubernetes:core/v1:Secret", "bifrost/third-pull-secret"),
		operations: []string{"up", "up --refresh"}},
	{name: "Deployment deleted by hand, and changed", changes: []string{set + "gateway.env.PG_HOST another.example.com"},
		byHand: byHand("delete deployment bifrost", "remove", "kubernetes:apps/v1:Deployment", "bifrost/bifrost")},
	{name: "the same up, with a refresh", operations: []string{"up --refresh"}},
	{name: "an autoscaler of others is there", changes: []string{remove + "gateway.replicas", set + "gateway.autoscaling.minReplicas 2",
		set + "gateway.autoscaling.maxReplicas 4", set + "gateway.autoscaling.cpuPercent 60"},
		byHand:    kubectl("autoscale deployment bifrost --min=1 --max=2 --name=bifrost --cpu=50%"),
		notDouble: "nobody but the stack makes objects there"},
	{name: "once it is gone", byHand: kubectl("delete hpa bifrost")},
	{name: "the API server is away", changes: []string{set + "gateway.env.PG_HOST third.example.com"}, notDouble: neverAway,
		operations: []string{"preview", "up", "refresh", "destroy"}, byHand: func(_ *testing.T, b *bench) { b.plane.KillAPIServer() }},
	{name: "it is back", byHand: back},
	{name: "it crashes while the first run runs, and the up is repeated", changes: []string{set + "labels.team crash"}, settles: true,
		notDouble: neverAway, byHand: func(_ *testing.T, b *bench) { b.node.hold("Job") },
		meanwhile: crash("get jobs -o name --field-selector=status.successful=0")},
	{brief: true, name: "destroy", operations: []string{"destroy"}},
}

// storage are the moves of examples/minimal.
var storage = []move{
	{brief: true, name: "storage: up"},
	{name: "storage: nothing changes"},
	{brief: true, name: "storage: image", changes: []string{set + "registry.image 444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"}, byHand: func(t *testing.T, b *bench) {
		if b.plane == nil {
			b.sandbox(t, "publish", "2.1.1")
		}
	}},
	{name: "storage: size", changes: []string{set + "gateway.storage.size 20Gi"}},
	{brief: true, name: "storage: labels", changes: []string{remove + "gateway.storage.size", set + "labels.team platform"}},
	{name: "storage: refresh", operations: []string{"refresh"}},
	{brief: true, name: "storage: destroy", operations: []string{"destroy"}},
}

// gone tells that the stack's namespace is not there any more.
func (b *bench) gone(t *testing.T) {
	t.Helper()
	if b.plane == nil {
		return
	}
	_, err := b.client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	require.Error(t, err, "destroy leaves nothing")
}
