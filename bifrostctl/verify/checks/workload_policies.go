package checks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/enforcement"
)

// policyEngines are DaemonSets that enforce network policies, wherever they run: the agents of Cilium (also as AKS and GKE Dataplane V2
// have them), Calico, Azure Network Policy Manager and Antrea.
var policyEngines = map[string]string{
	"cilium": enforcement.Cilium, "anetd": "GKE Dataplane V2", "calico-node": enforcement.Calico, "azure-npm": enforcement.AzureManager,
	"antrea-agent": "Antrea", "ovnkube-node": "OVN-Kubernetes", "kube-router": "kube-router",
}

// engineNamespaces are those of their manifests; the second one is that of Calico's operator, the third OpenShift's.
var engineNamespaces = []string{metav1.NamespaceSystem, "calico-system", "openshift-ovn-kubernetes"}

// fargateLabel is what EKS gives pods on Fargate, to whose nodes no network plugin comes that enforces policies (Amazon EKS user guide,
// "Limit Pod traffic with Kubernetes network policies", Considerations).
const fargateLabel = "eks.amazonaws.com/fargate-profile"

// toldEnforcement is what a cloud says of the cluster, and how it would enforce policies.
type toldEnforcement func(context.Context, Stack, service.Clouds) (verdict enforcement.Verdict, mend string)

// enforced asks the cluster itself, then its cloud, which does not know what others have installed.
func (r runs) enforced(ctx context.Context) check.Result {
	pods, err := r.objects.pods(ctx)
	if err != nil {
		return unreadable("the pods", err, r.clusterLogin())
	}
	if slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Labels[fargateLabel] != "" }) {
		return check.Fail("use security groups for pods instead, then set gateway.networkPolicy.disabled",
			"nothing enforces the stack's network policies: its pods run on Fargate")
	}
	return r.Stack.enforcement(ctx, r.clouds, r.objects.client)
}

// enforcedBefore asks the same of a cluster on which no pod runs yet.
func (s Stack) enforcedBefore(c service.Clouds, client clientFunc) check.Check {
	return check.Check{Code: "pre-network-policies", Description: "the cluster would enforce the stack's network policies",
		Run: func(ctx context.Context) check.Result { return s.enforcement(ctx, c, client) }}
}

func (s Stack) enforcement(ctx context.Context, c service.Clouds, client clientFunc) check.Result {
	seen := seenEnforcement(ctx, client)
	if seen.By != "" {
		return check.Pass("by %s", seen.By)
	}
	told, mend := s.pods().enforcement(ctx, s, c)
	switch {
	case seen.Lacking != "":
		return check.Fail(mend, "nothing enforces the stack's network policies: %s", seen.Lacking)
	case told.By != "":
		return check.Pass("by %s", told.By)
	case told.Lacking != "" && seen.Unknown == "":
		return check.Fail(mend, "nothing enforces the stack's network policies: %s", told.Lacking)
	}
	why := slices.DeleteFunc([]string{seen.Unknown, told.Lacking, told.Unknown}, func(s string) bool { return s == "" })
	return check.Warn("look with kubectl get daemonsets -A, and ask who runs the cluster what enforces network policies",
		"whether anything enforces the stack's network policies is not known: %s", strings.Join(why, "; "))
}

// seenEnforcement is what runs in the cluster; an empty one where nothing known does.
func seenEnforcement(ctx context.Context, of clientFunc) enforcement.Verdict {
	client, err := of(ctx)
	if err != nil {
		return enforcement.Verdict{Unknown: fmt.Sprintf("the cluster cannot be read: %v", err)}
	}
	var seen enforcement.Verdict
	for _, namespace := range engineNamespaces {
		found, err := client.AppsV1().DaemonSets(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			seen.Unknown = cmp.Or(seen.Unknown, fmt.Sprintf("the DaemonSets of %s cannot be read: %v", namespace, err))
			continue
		}
		for i := range found.Items {
			d := &found.Items[i]
			if by := policyEngines[d.Name]; by != "" {
				return enforcement.Verdict{By: by}
			}
			if d.Name == awsNode {
				seen = vpcCni(d)
			}
		}
	}
	if seen == (enforcement.Verdict{}) {
		return autoMode(ctx, client)
	}
	return seen
}

