package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	doubles "bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
)

const (
	statefulSetType    = "kubernetes:apps/v1:StatefulSet"
	claimType          = "kubernetes:core/v1:PersistentVolumeClaim"
	budgetType         = "kubernetes:policy/v1:PodDisruptionBudget"
	autoscalerType     = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	networkPolicyType  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	ingressType        = "kubernetes:networking.k8s.io/v1:Ingress"
	httpRouteType      = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
	serviceMonitorType = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
	prometheusRuleType = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
	definitionType     = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
)

// restricted is what the Pod Security Standard of that name asks of a container.
var restricted = pulumi.Map{
	"allowPrivilegeEscalation": pulumi.Bool(false), "runAsNonRoot": pulumi.Bool(true),
	"capabilities": pulumi.Map{"drop": pulumi.StringArray{s("ALL")}}, "seccompProfile": pulumi.Map{"type": s("RuntimeDefault")},
}

// furnished is newWorld with more in the cluster dev.
func furnished(t *testing.T, contents doubles.Contents) *cloud.World {
	t.Helper()
	w := newWorld()
	doubles.Furnish(w, serverOf(w, "dev").Server, contents)
	return w
}

// everyCRD are the definitions that the sandbox knows.
var everyCRD = doubles.Contents{Definitions: []string{crds.HTTPRoutes, crds.ServiceMonitors, crds.PrometheusRules}}

func with(base pulumi.Map, more pulumi.Map) pulumi.Map {
	merged := pulumi.Map{}
	for key, v := range base {
		merged[key] = v
	}
	for key, v := range more {
		merged[key] = v
	}
	return merged
}

func spec(typ, name string, fields pulumi.Map) enginetest.Resource {
	return object(typ, name, pulumi.Map{"spec": fields})
}

func claimSpec(class string) pulumi.Map {
	return pulumi.Map{
		"accessModes": pulumi.StringArray{s("ReadWriteOnce")}, "storageClassName": s(class),
		"resources": pulumi.Map{"requests": pulumi.StringMap{"storage": s("10Gi")}},
	}
}

func statefulSet(class string, more pulumi.Map) enginetest.Resource {
	return spec(statefulSetType, "web", with(pulumi.Map{
		"replicas": pulumi.Int(1), "serviceName": s("web-peers"), "selector": pulumi.Map{"matchLabels": labels},
		"template": pulumi.Map{"metadata": pulumi.Map{"labels": labels}, "spec": containers(pulumi.Map{
			"volumeMounts": pulumi.Array{pulumi.Map{"name": s("data"), "mountPath": s("/data")}},
		})},
		"volumeClaimTemplates": pulumi.Array{pulumi.Map{"metadata": pulumi.Map{"name": s("data")}, "spec": claimSpec(class)}},
	}, more))
}

func policy(fields pulumi.Map) enginetest.Resource {
	return spec(networkPolicyType, "web", with(pulumi.Map{"podSelector": pulumi.Map{"matchLabels": labels}}, fields))
}

func autoscaler(least, most int) enginetest.Resource {
	return spec(autoscalerType, "web", pulumi.Map{
		"scaleTargetRef": pulumi.Map{"apiVersion": s("apps/v1"), "kind": s("Deployment"), "name": s("web")},
		"minReplicas":    pulumi.Int(least), "maxReplicas": pulumi.Int(most),
		"metrics": pulumi.Array{pulumi.Map{"type": s("Resource"), "resource": pulumi.Map{"name": s("cpu"), "target": pulumi.Map{"type": s("Utilization"), "averageUtilization": pulumi.Int(70)}}}},
	})
}

func ingress(class string, more pulumi.Map) enginetest.Resource {
	backend := pulumi.Map{"service": pulumi.Map{"name": s("web-service"), "port": pulumi.Map{"number": pulumi.Int(80)}}}
	return spec(ingressType, "web", with(pulumi.Map{
		"ingressClassName": s(class),
		"rules":            pulumi.Array{pulumi.Map{"host": s("web.example"), "http": pulumi.Map{"paths": pulumi.Array{pulumi.Map{"path": s("/"), "pathType": s("Prefix"), "backend": backend}}}}},
	}, more))
}

