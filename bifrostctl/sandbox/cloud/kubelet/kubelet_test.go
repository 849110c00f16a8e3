package kubelet_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/kubelet"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services"
	"bifrost/bifrostctl/world"
)

// fakeAPI is an API server with a few objects.
type fakeAPI struct {
	data        map[string]map[string][]byte
	annotations map[string]string
	// rights are "verb name", with "*" for every name.
	rights  []string
	applied string
}

func (f *fakeAPI) Data(kind, _, name string) map[string][]byte { return f.data[kind+"/"+name] }

func (f *fakeAPI) ServiceAccount(string, string) (string, map[string]string) {
	return "uid", f.annotations
}

func (f *fakeAPI) May(_ string, _ []string, verb, _, _, name string) bool {
	return slices.Contains(f.rights, verb+" "+name) || slices.Contains(f.rights, verb+" *")
}

func (f *fakeAPI) ApplySecret(manifest []byte) error {
	var object struct {
		Metadata struct{ Name string }
	}
	f.applied = string(manifest)
	return json.Unmarshal(manifest, &object)
}

func (f *fakeAPI) DeleteSecret(string, string) bool { return false }

const (
	tenant  = "00000000-0000-4000-8000-000000000002"
	account = "111122223333"
	// vendorConfig is a credential configuration as the vendor sends it.
	vendorConfig = `{"type":"external_account","audience":"//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/hub-pool/providers/hub-provider",
		"subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token",
		"service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/pull@dist.iam.gserviceaccount.com:generateAccessToken",
		"credential_source":{"file":"/var/run/secrets/azure/tokens/azure-identity-token","format":{"type":"text"}}}`
)

// onAKS is a node of an AKS cluster, whose issuer the vendor trusts for one subject.
func onAKS(t *testing.T) (*kubelet.Node, *fakeAPI) {
	t.Helper()
	w := served.New()
	aks := world.AKSCluster{Name: "dev", ResourceGroup: "rg", Location: "westeurope", Version: "1.34.0", OIDCIssuer: true, WorkloadIdentity: true}
	w.SeedAzure(world.AzureSubscription{ID: "s", Tenant: tenant, AKS: []world.AKSCluster{aks}})
	w.SeedProject("dist", "123")
	w.SeedFederation(world.Federation{
		Project: "dist", Number: "123", Pool: "hub-pool", Provider: "hub-provider", Email: "pull@dist.iam.gserviceaccount.com",
		Issuer: aks.Issuer(tenant), Audience: "api://AzureADTokenExchange", Condition: "assertion.sub == 'system:serviceaccount:bifrost:bifrost-sa'",
		Subject: "system:serviceaccount:bifrost:bifrost-sa",
	})
	api := &fakeAPI{data: map[string]map[string][]byte{"ConfigMap/gcp-credential-config": {"credential-config.json": []byte(vendorConfig)}}}
	return node(t, w, aks.Endpoint(tenant), api), api
}

// onEKS is a node of an EKS cluster.
func onEKS(t *testing.T) (*kubelet.Node, *fakeAPI) {
	t.Helper()
	w := served.New()
	eks := world.EKSCluster{Name: "dev", Region: "us-east-1", Version: "1.34", OIDCProvider: true, NodeRoles: []string{"dev-node"}}
	w.SeedAWS(world.AWSAccount{ID: account, EKS: []world.EKSCluster{eks}})
	w.SeedECR(world.ECRRepository{Account: "444455556666", Region: "us-east-1", Name: "hub", Allowlist: []string{"arn:aws:iam::111122223333:role/BifrostECRPullRole"}})
	api := &fakeAPI{}
	return node(t, w, eks.Endpoint(account), api), api
}

func node(t *testing.T, w *served.World, server string, api kubelet.API) *kubelet.Node {
	t.Helper()
	require.NoError(t, services.Start(w))
	t.Cleanup(func() { require.NoError(t, services.Stop(w)) })
	return &kubelet.Node{World: w, Cluster: w.Clusters[server], API: api}
}

