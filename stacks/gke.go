package stacks

import (
	"encoding/base64"
	"fmt"
	"strings"

	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"

	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
	"bifrost/internal/googlegke"
)

// minGke is the oldest Kubernetes that the vendor supports on GKE.
const minGke = "1.24"

// gkeDeployment is the stack's part on GKE.
type gkeDeployment struct {
	*Config
	cluster *gkeCluster
	pull    *pulled
}

func (gkeTarget) lookUp(ctx *pulumi.Context, c *Config, provider pulumi.ProviderResource) (deployment, error) {
	cluster, err := c.lookUpGke(ctx, provider)
	if err != nil {
		return nil, err
	}
	return &gkeDeployment{Config: c, cluster: cluster}, nil
}

// identities are who pulls: a service account, or nobody that is made here.
func (d *gkeDeployment) identities(ctx *pulumi.Context) (handoff pulumi.Array, outputs pulumi.Map, err error) {
	if d.pull, err = d.gkePull().make(ctx, d.Config, d.cluster); err != nil {
		return nil, nil, err
	}
	return d.pull.handoff, nil, nil
}

func (d *gkeDeployment) workload(ctx *pulumi.Context) (pulumi.Map, error) {
	own, err := d.newGkeGatewayIdentity(ctx)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := d.gkeKubeconfig(d.cluster)
	if err != nil {
		return nil, err
	}
	onCluster, err := pulumikubernetes.NewProvider(ctx, "gke", kubernetesProviderArgs(kubeconfig, d.Gke.Context, d.cluster.id))
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	outputs, err := d.deployKubernetes(ctx, kubernetesParts{
		at: onGke, provider: onCluster, pull: d.pull.secret,
		identity: func(workload *kubernetes.BifrostWorkloadArgs) {
			onGke.runtime(d.Config, workload)
			if own != nil {
				workload.GoogleServiceAccount = own.ServiceAccountEmail
				workload.DependsOn = append(workload.DependsOn, own.Ready()...)
			}
		},
	})
	if err != nil || own == nil {
		return outputs, err
	}
	outputs["gatewayServiceAccount"] = own.ServiceAccountEmail
	return outputs, nil
}

// gkeCluster is what the look-ups say of an existing cluster.
type gkeCluster struct {
	// provider is the Google provider of the stack.
	provider pulumi.ProviderResource

	id, endpoint, caCertificate string
	// workloadPool is empty where it is off and nobody needs it; poolProject and poolNumber are its project's.
	workloadPool, poolProject, poolNumber string
	// projectNumber is that of google.projectId, and clusterProjectNumber that of the cluster's project.
	projectNumber, clusterProjectNumber string
	// nodeAccounts are the service accounts of its nodes, each once.
	nodeAccounts []string
}

// principal is the refresher's ServiceAccount as IAM knows it.
func (g *gkeCluster) principal(c *Config) string {
	return gcp.Principal(g.poolNumber, g.workloadPool, c.Gateway.Namespace, c.Refresher.ServiceAccount)
}

// lookUpGke finds the cluster and stops the stack where its workload pool is off: it is the customer's cluster. The project comes first: it
// tells whether the login reaches Google at all.
func (c *Config) lookUpGke(ctx *pulumi.Context, provider pulumi.ProviderResource) (*gkeCluster, error) {
	g := c.Gke
	number, err := c.projectNumber(ctx, "google.projectId", c.Google.ProjectId, provider)
	if err != nil {
		return nil, err
	}
	found, err := googlegke.LookUpCluster(ctx, g.ProjectId, g.Location, g.ClusterName, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("gke.clusterName: there is no cluster %s in %s of project %s, or it cannot be read: %w; see `gcloud "+
			"container clusters list --project %s` and set %s:gke.clusterName, %s:gke.location or %s:gke.projectId",
			g.ClusterName, g.Location, g.ProjectId, err, g.ProjectId, Project, Project, Project)
	}
	cluster := &gkeCluster{
		provider: provider, id: found.SelfLink, endpoint: found.Endpoint, caCertificate: found.CaCertificate(),
		workloadPool: found.WorkloadPool(), projectNumber: number, clusterProjectNumber: number,
	}
	if err := requireVersion("GKE cluster "+g.ClusterName, found.MasterVersion, c.oldestKubernetes(minGke),
		"gcloud container clusters upgrade "+g.flags()+" --master --cluster-version VERSION"); err != nil {
		return nil, err
	}
	if g.ProjectId != c.Google.ProjectId {
		if cluster.clusterProjectNumber, err = c.projectNumber(ctx, "gke.projectId", g.ProjectId, provider); err != nil {
			return nil, err
		}
	}
	if err := c.requireWorkloadPool(ctx, cluster, found); err != nil {
		return nil, err
	}
	if cluster.nodeAccounts, err = c.gkeNodeAccounts(found, cluster.clusterProjectNumber); err != nil {
		return nil, err
	}
	if c.MakesNetworkPolicies() {
		if err := c.tellEnforcement(ctx, "GKE cluster "+g.ClusterName, enforcementOnGke(found), c.EnforceOnGke()); err != nil {
			return nil, err
		}
	}
	return cluster, nil
}