func requesting(r enginetest.Resource) enginetest.Resource {
	return spec(r.Type, r.Name, with(r.Props["spec"].(pulumi.Map), pulumi.Map{"template": pulumi.Map{"metadata": pulumi.Map{"labels": labels}, "spec": containers(pulumi.Map{
		"resources": pulumi.Map{"requests": pulumi.StringMap{"cpu": s("100m")}},
	})}}))
}

func httpRoute(fields pulumi.Map) enginetest.Resource {
	return spec(httpRouteType, "web", fields)
}

// What the API server's own validation refuses of the kinds of a gateway in production.
func TestInvalidInProduction(t *testing.T) {
	budget := func(fields pulumi.Map) enginetest.Resource { return spec(budgetType, "x", fields) }
	rule := func(fields pulumi.Map) enginetest.Resource {
		return spec(prometheusRuleType, "x", pulumi.Map{"groups": pulumi.Array{pulumi.Map{"name": s("g"), "rules": pulumi.Array{fields}}}})
	}
	monitor := func(fields pulumi.Map) enginetest.Resource { return spec(serviceMonitorType, "x", fields) }
	tests := []struct {
		name   string
		object enginetest.Resource
		want   string
	}{
		{"claim without a mode", spec(claimType, "x", pulumi.Map{"resources": pulumi.Map{"requests": pulumi.StringMap{"storage": s("1Gi")}}}), `PersistentVolumeClaim "x" is invalid: spec.accessModes: Required value`},
		{"claim's size", spec(claimType, "x", pulumi.Map{"accessModes": pulumi.StringArray{s("ReadWriteOnce")}}), "spec.resources[storage]: Required value"},
		{"claim template", statefulSet("gp2", pulumi.Map{"volumeClaimTemplates": pulumi.Array{}}), `volumeMounts[0].name: Not found: "data"`},
		{"stateful set's restart policy", statefulSet("gp2", pulumi.Map{"podManagementPolicy": s("Sometimes")}), `StatefulSet.apps "web" is invalid: spec.podManagementPolicy`},
		{"budget of both kinds", budget(pulumi.Map{"minAvailable": pulumi.Int(1), "maxUnavailable": pulumi.Int(1)}), `PodDisruptionBudget.policy "x" is invalid: spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set`},
		{"autoscaler's bounds", autoscaler(5, 3), `HorizontalPodAutoscaler.autoscaling "web" is invalid: spec.maxReplicas: Invalid value: 3: must be greater than or equal to ` + "`minReplicas`"},
		{"autoscaler from zero", autoscaler(0, 3), "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"},
		{"autoscaler's window", spec(autoscalerType, "x", with(autoscaler(1, 3).Props["spec"].(pulumi.Map), pulumi.Map{"behavior": pulumi.Map{"scaleDown": pulumi.Map{"stabilizationWindowSeconds": pulumi.Int(7200)}}})), "stabilizationWindowSeconds: Invalid value: 7200: must be less than or equal to 3600"},
		{"policy's port", policy(pulumi.Map{"ingress": pulumi.Array{pulumi.Map{"ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(0)}}}}}), `NetworkPolicy.networking.k8s.io "web" is invalid: spec.ingress[0].ports[0].port: Invalid value: 0`},
		{"policy's block", policy(pulumi.Map{"egress": pulumi.Array{pulumi.Map{"to": pulumi.Array{pulumi.Map{"ipBlock": pulumi.Map{"cidr": s("10.0.0.0")}}}}}}), "spec.egress[0].to[0].ipBlock.cidr: Invalid value"},
		{"policy's peer", policy(pulumi.Map{"ingress": pulumi.Array{pulumi.Map{"from": pulumi.Array{pulumi.Map{}}}}}), "must specify a peer"},
		{"ingress path", ingress("alb", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"http": pulumi.Map{"paths": pulumi.Array{pulumi.Map{"path": s("v1"), "pathType": s("Prefix"), "backend": pulumi.Map{"service": pulumi.Map{"name": s("x"), "port": pulumi.Map{"number": pulumi.Int(80)}}}}}}}}}), `path: Invalid value: "v1": must be an absolute path`},
		{"ingress host", ingress("alb", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"host": s("10.0.0.1")}}}), "must be a DNS name, not an IP address"},
		{"route's hostname", httpRoute(pulumi.Map{"hostnames": pulumi.StringArray{s("Web.example")}}), `HTTPRoute.gateway.networking.k8s.io "web" is invalid: spec.hostnames[0]: Invalid value: "Web.example"`},
		{"route's parent", httpRoute(pulumi.Map{"parentRefs": pulumi.Array{pulumi.Map{"namespace": s("edge")}}}), "spec.parentRefs[0].name: Required value"},
		{"route's unknown field", httpRoute(pulumi.Map{"hosts": pulumi.StringArray{s("web.example")}}), `strict decoding error: unknown field "spec.hosts"`},
		{"route's timeout", httpRoute(pulumi.Map{"rules": pulumi.Array{pulumi.Map{"timeouts": pulumi.Map{"request": s("1 hour")}}}}), "spec.rules[0].timeouts.request: Invalid value"},
		{"route's match", httpRoute(pulumi.Map{"rules": pulumi.Array{pulumi.Map{"matches": pulumi.Array{pulumi.Map{"path": pulumi.Map{"type": s("Prefix"), "value": s("/")}}}}}}), `spec.rules[0].matches[0].path.type: Unsupported value: "Prefix": supported values: "Exact", "PathPrefix", "RegularExpression"`},
		{"monitor without endpoints", monitor(pulumi.Map{"selector": pulumi.Map{}}), "spec.endpoints: Required value"},
		{"monitor's interval", monitor(pulumi.Map{"selector": pulumi.Map{}, "endpoints": pulumi.Array{pulumi.Map{"interval": s("often")}}}), "spec.endpoints[0].interval: Invalid value"},
		{"rule without expression", rule(pulumi.Map{"alert": s("A")}), "spec.groups[0].rules[0].expr: Required value"},
		{"rule's unknown field", rule(pulumi.Map{"expr": s("1"), "annotation": pulumi.StringMap{}}), `unknown field "spec.groups[0].rules[0].annotation"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			preview := stack(t, furnished(t, everyCRD), namespace, test.object).Preview()
			require.Error(t, preview.Err)
			require.Contains(t, preview.Messages(), test.want)
		})
	}
}

func TestStatefulSet(t *testing.T) {
	w := furnished(t, doubles.Contents{StorageClasses: []string{"gp3"}})
	e := stack(t, w, namespace, statefulSet("gp3", nil), service(labels))
	status := e.MustUp().Resource("web").Outputs["status"].ObjectValue()
	require.Equal(t, 1.0, status["readyReplicas"].NumberValue())
	require.Equal(t, status["currentRevision"], status["updateRevision"])
	require.Empty(t, e.MustUp().Plan())

	claim := w.Get(claimType, serverOf(w, "dev").Server, "app/data-web-0")
	require.NotNil(t, claim, "the controller makes the claim")
	require.Equal(t, "Bound", claim.State["status"].(map[string]any)["phase"])

	revision := status["currentRevision"]
	image := statefulSet("gp3", nil).Props["spec"].(pulumi.Map)
	image["template"] = with(image["template"].(pulumi.Map), pulumi.Map{"spec": containers(pulumi.Map{"image": s("i:2")})})
	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, spec(statefulSetType, "web", image), service(labels)))
	up := e.MustUp()
	require.NotEqual(t, revision, up.Resource("web").Outputs["status"].ObjectValue()["currentRevision"], "its pods are rolled")
	require.Same(t, claim, w.Get(claimType, serverOf(w, "dev").Server, "app/data-web-0"))

	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace))
	e.MustUp()
	require.NotNil(t, w.Get(claimType, serverOf(w, "dev").Server, "app/data-web-0"), "the data outlives its StatefulSet")
	require.NoError(t, e.Destroy().Err)
	require.Nil(t, w.Get(claimType, serverOf(w, "dev").Server, "app/data-web-0"), "but not its namespace")
}

func TestStatefulSetThatDeletesItsClaims(t *testing.T) {
	w := furnished(t, doubles.Contents{})
	retention := pulumi.Map{"persistentVolumeClaimRetentionPolicy": pulumi.Map{"whenDeleted": s("Delete"), "whenScaled": s("Retain")}}
	e := stack(t, w, namespace, statefulSet("gp2", retention))
	e.MustUp()
	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace))
	e.MustUp()
	require.Nil(t, w.Get(claimType, serverOf(w, "dev").Server, "app/data-web-0"))
}

func TestReplacedInProduction(t *testing.T) {
	tests := []struct {
		name          string
		before, after enginetest.Resource
		want          string
	}{
		{"claim template", statefulSet("gp2", nil), statefulSet("gp3", nil), "create-replacement StatefulSet web [spec.volumeClaimTemplates[0].spec.storageClassName]"},
		{"service's name", statefulSet("gp2", nil), statefulSet("gp2", pulumi.Map{"serviceName": s("other")}), "create-replacement StatefulSet web [spec.serviceName]"},
		{"claim", spec(claimType, "x", claimSpec("gp2")), spec(claimType, "x", claimSpec("gp3")), "create-replacement PersistentVolumeClaim x [spec.storageClassName]"},
		{"budget", spec(budgetType, "x", pulumi.Map{"maxUnavailable": pulumi.Int(1)}), spec(budgetType, "x", pulumi.Map{"maxUnavailable": pulumi.Int(2)}), "update PodDisruptionBudget x [spec.maxUnavailable]"},
		{"autoscaler", autoscaler(1, 3), autoscaler(1, 4), "update HorizontalPodAutoscaler web [spec.maxReplicas]"},
		{"policy", policy(nil), policy(pulumi.Map{"policyTypes": pulumi.StringArray{s("Ingress")}}), "update NetworkPolicy web [spec.policyTypes]"},
		{"route", httpRoute(pulumi.Map{"hostnames": pulumi.StringArray{s("a.example")}}), httpRoute(pulumi.Map{"hostnames": pulumi.StringArray{s("b.example")}}), "update HTTPRoute web [spec.hostnames[0]]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			contents := everyCRD
			contents.StorageClasses = []string{"gp3"}
			w := furnished(t, contents)
			e := stack(t, w, namespace, test.before)
			e.MustUp()
			e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, test.after))
			require.Contains(t, e.MustUp().Plan(), test.want)
			require.Empty(t, e.MustUp().Plan())
		})
	}
}

// What keeps pods from starting or becoming ready, beside what TestRefused has.
func TestPodsInProduction(t *testing.T) {
	claimed := func(replicas int, claim string) enginetest.Resource {
		return deployment(replicas, pulumi.Map{"volumes": pulumi.Array{pulumi.Map{"name": s("v"), "persistentVolumeClaim": pulumi.Map{"claimName": s(claim)}}}})
	}
	egress := func(rules ...pulumi.Input) enginetest.Resource {
		return policy(pulumi.Map{"policyTypes": pulumi.StringArray{s("Egress")}, "egress": pulumi.Array(rules)})
	}
	to := func(port int, protocol string, peers ...pulumi.Input) pulumi.Map {
		return pulumi.Map{"ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(port), "protocol": s(protocol)}}, "to": pulumi.Array(peers)}
	}
	anywhere := pulumi.Map{"ipBlock": pulumi.Map{"cidr": s("0.0.0.0/0")}}
	kubeDNS := pulumi.Map{
		"namespaceSelector": pulumi.Map{"matchLabels": pulumi.StringMap{"kubernetes.io/metadata.name": s("kube-system")}},
		"podSelector":       pulumi.Map{"matchLabels": pulumi.StringMap{"k8s-app": s("kube-dns")}},
	}
	in := func(namespace string) pulumi.Map {
		return pulumi.Map{"namespaceSelector": pulumi.Map{"matchLabels": pulumi.StringMap{"kubernetes.io/metadata.name": s(namespace)}}}
	}
	config := func(host string) enginetest.Resource {
		return object(secretType, "config", pulumi.Map{"stringData": pulumi.StringMap{"config.json": s(`{"config_store":{"enabled":true,"type":"postgres","config":{"host":"` + host + `","port":"5432"}}}`)}})
	}
	mounted := deployment(1, with(containers(pulumi.Map{"env": pulumi.Array{pulumi.Map{"name": s("PG_HOST"), "value": s("10.1.2.3")}}}),
		pulumi.Map{"volumes": pulumi.Array{pulumi.Map{"name": s("config"), "secret": pulumi.Map{"secretName": s("config")}}}}))
	clustered := object(secretType, "config", pulumi.Map{"stringData": pulumi.StringMap{"config.json": s(`{"cluster_config":{"enabled":true,"discovery":{"enabled":true,"type":"kubernetes"}}}`)}})
	may := func(verbs ...string) enginetest.Resource {
		return object(roleType, "patch", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"apiGroups": pulumi.StringArray{s("")}, "resources": pulumi.StringArray{s("pods")}, "verbs": pulumi.ToStringArray(verbs)}}})
	}
	member := func(token bool) enginetest.Resource {
		return deployment(1, pulumi.Map{
			"serviceAccountName": s("puller"), "automountServiceAccountToken": pulumi.Bool(token),
			"volumes": pulumi.Array{pulumi.Map{"name": s("config"), "secret": pulumi.Map{"secretName": s("config")}}},
		})
	}
	tests := []struct {
		name    string
		objects []enginetest.Resource
		want    string // "": they are ready
	}{
		{"class of a claim template", []enginetest.Resource{statefulSet("none", nil)}, `pod has unbound immediate PersistentVolumeClaims: persistentvolumeclaim "app/data-web-0": storageclass.storage.k8s.io "none" not found`},
		{"no default class on EKS", []enginetest.Resource{spec(claimType, "x", pulumi.Map{"accessModes": pulumi.StringArray{s("ReadWriteOnce")}, "resources": pulumi.Map{"requests": pulumi.StringMap{"storage": s("1Gi")}}})}, "no persistent volumes available for this claim and no storage class is set"},
		{"claim", []enginetest.Resource{spec(claimType, "x", claimSpec("gp2")), claimed(1, "x")}, ""},
		{"no such claim", []enginetest.Resource{claimed(1, "x")}, `FailedScheduling: persistentvolumeclaim "x" not found`},
		{"claim under several pods", []enginetest.Resource{spec(claimType, "x", claimSpec("gp2")), claimed(2, "x")}, `Multi-Attach error for volume of persistentvolumeclaim "app/x": 2 pods share it`},
		{"priority class", []enginetest.Resource{deployment(1, pulumi.Map{"priorityClassName": s("gateway")})}, "no PriorityClass with name gateway was found"},
		{"system's priority class", []enginetest.Resource{deployment(1, pulumi.Map{"priorityClassName": s("system-cluster-critical")})}, ""},

		{"no egress", []enginetest.Resource{egress(), deployment(1, nil)}, "NetworkPolicy web keeps the pods from the cluster's DNS"},
		{"DNS over TCP only", []enginetest.Resource{egress(to(53, "TCP", kubeDNS)), deployment(1, nil)}, "from the cluster's DNS"},
		{"DNS of the world only", []enginetest.Resource{egress(to(53, "UDP", anywhere)), deployment(1, nil)}, "from the cluster's DNS"},
		{"DNS", []enginetest.Resource{egress(to(53, "UDP", kubeDNS)), deployment(1, nil)}, ""},
		{"ingress only", []enginetest.Resource{policy(pulumi.Map{"policyTypes": pulumi.StringArray{s("Ingress")}}), deployment(1, nil)}, ""},
		{"another's pods", []enginetest.Resource{spec(networkPolicyType, "x", pulumi.Map{"podSelector": pulumi.Map{"matchLabels": pulumi.StringMap{"app": s("y")}}, "policyTypes": pulumi.StringArray{s("Egress")}}), deployment(1, nil)}, ""},

		{"no database", []enginetest.Resource{config("db.example"), egress(to(53, "UDP", kubeDNS)), mounted}, "NetworkPolicy web keeps the pods from PostgreSQL of config_store at db.example:5432"},
		{"database", []enginetest.Resource{config("db.example"), egress(to(53, "UDP", kubeDNS), to(5432, "TCP", anywhere)), mounted}, ""},
		{"database's address, from a variable", []enginetest.Resource{config("env.PG_HOST"), egress(to(53, "UDP", kubeDNS), to(5432, "TCP", pulumi.Map{"ipBlock": pulumi.Map{"cidr": s("10.9.0.0/16")}})), mounted}, "PostgreSQL of config_store at 10.1.2.3:5432"},
		{"database's block", []enginetest.Resource{config("env.PG_HOST"), egress(to(53, "UDP", kubeDNS), to(5432, "TCP", pulumi.Map{"ipBlock": pulumi.Map{"cidr": s("10.0.0.0/8")}})), mounted}, ""},
		{"database's block but for it", []enginetest.Resource{config("env.PG_HOST"), egress(to(53, "UDP", kubeDNS), to(5432, "TCP", pulumi.Map{"ipBlock": pulumi.Map{"cidr": s("10.0.0.0/8"), "except": pulumi.StringArray{s("10.1.0.0/16")}}})), mounted}, "at 10.1.2.3:5432"},
		{"database in the cluster", []enginetest.Resource{config("pg.data.svc.cluster.local"), egress(to(53, "UDP", kubeDNS), to(5432, "TCP", in("data"))), mounted}, ""},
		{"database in another namespace", []enginetest.Resource{config("pg.data.svc"), egress(to(53, "UDP", kubeDNS), to(5432, "TCP", in("other"))), mounted}, "at pg.data.svc:5432"},

		{"discovery", []enginetest.Resource{serviceAccount, may("get", "list", "watch"), bindPull, clustered, member(true)}, ""},
		{"discovery without a right", []enginetest.Resource{serviceAccount, may("get"), bindPull, clustered, member(true)}, `pods is forbidden: User "system:serviceaccount:app:puller" cannot list resource "pods"`},
		{"discovery without a token", []enginetest.Resource{serviceAccount, may("list"), bindPull, clustered, member(false)}, "the pod mounts no token"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := stack(t, furnished(t, doubles.Contents{}), append([]enginetest.Resource{namespace}, test.objects...)...).Up()
			if test.want == "" {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

// A refresher that cannot reach the clouds makes no login.
func TestJobNeedsHTTPS(t *testing.T) {
	rules := pulumi.Array{pulumi.Map{"ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(53), "protocol": s("UDP")}}}}
	run := func(rules pulumi.Array) *enginetest.Result {
		closed := spec(networkPolicyType, "x", pulumi.Map{"podSelector": pulumi.Map{}, "policyTypes": pulumi.StringArray{s("Egress")}, "egress": rules})
		return stack(t, newWorld(), namespace, closed, job("run", nil)).Up()
	}
	require.Contains(t, run(rules).Messages(), "NetworkPolicy x keeps the pods from HTTPS outside the cluster (TCP 443)")
	up := run(append(rules, pulumi.Map{"ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(443), "protocol": s("TCP")}}}))
	require.NoError(t, up.Err, up.Messages())
}

func TestAutoscaler(t *testing.T) {
	w := furnished(t, doubles.Contents{})
	web := requesting(deployment(2, nil))
	web.Options = []pulumi.ResourceOption{pulumi.IgnoreChanges([]string{"spec.replicas"})}
	live := func() map[string]any { return w.Get(deploymentType, serverOf(w, "dev").Server, "app/web").State }
	replicas := func() any { return live()["spec"].(map[string]any)["replicas"] }

	e := stack(t, w, namespace, web, autoscaler(3, 9))
	e.MustUp()
	require.Equal(t, 3.0, replicas(), "not below its least")
	require.Equal(t, 3.0, live()["status"].(map[string]any)["availableReplicas"])
	require.Empty(t, e.MustUp().Plan())

	live()["spec"].(map[string]any)["replicas"] = 7.0 // as under load
	require.Empty(t, e.MustUp().Plan())
	require.NoError(t, e.Refresh().Err)
	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, annotatedLike(web, "a", "b"), autoscaler(3, 9)))
	require.Contains(t, strings.Join(e.MustUp().Plan(), "\n"), "update Deployment web [metadata.annotations")
	require.Equal(t, 7.0, replicas(), "an up reverts nothing")

	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, web, autoscaler(3, 5)))
	e.MustUp()
	require.Equal(t, 5.0, replicas(), "nor above its most")
	require.Empty(t, w.Warnings)
}

func annotatedLike(r enginetest.Resource, key, value string) enginetest.Resource {
	changed := annotated(r, key, value)
	changed.Options = r.Options
	return changed
}

// An up that writes the replicas itself reverts the autoscaler's.
func TestAutoscalerIsReverted(t *testing.T) {
	w := furnished(t, doubles.Contents{})
	e := stack(t, w, namespace, requesting(deployment(3, nil)), autoscaler(3, 9))
	e.MustUp()
	live := w.Get(deploymentType, serverOf(w, "dev").Server, "app/web").State["spec"].(map[string]any)
	live["replicas"] = 7.0
	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, requesting(deployment(4, nil)), autoscaler(3, 9)))
	e.MustUp()
	require.Equal(t, 4.0, w.Get(deploymentType, serverOf(w, "dev").Server, "app/web").State["spec"].(map[string]any)["replicas"])
}

func TestWarnings(t *testing.T) {
	budget := func(fields pulumi.Map) enginetest.Resource {
		return spec(budgetType, "web", with(fields, pulumi.Map{"selector": pulumi.Map{"matchLabels": labels}}))
	}
	tests := []struct {
		name    string
		objects []enginetest.Resource
		want    []string
	}{
		{"autoscaler without a target", []enginetest.Resource{autoscaler(1, 3)}, []string{"HorizontalPodAutoscaler app/web scales nothing: there is no Deployment app/web"}},
		{"autoscaler of pods without requests", []enginetest.Resource{deployment(1, nil), autoscaler(1, 3)}, []string{"HorizontalPodAutoscaler app/web cannot scale: missing request for cpu in container c"}},
		{"budget for none", []enginetest.Resource{deployment(2, nil), budget(pulumi.Map{"minAvailable": pulumi.Int(2)})}, []string{"PodDisruptionBudget app/web lets none of 2 pods go: the drain of a node would wait for ever"}},
		{"budget", []enginetest.Resource{deployment(2, nil), budget(pulumi.Map{"maxUnavailable": pulumi.Int(1)})}, nil},
		{"budget in percent", []enginetest.Resource{deployment(2, nil), budget(pulumi.Map{"minAvailable": s("50%")})}, nil},
		{"ingress without its certificate", []enginetest.Resource{deployment(1, nil), service(labels), ingress("nginx", pulumi.Map{"tls": pulumi.Array{pulumi.Map{"hosts": pulumi.StringArray{s("web.example")}, "secretName": s("none")}}})}, []string{"Ingress app/web: its TLS Secret app/none does not exist: the controller shows a certificate of its own"}},
		{"ingress that is not awaited", []enginetest.Resource{annotated(ingress("none", nil), "pulumi.com/skipAwait", "true")}, []string{
			"Ingress app/web is not awaited: Ingress has at least one rule that does not target any Service. There is no Service app/web-service",
			`Ingress app/web is not awaited: Ingress .status.loadBalancer field was not updated with a hostname/IP address: no controller takes it: ingressclass.networking.k8s.io "none" not found`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := furnished(t, doubles.Contents{IngressClasses: []string{"nginx"}})
			stack(t, w, append([]enginetest.Resource{namespace}, test.objects...)...).MustUp()
			require.Equal(t, test.want, w.Warnings)
		})
	}
}

func TestIngress(t *testing.T) {
	other := pulumi.Map{"defaultBackend": pulumi.Map{"service": pulumi.Map{"name": s("web-service"), "port": pulumi.Map{"number": pulumi.Int(8080)}}}}
	tests := []struct {
		name    string
		objects []enginetest.Resource
		want    string // "": it gets an address
	}{
		{"taken", []enginetest.Resource{deployment(1, nil), service(labels), ingress("nginx", nil)}, ""},
		{"no such class", []enginetest.Resource{deployment(1, nil), service(labels), ingress("alb", nil)}, `Ingress .status.loadBalancer field was not updated with a hostname/IP address: no controller takes it: ingressclass.networking.k8s.io "alb" not found`},
		{"no service", []enginetest.Resource{ingress("nginx", nil)}, "There is no Service app/web-service"},
		{"no such port", []enginetest.Resource{deployment(1, nil), service(labels), ingress("nginx", other)}, "Service app/web-service has no port 8080"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := furnished(t, doubles.Contents{IngressClasses: []string{"nginx"}})
			up := stack(t, w, append([]enginetest.Resource{namespace}, test.objects...)...).Up()
			if test.want == "" {
				require.NoError(t, up.Err, up.Messages())
				require.NotEmpty(t, w.Get(ingressType, serverOf(w, "dev").Server, "app/web").State["status"])
				return
			}
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

// Custom resources exist only where the cluster has their definitions, which a program can look up.
func TestCustomResources(t *testing.T) {
	route := httpRoute(pulumi.Map{
		"parentRefs": pulumi.Array{pulumi.Map{"name": s("edge"), "namespace": s("edge"), "sectionName": s("https")}},
		"rules":      pulumi.Array{pulumi.Map{"backendRefs": pulumi.Array{pulumi.Map{"name": s("web"), "port": pulumi.Int(80)}}, "timeouts": pulumi.Map{"request": s("1h")}}},
	})
	w := newWorld()
	e := stack(t, w, namespace, route)
	require.NoError(t, e.Preview().Err, "the definition may come with the same up")
	require.Contains(t, e.Up().Messages(), `no matches for kind "HTTPRoute" in version "gateway.networking.k8s.io/v1"`)
	doubles.Furnish(w, serverOf(w, "dev").Server, everyCRD)
	e.MustUp()
	require.Empty(t, e.MustUp().Plan())
	require.NoError(t, e.Refresh().Err)
	require.Empty(t, e.MustUp().Plan())
	require.NoError(t, e.Destroy().Err)
}

func TestDefinitionsAreLookedUp(t *testing.T) {
	look := func(w *cloud.World) *enginetest.Engine {
		return enginetest.New(t, w, func(ctx *pulumi.Context) error {
			p, err := provider(mutable(t, w))(ctx)
			if err != nil {
				return err
			}
			found, err := apiextensions.GetCustomResource(ctx, "crd", pulumi.ID(crds.ServiceMonitors), &apiextensions.CustomResourceState{
				ApiVersion: pulumi.StringPtr("apiextensions.k8s.io/v1"), Kind: pulumi.StringPtr("CustomResourceDefinition"),
			}, pulumi.Provider(p))
			if err != nil {
				return err
			}
			ctx.Export("name", found.Metadata.Name())
			return nil
		}, nil)
	}
	e := look(furnished(t, everyCRD))
	require.Equal(t, crds.ServiceMonitors, e.MustUp().Outputs["name"].StringValue())
	e.MustUp()
	missing := look(newWorld()).Preview()
	require.Error(t, missing.Err)
	require.Contains(t, missing.Messages(), "does not exist")

	made := stack(t, newWorld(), object(definitionType, crds.HTTPRoutes, pulumi.Map{"metadata": pulumi.Map{"name": s(crds.HTTPRoutes)}})).Up()
	require.Contains(t, made.Messages(), "the sandbox makes no objects of kind CustomResourceDefinition")
}

func TestFurnish(t *testing.T) {
	contents := doubles.Contents{
		Namespaces: []string{"theirs", "kube-system"}, ServiceAccounts: []doubles.Name{{Namespace: "theirs", Name: "runner"}},
		Secrets: []doubles.Data{{Name: doubles.Name{Namespace: "theirs", Name: "given"}, Keys: map[string]string{"key": "hush"}}},
		Claims:  []doubles.Name{{Namespace: "theirs", Name: "data"}},
	}
	w := furnished(t, contents)
	server := serverOf(w, "dev").Server
	theirs := func(r enginetest.Resource) enginetest.Resource {
		r.Props["metadata"] = pulumi.Map{"name": s(r.Name), "namespace": s("theirs")}
		return r
	}
	web := theirs(deployment(1, with(containers(pulumi.Map{"securityContext": restricted, "env": pulumi.Array{pulumi.Map{"name": s("K"), "valueFrom": pulumi.Map{"secretKeyRef": pulumi.Map{"name": s("given"), "key": s("key")}}}}}), pulumi.Map{
		"serviceAccountName": s("runner"), "volumes": pulumi.Array{pulumi.Map{"name": s("v"), "persistentVolumeClaim": pulumi.Map{"claimName": s("data")}}},
	})))
	e := stack(t, w, web)
	e.MustUp()
	require.NoError(t, e.Destroy().Err)
	require.NotNil(t, w.Get(namespaceType, server, "theirs"))
	require.Equal(t, []string{"data"}, w.Get(secretType, server, "theirs/given").Secrets)

	removed := w.Get(serviceAccountType, server, "theirs/runner")
	removed.Deleted, removed.Edited = true, true
	doubles.Furnish(w, server, contents)
	require.Nil(t, w.Get(serviceAccountType, server, "theirs/runner"), "what was removed by hand stays away")
	doubles.Furnish(w, "https://nowhere", contents)
}
