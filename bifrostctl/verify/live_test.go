package verify_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/world"
)

var (
	eksProduction = withAuthorities(way{Name: "eks-production", Stack: "examples/eks-production"})
	aksProduction = way{Name: "aks-production", Stack: "examples/aks-production"}
)

// ownPolicy has policies of the account's own.
var ownPolicy = way{Name: "EKS, the account's policies", Stack: "aws-dev", InFile: []string{stacktest.OnlyEKS,
	"eks.gatewayPolicyArns=[arn:aws:iam::111122223333:policy/Models]", "aws.permissionsBoundary=arn:aws:iam::111122223333:policy/Bounds"}}

// withAuthorities has those of a database in place of the example's placeholder.
func withAuthorities(w way) way {
	w.Settings = append(slices.Clone(w.Settings), "gateway.postgres.caFile=examples/aks-production/azure-ca.pem")
	return w
}

// examples are those of the project, with a database that they can reach.
func examples(t *testing.T) []way {
	t.Helper()
	all := stacktest.Examples(t)
	for i, w := range all {
		if strings.HasSuffix(w.Stack, "-production") {
			all[i] = withAuthorities(w)
		}
	}
	return all
}

// node is a node of the stack's cluster, whose server is the scope of a Deployment.
func node(name, spec string, labels map[string]string) edits.Edit {
	return object(pulumitype.KubernetesNode, "v1", "", name, labels, `{"spec":`+spec+`}`)
}

// object is something of a cluster that others have made.
func object(typ, apiVersion, namespace, name string, labels map[string]string, more string) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		state := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(more), &state))
		of := map[string]any{}
		for key, value := range labels {
			of[key] = value
		}
		id := name
		metadata := map[string]any{"name": name, "labels": of}
		if namespace != "" {
			metadata["namespace"], id = namespace, namespace+"/"+name
		}
		state["apiVersion"], state["kind"], state["metadata"] = apiVersion, typ[len("kubernetes:")+len(apiVersion)+1:], metadata
		if apiVersion == "v1" {
			state["kind"] = typ[len("kubernetes:core/v1:"):]
		}
		for server := range w.Clusters {
			w.Put(&world.Resource{Type: typ, Scope: server, ID: id, State: state})
		}
	}
}

const tainted = `{"taints":[{"key":"dedicated","value":"llm","effect":"NoSchedule"}]}`

// pending adds a pod of the gateway's that waits for a node, with the scheduler's words.
func pending(words string) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		of := edits.The(t, w, edits.DeploymentKind, "bifrost/bifrost")[0]
		template := of.State["spec"].(map[string]any)["template"].(map[string]any)
		metadata := map[string]any{"namespace": "bifrost", "name": "bifrost-waits"}
		for key, value := range template["metadata"].(map[string]any) {
			metadata[key] = value
		}
		w.Put(&world.Resource{Type: "kubernetes:core/v1:Pod", Scope: of.Scope, ID: "bifrost/bifrost-waits", State: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
			"status": map[string]any{"phase": "Pending", "conditions": []any{map[string]any{
				"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words,
			}}},
		}})
	}
}