// requireWorkloadPool stops a stack of which somebody signs in through the workload pool, where that is off or no node pool has the
// metadata server: pods would get the tokens of their nodes.
func (c *Config) requireWorkloadPool(ctx *pulumi.Context, cluster *gkeCluster, found *googlegke.Cluster) error {
	g := c.Gke
	refreshes := onGke.refreshes(c)
	if !refreshes && (c.Rollout == RolloutIdentity || !onGke.identified(c)) {
		return nil
	}
	pool := g.ProjectId + ".svc.id.goog"
	if cluster.workloadPool == "" {
		return fmt.Errorf("GKE cluster %s has no workload pool, through which %s; run `gcloud container clusters update %s "+
			"--workload-pool=%s`, then for each node pool `gcloud container node-pools update POOL --cluster %s --workload-metadata=%s`, "+
			"which makes its nodes anew; or set gke.pull to node", g.ClusterName, c.signsInOnGke(refreshes), g.flags(), pool, g.flags(),
			googlegke.MetadataServer)
	}
	if err := c.requireMetadataServer(ctx, found); err != nil {
		return err
	}
	cluster.poolProject = strings.TrimSuffix(cluster.workloadPool, ".svc.id.goog")
	var err error
	switch cluster.poolProject {
	case g.ProjectId:
		cluster.poolNumber = cluster.clusterProjectNumber
	case c.Google.ProjectId:
		cluster.poolNumber = cluster.projectNumber
	default:
		cluster.poolNumber, err = c.projectNumber(ctx, "gke.clusterName", cluster.poolProject, cluster.provider)
	}
	return err
}

// signsInOnGke is who signs in through the workload pool.
func (c *Config) signsInOnGke(refreshes bool) string {
	if refreshes {
		return "the refresher signs in"
	}
	return "the gateway signs in as its own service account"
}

// requireMetadataServer stops a stack on whose nodes no pod gets a token of its own, and warns where that is so on some of them.
func (c *Config) requireMetadataServer(ctx *pulumi.Context, found *googlegke.Cluster) error {
	if found.EnableAutopilot || len(found.NodePools) == 0 {
		return nil
	}
	var without []string
	for _, pool := range found.NodePools {
		if !pool.HasMetadataServer() {
			without = append(without, pool.Name)
		}
	}
	if len(without) == 0 {
		return nil
	}
	text := fmt.Sprintf("GKE cluster %s: node pools %s have not GKE's metadata server, so that pods there get the tokens of their node, "+
		"with which nobody pulls; run `gcloud container node-pools update %s --cluster %s --workload-metadata=%s`, which makes its nodes "+
		"anew", c.Gke.ClusterName, strings.Join(without, ", "), without[0], c.Gke.flags(), googlegke.MetadataServer)
	if len(without) == len(found.NodePools) {
		return fmt.Errorf("%s; or set gke.pull to node", text)
	}
	return ctx.Log.Warn(text+", or keep the pods from them: gateway.scheduling.nodeSelector and refresher.scheduling.nodeSelector with "+
		"iam.gke.io/gke-metadata-server-enabled: \"true\"", nil)
}

// gkeKubeconfig signs in with gke-gcloud-auth-plugin at every call, as the stack's provider does: with the application default credentials.
// They know no impersonation, so that with it gcloud's login is used. The plugin would keep its token beside the default kubeconfig, for
// whoever has the same current context, and take one that it finds there, whosever it is (cloud-provider-gcp, cmd/gke-gcloud-auth-plugin):
// a kubeconfig that is not there keeps it from both.
func (c *Config) gkeKubeconfig(cluster *gkeCluster) (pulumi.StringOutput, error) {
	if c.Secrets.Kubeconfig != "" {
		return secretString(c.Secrets.Kubeconfig), nil
	}
	name := c.Gke.ClusterName
	ca, err := base64.StdEncoding.DecodeString(cluster.caCertificate)
	if err != nil || len(ca) == 0 || cluster.endpoint == "" {
		return pulumi.StringOutput{}, fmt.Errorf("GKE cluster %s has no endpoint or no certificate authority yet; look with `gcloud "+
			"container clusters describe %s`, or give secrets.kubeconfig", name, c.Gke.flags())
	}
	login := &clientcmd.ExecConfig{
		APIVersion: execVersion, Command: "gke-gcloud-auth-plugin", Args: []string{"--use_application_default_credentials"},
		InteractiveMode: clientcmd.NeverExecInteractiveMode, ProvideClusterInfo: true,
	}
	if who := c.Google.ImpersonateServiceAccount; who != "" {
		login.Args = nil
		login.Env = []clientcmd.ExecEnvVar{
			{Name: "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT", Value: who}, {Name: "KUBECONFIG", Value: "/nonexistent/kubeconfig"},
		}
	}
	return execKubeconfig(onGke, name, clientcmd.Cluster{Server: "https://" + cluster.endpoint, CertificateAuthorityData: ca}, login)
}
