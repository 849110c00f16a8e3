package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd/api"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// anyStack is a stack of these objects in a cluster that a kubeconfig leads to.
func anyStack(t *testing.T, seed world.KubernetesCluster, objects ...enginetest.Resource) *enginetest.Engine {
	t.Helper()
	w := cloud.NewWorld()
	seed.Name = "any"
	w.SeedKubernetes(seed)
	login := kubeconfig(t, serverOf(w, "any"), &api.AuthInfo{Token: "t"})
	return enginetest.New(t, w, enginetest.Program(provider(kubernetes.ProviderArgs{Kubeconfig: s(login)}), objects...), nil)
}

// TestOpenShift: OpenShift gives pods their users and groups, and refuses those who ask for others. Elsewhere somebody must name one.
func TestOpenShift(t *testing.T) {
	openshift, other := world.KubernetesCluster{OpenShift: true}, world.KubernetesCluster{}
	pod := func(image string, ids, own pulumi.Map) enginetest.Resource {
		return deployment(1, with(containers(pulumi.Map{"image": s(image), "securityContext": with(restricted, own)}), pulumi.Map{"securityContext": ids}))
	}
	const gateway, kubectl = "i:1", "registry.k8s.io/kubectl:v1.34.3"
	job := spec(jobType, "run", pulumi.Map{"template": pulumi.Map{"spec": with(containers(pulumi.Map{"image": s(kubectl), "command": pulumi.StringArray{s("kubectl"), s("version")},
		"securityContext": with(restricted, pulumi.Map{"runAsUser": pulumi.Int(65532)})}), pulumi.Map{"restartPolicy": s("Never"), "automountServiceAccountToken": pulumi.Bool(false)})}})
	egress := func(rules ...pulumi.Input) enginetest.Resource {
		return spec(networkPolicyType, "closed", pulumi.Map{"podSelector": pulumi.Map{}, "policyTypes": pulumi.StringArray{s("Egress")}, "egress": pulumi.Array(rules)})
	}
	to := func(protocol string, port int) pulumi.Map {
		return pulumi.Map{"ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(port), "protocol": s(protocol)}}}
	}
	for name, c := range map[string]struct {
		cluster world.KubernetesCluster
		objects []enginetest.Resource
		want    string // "": they become ready
	}{
		"no ids":                       {openshift, []enginetest.Resource{pod(gateway, nil, nil)}, ""},
		"no ids, and an unknown user":  {openshift, []enginetest.Resource{pod(kubectl, nil, nil)}, ""},
		"a user of its own":            {openshift, []enginetest.Resource{pod(gateway, nil, pulumi.Map{"runAsUser": pulumi.Int(1000)})}, "provider restricted-v2: .containers[0].runAsUser: Invalid value: 1000: must be in the ranges: [1"},
		"a pod's user":                 {openshift, []enginetest.Resource{pod(gateway, pulumi.Map{"runAsUser": pulumi.Int(1000)}, nil)}, "provider restricted-v2: .containers[0].runAsUser: Invalid value: 1000"},
		"a group of its own":           {openshift, []enginetest.Resource{pod(gateway, pulumi.Map{"fsGroup": pulumi.Int(1000)}, nil)}, ".spec.securityContext.fsGroup: Invalid value: [1000]: 1000 is not an allowed group"},
		"the group of who asks":        {openshift, []enginetest.Resource{pod(gateway, pulumi.Map{"runAsGroup": pulumi.Int(1000)}, nil)}, ""},
		"privileges":                   {openshift, []enginetest.Resource{pod(gateway, nil, pulumi.Map{"allowPrivilegeEscalation": pulumi.Bool(true)})}, "provider restricted-v2: allowPrivilegeEscalation != false"},
		"elsewhere a user of its own":  {other, []enginetest.Resource{pod(gateway, nil, pulumi.Map{"runAsUser": pulumi.Int(1000)})}, ""},
		"elsewhere nobody knows whose": {other, []enginetest.Resource{pod(kubectl, nil, nil)}, "Error: container has runAsNonRoot and image will run as root (container c)"},
		"DNS at its port":              {openshift, []enginetest.Resource{egress(to("UDP", 53)), pod(gateway, nil, nil)}, "keeps the pods from the cluster's DNS (UDP 5353"},
		"DNS at that of the pods":      {openshift, []enginetest.Resource{egress(to("UDP", 5353)), pod(gateway, nil, nil)}, ""},
		"the API server's Service":     {other, []enginetest.Resource{egress(to("UDP", 53), to("TCP", 443)), job}, "NetworkPolicy closed keeps the pods from the API server (TCP 6443)"},
		"the API server's own port":    {other, []enginetest.Resource{egress(to("UDP", 53), to("TCP", 443), to("TCP", 6443)), job}, "the container has no token at"},
	} {
		t.Run(name, func(t *testing.T) {
			up := anyStack(t, c.cluster, append([]enginetest.Resource{namespace}, c.objects...)...).Up()
			if c.want == "" {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Contains(t, up.Messages(), c.want)
			if name == "the API server's own port" {
				require.NotContains(t, up.Messages(), "keeps the pods from")
			}
		})
	}
}
