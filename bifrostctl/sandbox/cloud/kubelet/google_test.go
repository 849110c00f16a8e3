package kubelet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/kubelet"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
	"bifrost/bifrostctl/world"
)

const (
	puller      = "bifrost-pull-sa@acme.iam.gserviceaccount.com"
	vendors     = "hub-pull@dist.iam.gserviceaccount.com"
	gkePool     = "acme.svc.id.goog"
	gkeImage    = "europe-docker.pkg.dev/dist/hub/bifrost:1.5.2"
	gkeUser     = "serviceAccount:" + gkePool + "[bifrost/bifrost-sa]"
	gkeItself   = "principal://iam.googleapis.com/projects/456/locations/global/workloadIdentityPools/" + gkePool + "/subject/ns/bifrost/sa/bifrost-sa"
	askMetadata = `curl --silent --show-error --fail-with-body --noproxy '*' --header 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/`
	printOne    = "gcloud auth print-access-token"
)

// onGKE is a node of a GKE cluster, whose service account the vendor has allowlisted; the cluster can be changed first.
func onGKE(t *testing.T, change func(*world.GKECluster)) (*kubelet.Node, *fakeAPI) {
	t.Helper()
	w := served.New()
	gke := world.GKECluster{Name: "dev", Location: "europe-west1", Version: "1.34.1-gke.1", WorkloadIdentity: true, NodePools: []world.GKENodePool{{Name: "default-pool"}}}
	if change != nil {
		change(&gke)
	}
	w.SeedGoogle(world.GCPProject{ID: "acme", Number: "456", GKE: []world.GKECluster{gke}})
	w.SeedProject("dist", "123")
	w.SeedServiceAccount("acme", puller)
	w.SeedImpersonation("dist", vendors)
	w.SeedARRepository("dist", "europe", "hub", "serviceAccount:"+puller)
	api := &fakeAPI{data: map[string]map[string][]byte{}, annotations: map[string]string{"iam.gke.io/gcp-service-account": puller}, rights: []string{"get *", "create *", "delete *"}}
	return node(t, w, gke.Endpoint("acme"), api), api
}

// lets gives a role on a service account to a member.
func lets(n *kubelet.Node, email, role, member string) {
	project := world.ProjectOf(email, "")
	account := world.AccountPath(project, email)
	n.World.Put(&world.Resource{Type: pulumitype.GcpServiceAccountMember, Scope: project, ID: account + "/" + role + "/" + member,
		State: map[string]any{"serviceAccountId": account, "role": role, "member": member}})
}

// reads lets a member read the vendor's repository.
func reads(n *kubelet.Node, member string) {
	n.World.Settle(world.Reader("dist", "europe", "hub", member))
}

// gkeRecipe is the vendor's CronJob on GKE: the one of AKS without a credential configuration.
func gkeRecipe(t *testing.T, script ...string) kubelet.Pod {
	t.Helper()
	pod := recipe(t, cloudSDK, exchange, script...)
	pod.Spec.Volumes, pod.Spec.Containers[0].VolumeMounts, pod.Labels = nil, nil, nil
	return pod
}

const (
	isToken       = `[ -n "$TOKEN" ]`
	workloadUser  = "roles/iam.workloadIdentityUser"
	tokenCreator  = "roles/iam.serviceAccountTokenCreator"
	askNumber     = "N=$(" + askMetadata + "project/numeric-project-id); [ \"$N\" = 456 ]"
	askEmail      = "E=$(" + askMetadata + "instance/service-accounts/default/email); [ \"$E\" = "
	impersonating = fetchAs + vendors + ")"
	fetchAs       = "TOKEN=$(gcloud auth print-access-token --impersonate-service-account="
)