// awsNode is the DaemonSet of the Amazon VPC CNI, whoever keeps it.
const awsNode = "aws-node"

// vpcCni enforces policies where its agent is told to (Amazon EKS user guide, "Restrict Pod network traffic with Kubernetes network
// policies", Self-managed add-on).
func vpcCni(d *appsv1.DaemonSet) enforcement.Verdict {
	for _, c := range d.Spec.Template.Spec.Containers {
		if slices.Contains(c.Args, "--enable-network-policy=true") {
			return enforcement.Verdict{By: enforcement.VpcCni}
		}
	}
	return enforcement.Verdict{Lacking: "no container of DaemonSet " + awsNode + " has --enable-network-policy=true"}
}

// autoMode has no DaemonSet; a ConfigMap switches its policies on (Amazon EKS user guide, "Use Network Policies with EKS Auto Mode").
func autoMode(ctx context.Context, client kubernetes.Interface) enforcement.Verdict {
	found, err := client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(ctx, "amazon-vpc-cni", metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return enforcement.Verdict{}
	case err != nil:
		return enforcement.Verdict{Unknown: fmt.Sprintf("ConfigMap kube-system/amazon-vpc-cni cannot be read: %v", err)}
	case found.Data["enable-network-policy-controller"] == "true":
		return enforcement.Verdict{By: enforcement.AutoMode}
	}
	return enforcement.Verdict{}
}

func aksEnforcement(ctx context.Context, s Stack, c service.Clouds) (enforcement.Verdict, string) {
	found, err := c.AKS.Cluster(ctx, s.Config.Aks.ResourceGroup, s.Config.Aks.ClusterName)
	if err != nil {
		return enforcement.Verdict{Unknown: fmt.Sprintf("the AKS cluster cannot be read: %v", err)}, ""
	}
	return enforcement.AKS(found.NetworkPlugin, found.NetworkPolicy, found.NetworkDataplane), s.Config.EnforceOnAks()
}

func gkeEnforcement(ctx context.Context, s Stack, c service.Clouds) (enforcement.Verdict, string) {
	of := s.Config.Gke
	found, err := c.GKE.Cluster(ctx, of.ProjectId, of.Location, of.ClusterName)
	if err != nil {
		return enforcement.Verdict{Unknown: fmt.Sprintf("the GKE cluster cannot be read: %v", err)}, ""
	}
	return enforcement.GKE(found.Datapath, found.Calico), s.Config.EnforceOnGke()
}

// anyEnforcement: nobody but the cluster itself can say.
func anyEnforcement(context.Context, Stack, service.Clouds) (enforcement.Verdict, string) {
	return enforcement.Verdict{Unknown: "no DaemonSet of it runs a network plugin that is known"}, ""
}

func eksEnforcement(ctx context.Context, s Stack, c service.Clouds) (enforcement.Verdict, string) {
	name := s.Config.Eks.ClusterName
	found, err := c.EKS.Cluster(ctx, name)
	if err != nil {
		return enforcement.Verdict{Unknown: fmt.Sprintf("the EKS cluster cannot be read: %v", err)}, ""
	}
	if found.AutoMode {
		return enforcement.Verdict{Lacking: "ConfigMap kube-system/amazon-vpc-cni does not switch it on in EKS Auto Mode"},
			"kubectl create configmap amazon-vpc-cni -n kube-system --from-literal=enable-network-policy-controller=true"
	}
	configuration, err := c.EKS.AddonConfiguration(ctx, name, enforcement.EKSAddon)
	if missing(err) {
		return enforcement.Verdict{Unknown: "the EKS cluster has no add-on " + enforcement.EKSAddon},
			"helm upgrade --set enableNetworkPolicy=true aws-vpc-cni --namespace kube-system eks/aws-vpc-cni, or as the plugin was " +
				"installed"
	}
	if err != nil {
		unknown := fmt.Sprintf("the add-on %s cannot be read: %v", enforcement.EKSAddon, err)
		return enforcement.Verdict{Unknown: unknown}, s.Config.EnforceOnEks()
	}
	return enforcement.EKS(configuration), s.Config.EnforceOnEks()
}
