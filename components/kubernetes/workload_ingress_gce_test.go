package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

const managedCertificates = "networking.gke.io/managed-certificates"

// behindGce is a gateway behind an Ingress of GKE's own.
func behindGce(ingress kubernetes.WorkloadIngressArgs) func(*kubernetes.BifrostWorkloadArgs) {
	return func(a *kubernetes.BifrostWorkloadArgs) {
		ingress.Controller, ingress.Hosts = kubernetes.IngressGCE, []string{"llm.example.com"}
		a.Ingress = &ingress
		a.Service = &kubernetes.WorkloadServiceArgs{Annotations: map[string]string{"cloud.google.com/backend-config": `{"default": "bifrost"}`}}
		a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{From: []kubernetes.NetworkPeer{{Cidr: "35.191.0.0/16"}}}
	}
}

// TestGceIngress: GKE's controller takes an Ingress by its annotation, sends to pods, and serves no clear text.
func TestGceIngress(t *testing.T) {
	t.Parallel()
	certified := map[string]string{managedCertificates: "bifrost"}
	for name, c := range map[string]struct {
		args kubernetes.WorkloadIngressArgs
		want map[string]any
	}{
		"internal": {kubernetes.WorkloadIngressArgs{TlsSecret: "tls"},
			map[string]any{"kubernetes.io/ingress.class": "gce-internal", "kubernetes.io/ingress.allow-http": "false"}},
		"public": {kubernetes.WorkloadIngressArgs{Public: true, AllowedCidrs: []string{"0.0.0.0/0"}, Annotations: certified},
			map[string]any{"kubernetes.io/ingress.class": "gce", "kubernetes.io/ingress.allow-http": "false", managedCertificates: "bifrost"}},
		"in clear": {kubernetes.WorkloadIngressArgs{AllowHttp: true},
			map[string]any{"kubernetes.io/ingress.class": "gce-internal", "kubernetes.io/ingress.allow-http": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := recordWorkload(t, behindGce(c.args))
			ingress := g.One(t, ingressType)
			require.Equal(t, c.want, ingress.Input(t, "metadata.annotations"))
			require.False(t, ingress.Has("spec.ingressClassName"), "the controller takes none that has a class")
			require.Equal(t, `{"ingress": true}`, g.One(t, "kubernetes:core/v1:Service").Input(t, `metadata.annotations["cloud.google.com/neg"]`))
			require.EqualValues(t, 105, g.One(t, deploymentType).Input(t, "spec.template.spec.terminationGracePeriodSeconds"))
		})
	}
}

func TestGceIngressRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*kubernetes.BifrostWorkloadArgs)
		paths  []string
	}{
		"no certificate": {func(a *kubernetes.BifrostWorkloadArgs) { a.Ingress.TlsSecret = "" }, []string{"ingress.tlsSecret"}},
		"a certificate and clear text": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress.TlsSecret, a.Ingress.Annotations, a.Ingress.AllowHttp = "", map[string]string{managedCertificates: "b"}, true
		}, []string{"ingress.allowHttp"}},
		"what the controller does not read": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress.ClassName, a.Ingress.StreamTimeoutSeconds, a.Ingress.BodySize = "gce", 60, "1m"
		}, []string{"ingress.className", "ingress.streamTimeoutSeconds", "ingress.bodySize"}},
		"some addresses":  {func(a *kubernetes.BifrostWorkloadArgs) { a.Ingress.AllowedCidrs = []string{"10.0.0.0/8"} }, []string{"ingress.allowedCidrs"}},
		"public for whom": {func(a *kubernetes.BifrostWorkloadArgs) { a.Ingress.Public = true }, []string{"ingress.allowedCidrs"}},
		"what has a key": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress.Annotations = map[string]string{"kubernetes.io/ingress.class": "nginx", "kubernetes.io/ingress.allow-http": "true"}
		}, []string{"ingress.annotations[kubernetes.io/ingress.class]", "ingress.annotations[kubernetes.io/ingress.allow-http]"}},
		"no BackendConfig": {func(a *kubernetes.BifrostWorkloadArgs) { a.Service = nil }, []string{"service.annotations[cloud.google.com/backend-config]"}},
		"from where":       {func(a *kubernetes.BifrostWorkloadArgs) { a.NetworkPolicy = nil }, []string{"networkPolicy.from"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := workloadArgs()
			behindGce(kubernetes.WorkloadIngressArgs{TlsSecret: "tls"})(args)
			c.change(args)
			graphtest.RequireRefused(t, args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := kubernetes.NewBifrostWorkload(ctx, "x", args, on)
				return err
			})
		})
	}
}