// TestGKERecipe: the vendor's recipe, as it stands and with its links changed, goes or fails as it does in life.
func TestGKERecipe(t *testing.T) {
	for name, c := range map[string]struct {
		cluster func(*world.GKECluster)
		given   func(*kubelet.Node, *fakeAPI)
		script  []string
		want    string
	}{
		"as it stands: the image has no kubectl": {given: func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeUser) },
			script: []string{fetch, deleteOld, createAnew}, want: "refresher container: command not found: the image has no kubectl"},
		"as it stands, up to there": {given: func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeUser) }, script: []string{fetch, isToken}},
		"nobody may act as the service account": {script: []string{fetch},
			want: "Google generateAccessToken: may not act as the service account: principal://iam.googleapis.com/projects/456/locations/global/workloadIdentityPools/acme.svc.id.goog/subject/ns/bifrost/sa/bifrost-sa does not have roles/iam.workloadIdentityUser on " + puller},
		"another namespace may": {given: func(n *kubelet.Node, _ *fakeAPI) {
			lets(n, puller, workloadUser, "serviceAccount:"+gkePool+"[default/bifrost-sa]")
		}, script: []string{fetch},
			want: "Google generateAccessToken: may not act as the service account"},
		"the principal may": {given: func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeItself) }, script: []string{fetch, isToken}},
		"all of the namespace may": {given: func(n *kubelet.Node, _ *fakeAPI) {
			lets(n, puller, workloadUser, "principalSet://iam.googleapis.com/projects/456/locations/global/workloadIdentityPools/"+gkePool+"/namespace/bifrost")
		}, script: []string{fetch, isToken}},
		"the role is of no use": {given: func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, "roles/iam.serviceAccountUser", gkeUser) }, script: []string{fetch},
			want: "Google generateAccessToken: may not act as the service account"},
		"the annotation names none that exists": {given: func(_ *kubelet.Node, api *fakeAPI) {
			api.annotations["iam.gke.io/gcp-service-account"] = "other@acme.iam.gserviceaccount.com"
		}, script: []string{fetch}, want: "Google generateAccessToken: missing: the service account other@acme.iam.gserviceaccount.com does not exist"},
		"no annotation": {given: func(_ *kubelet.Node, api *fakeAPI) { api.annotations = nil }, script: []string{fetch, isToken, askEmail + gkePool + " ]"}},
		"annotation":    {given: func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeUser) }, script: []string{askNumber, askEmail + puller + " ]"}},
		"no workload pool: the node's service account": {cluster: func(c *world.GKECluster) { c.WorkloadIdentity = false },
			script: []string{fetch, isToken, askEmail + "456-compute@developer.gserviceaccount.com ]"}},
		"a node pool without the metadata server": {
			cluster: func(c *world.GKECluster) {
				c.NodePools = append(c.NodePools, world.GKENodePool{Name: "old", Exposed: true, ServiceAccount: puller})
			},
			script: []string{fetch, isToken, askEmail + puller + " ]"},
		},
		"no header":      {script: []string{"curl --fail http://metadata.google.internal/computeMetadata/v1/project/project-id"}, want: "The requested URL returned error: 403"},
		"by its address": {script: []string{"curl --fail --header 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/project/project-id"}},
		"the vendor's service account": {given: func(n *kubelet.Node, _ *fakeAPI) {
			lets(n, puller, workloadUser, gkeUser)
			lets(n, vendors, tokenCreator, "serviceAccount:"+puller)
		}, script: []string{impersonating, isToken}},
		"the vendor's service account does not let it": {given: func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeUser) }, script: []string{impersonating},
			want: "Google generateAccessToken: may not act as the service account: serviceAccount:" + puller + " does not have " + tokenCreator + " on " + vendors},
		"the vendor's lets the principal": {given: func(n *kubelet.Node, api *fakeAPI) {
			api.annotations = nil
			lets(n, vendors, tokenCreator, gkeItself)
		}, script: []string{impersonating, isToken}},
		"the metadata server is not ready: gcloud remembers it": {
			given:  func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeUser); unready(n, 1) },
			script: []string{printOne + " || " + printOne}, want: "refresher container: no credentials: gcloud found no metadata server before",
		},
		"waited for": {
			given:  func(n *kubelet.Node, _ *fakeAPI) { lets(n, puller, workloadUser, gkeUser); unready(n, 3) },
			script: []string{"until " + askMetadata + "project/project-id; do sleep 2; done", fetch, isToken},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, api := onGKE(t, c.cluster)
			if c.given != nil {
				c.given(n, api)
			}
			failure := n.Run(gkeRecipe(t, c.script...), 1)
			if c.want == "" {
				require.Empty(t, failure)
				return
			}
			require.Contains(t, failure, c.want)
		})
	}
}

