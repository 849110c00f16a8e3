package kubernetes

import (
	"cmp"
	_ "embed" // the script
	"maps"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/utils/ptr"

	"bifrost/internal/component"
)

// refresher is what the arguments come to, with the defaults filled in. Nothing changes it.
type refresher struct {
	namespace      pulumi.StringInput
	labels         map[string]string
	registryHost   string
	secretName     string
	serviceAccount string
	schedule       string
	kubectlImage   string
	ipFamily       string
	pods           PullSecretPodArgs
	source         tokenSource
}

// tokenSource is all that tells one registry from another.
type tokenSource struct {
	// secretName, cronJobName and schedule are the defaults.
	secretName, cronJobName, schedule string
	// image has the CLI that the script calls.
	image, script string
	// user goes with the token in the pull Secret.
	user      string
	tokenLife time.Duration
	// agents on the node give the pods their credentials; nil where none does.
	agents []nodeAgent
	// annotations of the ServiceAccount say as whom it signs in.
	annotations pulumi.StringMap
	// credentialConfig is a document that the CLI signs in with, mounted at credentialConfigDir; nil where it needs none.
	credentialConfig pulumi.StringInput
	// inputs are the values besides the script that decide which token comes out.
	inputs  pulumi.StringArray
	env     corev1.EnvVarArray
	mounts  corev1.VolumeMountArray
	volumes corev1.VolumeArray
}

func (a *PullSecretArgs) refresher() refresher {
	source := a.tokenSource()
	return refresher{
		namespace: a.Namespace, labels: a.Labels, registryHost: a.RegistryHost,
		secretName:     cmp.Or(a.SecretName, source.secretName),
		serviceAccount: cmp.Or(a.ServiceAccount, DefaultPullServiceAccount),
		schedule:       cmp.Or(a.Schedule, source.schedule),
		kubectlImage:   cmp.Or(a.KubectlImage, DefaultKubectlImage),
		ipFamily:       a.IpFamily,
		pods:           ptr.Deref(a.Pods, PullSecretPodArgs{}),
		source:         source,
	}
}

func (a *PullSecretArgs) tokenSource() tokenSource {
	if a.Ecr != nil {
		return a.Ecr.tokenSource()
	}
	return a.ArtifactRegistry.tokenSource()
}

func (r refresher) meta(objectName pulumi.StringInput) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: objectName, Namespace: r.namespace, Labels: component.Merge(r.labels)}
}

// podLabels are what the refresher's pods are picked by, of a scheduled run and of the first one.
func (r refresher) podLabels() map[string]string {
	return map[string]string{"app": r.source.cronJobName}
}

// podMeta is the metadata of the refresher's pods, with further annotations. Meshes leave them alone: a first run with a proxy beside it
// would never end.
func (r refresher) podMeta(further pulumi.StringMap) *metav1.ObjectMetaArgs {
	annotations := component.Merge(outsideMesh.annotations, r.pods.Annotations)
	maps.Copy(annotations, further)
	return &metav1.ObjectMetaArgs{
		Labels: component.Merge(outsideMesh.labels, r.labels, r.pods.Labels, r.podLabels()), Annotations: annotations,
	}
}

//go:embed scripts/trust_network.sh
var trustNetworkScript string

//go:embed scripts/write_secret.sh
var writeSecretScript string

// tokenScript gets a token with a CLI's command, and writes the Secret's manifest. The shell runs what is given as first before the
// command. When the command fails, the last line of the log names the hop, such as "exchange at Google Cloud failed".
func tokenScript(first, command, hop string) string {
	// Without a pipe: a POSIX shell has no pipefail, and would miss that the command failed.
	return "set -eu\numask 077\n" + trustNetworkScript + first +
		"token=$(" + command + ") || { echo \"" + hop + " failed\" >&2; exit 1; }\n" + writeSecretScript
}
