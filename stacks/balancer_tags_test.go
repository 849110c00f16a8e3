package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestLabelsReachEverything: each object of Kubernetes and each template of pods has the stack's labels. Templates of volumes have none:
// nobody may change them, and a StatefulSet would be made anew.
func TestLabelsReachEverything(t *testing.T) {
	t.Parallel()
	files := map[string]settings{"minimal": example(t, "minimal"), "eks-production": example(t, "eks-production"), "azure-dev": stackFile(t, "azure-dev")}
	files["azure-dev"].set("gateway.migrationJob", true).set("gateway.clustering.type", "broker").set("secrets.brokerToken", canary)
	for stack, s := range files {
		templates := 0
		for _, r := range record(t, stack, s.set("labels.cost-center", "7")).Resources {
			if !strings.HasPrefix(r.Type, "kubernetes:") || !r.Request.GetCustom() {
				continue
			}
			require.Equal(t, "7", r.Input(t, "metadata.labels.cost-center"), "%s: %s", stack, r.URN)
			for _, template := range []string{"spec.template", "spec.jobTemplate", "spec.jobTemplate.spec.template"} {
				if r.Has(template) {
					templates++
					require.Equal(t, "7", r.Input(t, template+".metadata.labels.cost-center"), "%s: %s of %s", stack, template, r.URN)
				}
			}
		}
		require.GreaterOrEqual(t, templates, 4, stack)
	}
}

// TestBalancerTags: the load balancer that a controller makes has the stack's tags, in that controller's words.
func TestBalancerTags(t *testing.T) {
	t.Parallel()
	const tags = "environment=dev,managed-by=pulumi,pulumi-stack="
	service := map[string]any{"type": "LoadBalancer", "allowHttp": true, "sourceRanges": []any{"10.0.0.0/8"}}
	ingress := func() map[string]any {
		return map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}, "allowHttp": true}
	}
	policy := map[string]any{"fromAnywhere": true}
	const ingressType, serviceType = "kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:core/v1:Service"
	for name, c := range map[string]struct {
		stack, typ, object, annotation string
		s                              settings
		want                           string
	}{
		"ALB": {"aws-dev", ingressType, "eks-gateway-ingress", "alb.ingress.kubernetes.io/tags", stackFile(t, "aws-dev").set("gateway.ingress", ingress()), tags + "aws-dev"},
		"AWS": {"aws-dev", serviceType, "eks-gateway-service", "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags",
			stackFile(t, "aws-dev").set("gateway.service", service), tags + "aws-dev"},
		"Azure": {"azure-dev", serviceType, "aks-gateway-service", "service.beta.kubernetes.io/azure-pip-tags", stackFile(t, "azure-dev").set("gateway.service", service), tags + "azure-dev"},
		"own words": {"aws-dev", ingressType, "eks-gateway-ingress", "alb.ingress.kubernetes.io/tags", stackFile(t, "aws-dev").set("gateway.ingress", ingress()).
			set("gateway.ingress.annotations", map[string]any{"alb.ingress.kubernetes.io/tags": "a=b"}), "a=b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.s.set("gateway.networkPolicy", policy)
			require.Equal(t, c.want, record(t, c.stack, s).Named(t, c.typ, c.object).Input(t, `metadata.annotations["`+c.annotation+`"]`))
			require.Empty(t, s.parsed(t, c.stack).Warnings())
		})
	}
	t.Run("inside", func(t *testing.T) {
		t.Parallel()
		require.False(t, record(t, "azure-dev", stackFile(t, "azure-dev")).Named(t, serviceType, "aks-gateway-service").Has("metadata.annotations"),
			"no load balancer is made")
	})
	t.Run("what an annotation cannot have", func(t *testing.T) {
		t.Parallel()
		for stack, want := range map[string]string{"aws-dev": "tags: teams cannot stand", "azure-dev": "tags: query, teams cannot stand"} {
			// AWS itself takes no comma.
			teams := map[string]string{"aws-dev": " ops", "azure-dev": "ai, ops"}[stack]
			s := stackFile(t, stack).set("gateway.service", service).set("gateway.networkPolicy", policy).set("tags", map[string]any{"teams": teams, "query": "a=b"})
			place := map[string]string{"aws-dev": "eks", "azure-dev": "aks"}[stack]
			annotations := record(t, stack, s).Named(t, serviceType, place+"-gateway-service").Input(t, "metadata.annotations").(map[string]any)
			for _, value := range annotations {
				require.NotContains(t, value, "ops")
				require.Equal(t, stack == "aws-dev", strings.Contains(value.(string), "query=a=b"))
			}
			warnings := s.parsed(t, stack).Warnings()
			require.Len(t, warnings, 1)
			require.Contains(t, warnings[0], want)
		}
	})
}

// TestScrapersAreLetIn: an example that asks Prometheus to come lets it in, and a stack that does not is told.
func TestScrapersAreLetIn(t *testing.T) {
	t.Parallel()
	for _, name := range exampleStacks {
		for _, warning := range example(t, name).parsed(t, name).Warnings() {
			require.NotContains(t, warning, "serviceMonitor", name)
		}
	}
	s := example(t, "aks-production")
	require.NotEmpty(t, s.set("gateway.networkPolicy", nil).parsed(t, "aks-production").Warnings())
	require.Contains(t, strings.Join(s.parsed(t, "aks-production").Warnings(), "\n"), "gateway.networkPolicy.metricsFrom[0].namespace")
	for _, let := range []map[string]any{{"disabled": true}, {"fromAnywhere": true}, {"from": []any{map[string]any{"cidr": "10.0.0.0/8"}}}} {
		require.Empty(t, s.set("gateway.networkPolicy", let).parsed(t, "aks-production").Warnings(), let)
	}
	require.Empty(t, s.set("gateway.networkPolicy", nil).set("rollout", string(stacks.RolloutIdentity)).parsed(t, "aks-production").Warnings())
}