func unready(n *kubelet.Node, requests int) {
	n.World.Unready[gcp.UnreadyMetadata(n.Cluster.Server)] = requests
}

// TestGKENodesPull: a kubelet of GKE pulls as its node's service account, whatever the pod's ServiceAccount may.
func TestGKENodesPull(t *testing.T) {
	const nodes = "456-compute@developer.gserviceaccount.com"
	for name, c := range map[string]struct {
		cluster func(*world.GKECluster)
		given   func(*kubelet.Node)
		want    []string
	}{
		"the vendor knows the nodes'": {given: func(n *kubelet.Node) { reads(n, "serviceAccount:"+nodes) }},
		"the vendor knows the pod's": {want: []string{
			"Artifact Registry pull: no pull permission: serviceAccount:" + nodes + ", which the nodes of pool default-pool have, does not have roles/artifactregistry.reader on projects/dist/locations/europe/repositories/hub",
			"kubelet: no credentials: " + puller + " of the ServiceAccount never authenticates a pull; the service account of node pool default-pool does",
		}},
		"a second pool": {
			cluster: func(c *world.GKECluster) {
				c.NodePools = append(c.NodePools, world.GKENodePool{Name: "gpu", ServiceAccount: puller})
			},
			given: func(n *kubelet.Node) { reads(n, "serviceAccount:"+nodes) },
		},
		"a second pool, unknown to the vendor": {
			cluster: func(c *world.GKECluster) {
				c.NodePools = append(c.NodePools, world.GKENodePool{Name: "gpu", ServiceAccount: vendors})
			},
			given: func(n *kubelet.Node) { reads(n, "serviceAccount:"+nodes) },
			want:  []string{"which the nodes of pool gpu have, does not have roles/artifactregistry.reader"},
		},
		"scopes": {
			cluster: func(c *world.GKECluster) { c.NodePools[0].Scopes = []string{"logging.write"} },
			given:   func(n *kubelet.Node) { reads(n, "serviceAccount:"+nodes) },
			want:    []string{"kubelet: no credentials: the nodes of pool default-pool have neither the scope cloud-platform nor devstorage.read_only"},
		},
		"disabled": {
			given: func(n *kubelet.Node) {
				reads(n, "serviceAccount:"+nodes)
				n.World.Get(pulumitype.GcpServiceAccount, "acme", world.AccountPath("acme", nodes)).State["disabled"] = true
			},
			want: []string{"kubelet: missing: the service account " + nodes + " of node pool default-pool does not exist or is disabled"},
		},
		"Autopilot": {
			cluster: func(c *world.GKECluster) { c.Autopilot, c.NodePools = true, nil },
			given:   func(n *kubelet.Node) { reads(n, "serviceAccount:"+nodes) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, _ := onGKE(t, c.cluster)
			if c.given != nil {
				c.given(n)
			}
			events := n.Pull(kubelet.Pod{Namespace: "bifrost", Name: "bifrost", Spec: corev1.PodSpec{
				ServiceAccountName: "bifrost-sa", Containers: []corev1.Container{{Name: "bifrost", Image: gkeImage}},
			}})
			if len(c.want) == 0 {
				require.Empty(t, events)
				return
			}
			require.Len(t, events, 1)
			for _, want := range c.want {
				require.Contains(t, events[0], want)
			}
		})
	}
}

// TestGoogleElsewhere: nodes of other clouds have no metadata server of Google's.
func TestGoogleElsewhere(t *testing.T) {
	n, _ := onAKS(t)
	require.Contains(t, n.Run(gkeRecipe(t, askMetadata+"project/project-id"), 1), "curl: (6) Could not resolve host: metadata.google.internal")
	require.Contains(t, n.Run(gkeRecipe(t, fetch), 1), "refresher container: no credentials: gcloud has no account")
}