// recipe is a refresher as customers write it by hand: one container with shell, gcloud and kubectl, run as the gateway's
// ServiceAccount.
func recipe(t *testing.T, image, audience string, script ...string) kubelet.Pod {
	t.Helper()
	var spec corev1.PodSpec
	require.NoError(t, yaml.Unmarshal([]byte(`
serviceAccountName: bifrost-sa
containers:
- name: token-refresh
  command: [/bin/bash, -c]
  volumeMounts:
  - {name: config, mountPath: /etc/gcp, readOnly: true}
  - {name: token, mountPath: /var/run/secrets/azure/tokens, readOnly: true}
volumes:
- {name: config, configMap: {name: gcp-credential-config}}
- name: token
  projected: {sources: [{serviceAccountToken: {path: azure-identity-token, expirationSeconds: 3600, audience: "`+audience+`"}}]}
`), &spec))
	spec.Containers[0].Image = image
	spec.Containers[0].Args = []string{strings.Join(append([]string{"set -e"}, script...), "\n")}
	return kubelet.Pod{Namespace: "bifrost", Name: "refresh", Labels: map[string]string{"azure.workload.identity/use": "true"}, Spec: spec}
}

const (
	cloudSDK = "google/cloud-sdk:slim"
	exchange = "api://AzureADTokenExchange"

	ignored    = "export GOOGLE_APPLICATION_CREDENTIALS=/etc/gcp/credential-config.json"
	override   = "export CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=/etc/gcp/credential-config.json"
	writable   = "export HOME=/tmp"
	fetch      = "TOKEN=$(gcloud auth print-access-token)"
	deleteOld  = "kubectl delete secret ar-pull-secret --ignore-not-found -n bifrost"
	createAnew = `kubectl create secret docker-registry ar-pull-secret --docker-server=europe-docker.pkg.dev --docker-username=oauth2accesstoken --docker-password="$TOKEN" -n bifrost`
)

// TestRecipes: what customers run by hand fails here where it fails in life.
func TestRecipes(t *testing.T) {
	for name, c := range map[string]struct {
		pod  func(t *testing.T) kubelet.Pod
		want string
	}{
		"gcloud never reads GOOGLE_APPLICATION_CREDENTIALS": {
			func(t *testing.T) kubelet.Pod {
				return recipe(t, cloudSDK, exchange, ignored, fetch, deleteOld, createAnew)
			},
			"container token-refresh ended with exit code 1: ERROR: (gcloud.auth.print-access-token) You do not currently have an active account selected.: refresher container: no credentials",
		},
		"the image has no kubectl": {
			func(t *testing.T) kubelet.Pod {
				return recipe(t, cloudSDK, exchange, override, fetch, deleteOld, createAnew)
			},
			"container token-refresh ended with exit code 127: /bin/sh: kubectl: command not found: refresher container: command not found: the image has no kubectl",
		},
		"the AWS CLI's image has no kubectl either": {
			func(t *testing.T) kubelet.Pod {
				return recipe(t, "public.ecr.aws/aws-cli/aws-cli:2.37.1", exchange, deleteOld)
			},
			"command not found: the image has no kubectl",
		},
		"kubectl's image has no shell": {
			func(t *testing.T) kubelet.Pod {
				return recipe(t, "registry.k8s.io/kubectl:v1.34.3", exchange, deleteOld)
			},
			`exec: "/bin/bash": executable file not found in $PATH`,
		},
		"the token has another audience": {
			func(t *testing.T) kubelet.Pod { return recipe(t, cloudSDK, "api://other", override, fetch) },
			"Google STS token exchange: audience mismatch: the token has [api://other], the provider allows [api://AzureADTokenExchange]",
		},
		"the root is read-only and gcloud has no directory of its own": {
			func(t *testing.T) kubelet.Pod {
				pod, readOnly := recipe(t, cloudSDK, exchange, override, writable, fetch), true
				pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{ReadOnlyRootFilesystem: &readOnly}
				return pod
			},
			"gcloud cannot write its configuration to /tmp/.config/gcloud",
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, api := onAKS(t)
			failure := n.Run(c.pod(t), 2)
			require.Contains(t, failure, c.want)
			require.Empty(t, api.applied)
		})
	}
}