// TestLive: what others have made of the stack's objects, and what the stack names, is asked for; the check says which key or command mends it.
func TestLive(t *testing.T) {
	t.Parallel()
	for _, b := range []breakage{
		{way: eksProduction, what: "no class", edit: edits.Removed(pulumitype.KubernetesIngressClass, "alb"), code: "named-classes", error: "there is no IngressClass alb, which gateway.ingress names", hint: "kubectl get ingressclass"},
		{way: eksProduction, what: "the Ingress is deleted", edit: edits.Removed(pulumitype.KubernetesIngress, ""), code: "made-exposure", error: "Ingress bifrost in namespace bifrost is gone", hint: "pulumi up --refresh --stack eks-production"},
		{way: eksProduction, what: "the Ingress leads elsewhere", edit: edits.With(pulumitype.KubernetesIngress, "", "spec.rules[0].host=other.example.com"), code: "made-exposure", error: "is not what the stack wrote, at spec.rules[0].host", hint: "pulumi up --refresh"},
		{way: eksProduction, what: "the Ingress has no address", edit: edits.With(pulumitype.KubernetesIngress, "", "status={}"), code: "workload-address", error: "Ingress bifrost has no address: no controller of class alb has taken it", hint: "kubectl describe ingress bifrost"},
		{way: eksProduction, what: "the autoscaler is deleted", edit: edits.Removed(pulumitype.KubernetesAutoscaler, ""), code: "made-availability", error: "HorizontalPodAutoscaler bifrost in namespace bifrost is gone", hint: "pulumi up --refresh"},
		{way: eksProduction, what: "no metrics", edit: edits.With(pulumitype.KubernetesAutoscaler, "", "status.conditions=[{type: ScalingActive, status: 'False', reason: FailedGetResourceMetric, message: no metrics returned}]"), code: "workload-autoscaler", error: "FailedGetResourceMetric: no metrics returned", hint: "metrics-server"},
		{way: eksProduction, what: "somebody bounds the autoscaler", edit: edits.With(pulumitype.KubernetesAutoscaler, "", "spec.maxReplicas=4"), code: "made-availability", error: "at spec.maxReplicas", hint: "pulumi up --refresh"},
		{way: eksProduction, what: "the budget is deleted", edit: edits.Removed(pulumitype.KubernetesDisruptionBudget, ""), code: "made-availability", error: "PodDisruptionBudget bifrost in namespace bifrost is gone", hint: "pulumi up --refresh"},
		{way: eksProduction, what: "a network policy is deleted", edit: edits.Removed(pulumitype.KubernetesNetworkPolicy, "bifrost/bifrost"), code: "made-policies", error: "NetworkPolicy bifrost in namespace bifrost is gone", hint: "pulumi up --refresh"},
		{way: eksProduction, what: "a network policy was opened", edit: edits.With(pulumitype.KubernetesNetworkPolicy, "bifrost/bifrost", "spec.ingress=[{}]"), code: "made-policies", error: "is not what the stack wrote, at spec.ingress", hint: "pulumi up --refresh"},
		{way: eksProduction, what: "the Ingress was made again by hand", edit: edits.With(pulumitype.KubernetesIngress, "", "metadata.uid=another"), code: "made-exposure", error: "was deleted and made again at", hint: "pulumi up --refresh", status: check.Warning},
		{way: way{Name: "eks-production as it is", Stack: "examples/eks-production"}, what: "the placeholder of the database's authorities", code: "config-database-ca", error: "gateway.postgres.caFile is the placeholder of an example: the gateway exits", hint: "give gateway.postgres.caFile another: `bifrostctl init eks-production --rds-ca --yes` fetches it, or save https://truststore.pki.rds.amazonaws.com"},
		{way: eksProduction, what: "the Ingress's certificate is deleted", edit: edits.Removed(pulumitype.AwsCertificate, ""), code: "named-certificates", error: "gateway.ingress.certificateArn names arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001, which does not exist", hint: "aws acm list-certificates --region us-east-1"},
		{way: eksProduction, what: "the Ingress's certificate has expired", edit: edits.With(pulumitype.AwsCertificate, "", "status=EXPIRED"), code: "named-certificates", error: "which is EXPIRED", hint: "aws acm list-certificates"},
		{way: aksProduction, what: "the definition of routes is deleted", edit: edits.All(edits.Removed(pulumitype.KubernetesDefinition, "httproutes"), edits.Removed(pulumitype.KubernetesHttpRoute, "")), code: "named-kinds", error: "does not know HTTPRoute of gateway.networking.k8s.io/v1", hint: "custom resource definitions"},
		{way: aksProduction, what: "the route is deleted", edit: edits.Removed(pulumitype.KubernetesHttpRoute, ""), code: "made-exposure", error: "HTTPRoute bifrost in namespace bifrost is gone", hint: "pulumi up --refresh"},
		{way: aksProduction, what: "the Gateway is deleted", edit: edits.Removed(pulumitype.KubernetesGateway, ""), code: "named-gateway", error: "there is no Gateway llm in namespace gateways, which gateway.httpRoute names", hint: "kubectl get gateway -A"},
		{way: aksProduction, what: "the listener has another name", edit: edits.With(pulumitype.KubernetesGateway, "", "spec.listeners[0].name=tls"), code: "named-gateway", error: "has no listener https, which gateway.httpRoute.section names, but tls", hint: "gateway.httpRoute"},
		{way: aksProduction, what: "the listener takes its own namespace alone", edit: edits.With(pulumitype.KubernetesGateway, "", "spec.listeners[0].allowedRoutes={}"), code: "named-gateway", error: "takes routes of namespace gateways alone, and the gateway is in bifrost", hint: "allowedRoutes.namespaces"},
		{way: aksProduction, what: "the route's backend is refused", edit: edits.With(pulumitype.KubernetesHttpRoute, "", "status={parents: [{parentRef: {name: llm, namespace: gateways}, conditions: [{type: ResolvedRefs, status: 'False', reason: BackendNotFound, message: no such Service}]}]}"), code: "workload-route", error: "ResolvedRefs is False: BackendNotFound: no such Service", hint: "kubectl describe httproute"},
		{way: aksProduction, what: "no controller answers", edit: edits.With(pulumitype.KubernetesHttpRoute, "", "status={parents: []}"), code: "workload-route", error: "no controller says anything of HTTPRoute bifrost at Gateway llm", hint: "kubectl get gatewayclass"},
		{way: aksProduction, what: "the monitor is deleted", edit: edits.Removed(pulumitype.KubernetesServiceMonitor, ""), code: "made-monitoring", error: "ServiceMonitor bifrost in namespace bifrost is gone", hint: "pulumi up --refresh"},
		{way: aksProduction, what: "no Prometheus picks the monitor", edit: object("kubernetes:monitoring.coreos.com/v1:Prometheus", "monitoring.coreos.com/v1", "monitoring", "k8s", nil, `{"spec":{"serviceMonitorSelector":{"matchLabels":{"release":"other"}},"serviceMonitorNamespaceSelector":{}}}`), code: "workload-monitored", error: "no Prometheus picks the ServiceMonitor, of monitoring/k8s", hint: "gateway.monitoring.labels", status: check.Warning},
		{way: aksProduction, what: "the gateway's role assignment is deleted", edit: edits.Removed(pulumitype.AzureRoleAssignment, ""), code: "made-azure", error: "RoleAssignment /subscriptions/", hint: "pulumi up --refresh"},
		{way: refreshIRSA, what: "the gateway's own role is deleted", settings: []string{"ecs=null", "eks.gatewayPolicyArns=[" + bedrock + "]"}, edit: edits.Removed(pulumitype.AwsRole, "BifrostGatewayRole"), code: "made-aws-identities", error: "Role BifrostGatewayRole is gone", hint: upAWS},
		{way: airGapped, what: "an existing Secret lost its key", edit: edits.With(edits.SecretKind, "llm/bifrost-secrets", "data={}"), code: "named-objects", error: "Secret bifrost-secrets has no key", hint: "kubectl edit secret bifrost-secrets -n llm"},
		{way: refreshIRSA, what: "all nodes are tainted", edit: node("n1", tainted, nil), code: "workload-scheduled", error: "none of 1 nodes takes the gateway's pods: 1 with the taint dedicated=llm:NoSchedule, which is not tolerated", hint: "gateway.scheduling.tolerations", status: check.Warning},
		{way: refreshIRSA, what: "a pod waits for a node", edit: edits.All(node("n1", tainted, nil), pending("0/1 nodes are available")), code: "workload-scheduled", error: "waits for a node: 0/1 nodes are available; none of 1 nodes takes the gateway's pods", hint: "gateway.scheduling.tolerations"},
		{way: ecsProduction, what: "the listener is deleted", edit: edits.Removed(pulumitype.AwsListener, ""), code: "made-aws-network", error: "Listener arn:aws:elasticloadbalancing", hint: "pulumi up --refresh --stack ecs-production"},
		{way: ecsProduction, what: "an alarm is deleted", edit: edits.Removed(pulumitype.AwsMetricAlarm, "bifrost-load-balancer-errors"), code: "made-aws-alarms", error: "bifrost-load-balancer-errors is gone", hint: "pulumi up --refresh"},
		{way: ecsProduction, what: "a scaling policy is deleted", edit: edits.Removed(pulumitype.AwsScalingPolicy, "bifrost-cpu"), code: "made-aws-tasks", error: "Policy bifrost-cpu is gone", hint: "pulumi up --refresh"},
		{way: ecsProduction, what: "a secret is scheduled for deletion", edit: func(t testing.TB, w *cloud.World) {
			edits.The(t, w, pulumitype.AwsSecret, "config.json")[0].Deleted = true
		}, code: "made-aws-secrets", error: "is scheduled for deletion", hint: "aws secretsmanager restore-secret --secret-id arn:aws:secretsmanager"},
	} {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			w := b.way
			w.Settings = append(append([]string{}, w.Settings...), b.settings...)
			r := stand(t, w)
			if b.edit != nil {
				b.edit(t, r.World)
			}
			found := bad(r.document(verify.Options{}))
			b.isOnly(t, found)
		})
	}
}

// TestNamedBefore: what the configuration names is asked for before the first up, too.
func TestNamedBefore(t *testing.T) {
	t.Parallel()
	for _, b := range []breakage{
		{way: airGapped, what: "an existing Secret", edit: edits.Removed(edits.SecretKind, "llm/bifrost-secrets"), code: "named-objects", error: "which gateway.secretRefs[", hint: "kubectl create secret generic bifrost-secrets -n llm --from-file="},
		{way: airGapped, what: "the mirror's Secret", edit: edits.Removed(edits.SecretKind, "registry-internal"), code: "named-objects", error: "there is no Secret registry-internal in namespace llm, which registry.pullSecret names", hint: "kubectl create secret docker-registry registry-internal -n llm"},
		{way: airGapped, what: "the namespace", edit: edits.Removed(edits.NamespaceKind, "llm"), code: "named-classes", error: "there is no Namespace llm, which gateway.existingNamespace names", hint: "kubectl create namespace llm"},
		{way: way{Name: "minimal, a class", Stack: "examples/minimal", Settings: []string{"gateway.storage.className=nope"}}, what: "the storage class", edit: edits.Removed(pulumitype.KubernetesStorageClass, "nope"), code: "named-classes", error: "there is no StorageClass nope, which gateway.storage.className names", hint: "kubectl get storageclass"},
		{way: eksProduction, what: "the class of the Ingress", edit: edits.Removed(pulumitype.KubernetesIngressClass, "alb"), code: "named-classes", error: "there is no IngressClass alb", hint: "gateway.ingress.className"},
		{way: aksProduction, what: "the Gateway", edit: edits.Removed(pulumitype.KubernetesGateway, ""), code: "named-gateway", error: "there is no Gateway llm", hint: "gateway.httpRoute.gateway"},
		{way: way{Name: "eks-production as it is", Stack: "examples/eks-production"}, what: "the placeholder of the database's authorities", code: "config-database-ca", error: "gateway.postgres.caFile is the placeholder", hint: "rds.amazonaws.com"},
		{way: way{Name: "ecs-production as it is", Stack: "examples/ecs-production"}, what: "the placeholder of the database's authorities", code: "config-database-ca", error: "gateway.postgres.caFile is the placeholder", hint: "rds.amazonaws.com"},
		{way: eksProduction, what: "the Ingress's certificate", edit: edits.Removed(pulumitype.AwsCertificate, ""), code: "named-certificates", error: "gateway.ingress.certificateArn names", hint: "aws acm list-certificates"},
		{way: ecsProduction, what: "the load balancer's certificate", edit: edits.Removed(pulumitype.AwsCertificate, ""), code: "named-certificates", error: "ecs.loadBalancer.certificateArn names", hint: "aws acm list-certificates"},
		{way: ownPolicy, what: "a policy of the gateway's role", edit: edits.Removed(pulumitype.AwsPolicy, "policy/Models"), code: "named-arns", error: "eks.gatewayPolicyArns[0] names arn:aws:iam::111122223333:policy/Models, which does not exist", hint: "aws iam list-policies"},
		{way: ownPolicy, what: "the boundary", edit: edits.Removed(pulumitype.AwsPolicy, "policy/Bounds"), code: "named-arns", error: "aws.permissionsBoundary names", hint: "aws iam list-policies"},
		{way: byKubelet, what: "nothing enforces policies", edit: eksPolicies(world.NoEngine), code: "pre-network-policies", error: "aws-node", hint: "aws eks update-addon"},
		{way: trustAKS, what: "nothing enforces policies", edit: aksPolicies(world.NoEngine), code: "pre-network-policies", error: "its network policy engine is none", hint: "az aks update"},
	} {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			r := rehearse(t, b.way)
			if b.edit != nil {
				b.edit(t, r.World)
			}
			found := bad(r.document(verify.Options{Before: true}))
			b.isOnly(t, found)
		})
	}
}