func TestRecipeWithItsErrorsMended(t *testing.T) {
	n, _ := onAKS(t)
	require.Empty(t, n.Run(recipe(t, cloudSDK, exchange, override, fetch, `[ -n "$TOKEN" ]`), 1))
}

// TestWrongIssuer: Google's side trusts Entra, and is shown the cluster's own token, as the recipe's files do.
func TestWrongIssuer(t *testing.T) {
	n, _ := onAKS(t)
	for _, r := range n.World.Resources {
		if r.Type == pulumitype.GcpPoolProvider {
			r.State["oidc"] = map[string]any{"issuerUri": "https://sts.windows.net/" + tenant + "/", "allowedAudiences": []any{exchange}}
		}
	}
	failure := n.Run(recipe(t, cloudSDK, exchange, override, fetch), 1)
	require.Contains(t, failure, "Google STS token exchange: issuer mismatch: the token has https://westeurope.oic.prod-aks.azure.com/")
}

// TestGatewayRoleNeverPulls: the recipe gives the pull role to the gateway's ServiceAccount, and no pull Secret.
func TestGatewayRoleNeverPulls(t *testing.T) {
	n, api := onEKS(t)
	api.annotations = map[string]string{"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/BifrostECRPullRole"}
	events := n.Pull(kubelet.Pod{Namespace: "bifrost", Name: "bifrost", Spec: corev1.PodSpec{
		ServiceAccountName: "bifrost-sa", Containers: []corev1.Container{{Name: "bifrost", Image: "444455556666.dkr.ecr.us-east-1.amazonaws.com/hub:1.5.2"}},
	}})
	require.Len(t, events, 1)
	require.Contains(t, events[0], "Amazon ECR GetAuthorizationToken: no token permission: no policy of arn:aws:iam::111122223333:role/dev-node")
	require.Contains(t, events[0], "kubelet: no credentials: arn:aws:iam::111122223333:role/BifrostECRPullRole of the ServiceAccount never authenticates a pull")
}

// TestKubectlAsksRBAC: the token's audience must be the API server's, and each command needs its verbs.
func TestKubectlAsksRBAC(t *testing.T) {
	manifest := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"pull","namespace":"bifrost"},"data":{}}`
	apply := func(rights ...string) (string, *fakeAPI) {
		n, api := onAKS(t)
		api.rights = rights
		api.data["ConfigMap/manifest"] = map[string][]byte{"secret.json": []byte(manifest)}
		return n.Run(kubelet.Pod{Namespace: "bifrost", Name: "x", Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "apply", Image: "registry.k8s.io/kubectl:v1.34.3", VolumeMounts: []corev1.VolumeMount{{Name: "m", MountPath: "/work"}},
				Command: []string{"kubectl", "apply", "--server-side", "--force-conflicts", "--filename=/work/secret.json"},
			}},
			Volumes: []corev1.Volume{{Name: "m", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "manifest"}}}}},
		}}, 1), api
	}
	failure, api := apply("patch pull", "create pull")
	require.Empty(t, failure)
	require.JSONEq(t, manifest, api.applied)
	failure, _ = apply("patch pull")
	require.Contains(t, failure, `secrets "pull" is forbidden: User "system:serviceaccount:bifrost:default" cannot create resource "secrets"`)
	failure, _ = apply("create pull", "patch other")
	require.Contains(t, failure, "Kubernetes API server: forbidden: system:serviceaccount:bifrost:default may not patch secret bifrost/pull")
}