// TestNodesTake: nodes that take the pods are counted, with the toleration and without.
func TestNodesTake(t *testing.T) {
	t.Parallel()
	tolerating := refreshIRSA
	tolerating.Settings = []string{"gateway.scheduling.tolerations=[{key: dedicated, operator: Equal, value: llm, effect: NoSchedule}]"}
	r := stand(t, tolerating)
	edits.All(node("n1", tainted, nil), node("n2", `{"taints":[{"key":"other","effect":"NoExecute"}]}`, nil))(t, r.World)
	require.Empty(t, bad(r.document(verify.Options{})))
	for name, c := range map[string]struct {
		settings []string
		want     check.Status
		error    string
		edit     edits.Edit
	}{
		"tolerated":                 {tolerating.Settings, check.OK, "", nil},
		"not tolerated":             {nil, check.Failed, "none of 2 nodes takes the gateway's pods: 1 with the taint dedicated=llm:NoSchedule, which is not tolerated, 1 with the taint other:NoExecute", nil},
		"the refresher has its own": {append([]string{"refresher.scheduling={nodeSelector: {pool: system}}"}, tolerating.Settings...), check.Failed, "takes the refresher's pods", nil},
		"another processor":         {append([]string{"gateway.scheduling.architectures=[arm64]"}, tolerating.Settings...), check.Failed, "1 without the labels that the pods ask for", nil},
		"Karpenter adds nodes":      {nil, check.Warning, "none of 2 nodes", object("kubernetes:karpenter.sh/v1:NodePool", "karpenter.sh/v1", "", "default", nil, `{}`)},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearse(t, way{Name: name, Stack: "aws-dev", Settings: c.settings})
			edits.All(node("n1", tainted, nil), node("n2", `{"taints":[{"key":"other","effect":"NoExecute"}]}`, nil))(t, r.World)
			if c.edit != nil {
				c.edit(t, r.World)
			}
			for _, category := range r.document(verify.Options{Before: true}).Categories {
				for _, of := range category.Checks {
					if of.Code == "pre-nodes" {
						require.Equal(t, c.want, of.Result, "%+v", of)
						require.Contains(t, of.Error, c.error)
					}
				}
			}
		})
	}
}
