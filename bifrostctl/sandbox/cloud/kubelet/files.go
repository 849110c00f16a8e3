package kubelet

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/world"
)

const (
	serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"
	// A projected token lives an hour where the pod does not say otherwise.
	tokenLifetime = time.Hour
)

// volume is a volume's files by their path in it.
type volume struct {
	files    map[string][]byte
	writable bool
}

// mount makes the files of a pod's volumes; the injected ones are among them.
func (n *Node) mount(p Pod) (map[string]*volume, error) {
	volumes := map[string]*volume{}
	for _, v := range p.Spec.Volumes {
		made, err := n.volume(p, v)
		if err != nil {
			return nil, fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", v.Name, err)
		}
		volumes[v.Name] = made
	}
	if p.Spec.AutomountServiceAccountToken == nil || *p.Spec.AutomountServiceAccountToken {
		raw, err := n.token(p, n.Cluster.Issuer, tokenLifetime)
		if err != nil {
			return nil, err
		}
		volumes[automounted] = &volume{files: map[string][]byte{"token": raw, "ca.crt": []byte(n.Cluster.CA),
			"namespace": []byte(p.Namespace)}}
	}
	for _, i := range n.injections(p) {
		raw, err := n.token(p, i.audience, tokenLifetime)
		if err != nil {
			return nil, err
		}
		volumes[i.dir] = &volume{files: map[string][]byte{i.file: raw}}
	}
	return volumes, nil
}

// automounted is the name of the volume that the ServiceAccount admission plug-in adds.
const automounted = "kube-api-access"

func (n *Node) volume(p Pod, v corev1.Volume) (*volume, error) {
	made := &volume{files: map[string][]byte{}}
	switch {
	case v.EmptyDir != nil:
		made.writable = true
	case v.Secret != nil:
		made.add(n.API.Data(Secret, p.Namespace, v.Secret.SecretName), v.Secret.Items)
	case v.ConfigMap != nil:
		made.add(n.API.Data(ConfigMap, p.Namespace, v.ConfigMap.Name), v.ConfigMap.Items)
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			if err := n.project(p, made, source); err != nil {
				return nil, err
			}
		}
	}
	return made, nil
}

func (n *Node) project(p Pod, to *volume, source corev1.VolumeProjection) error {
	switch {
	case source.ServiceAccountToken != nil:
		audience, lifetime := source.ServiceAccountToken.Audience, tokenLifetime
		if audience == "" {
			audience = n.Cluster.Issuer
		}
		if s := source.ServiceAccountToken.ExpirationSeconds; s != nil {
			lifetime = time.Duration(*s) * time.Second
		}
		raw, err := n.token(p, audience, lifetime)
		if err != nil {
			return err
		}
		to.files[source.ServiceAccountToken.Path] = raw
	case source.ConfigMap != nil && source.ConfigMap.Name == "kube-root-ca.crt":
		to.files["ca.crt"] = []byte(n.Cluster.CA)
	case source.ConfigMap != nil:
		to.add(n.API.Data(ConfigMap, p.Namespace, source.ConfigMap.Name), source.ConfigMap.Items)
	case source.Secret != nil:
		to.add(n.API.Data(Secret, p.Namespace, source.Secret.Name), source.Secret.Items)
	case source.DownwardAPI != nil:
		for _, item := range source.DownwardAPI.Items {
			if item.FieldRef != nil {
				to.files[item.Path] = []byte(fieldOf(p, item.FieldRef.FieldPath))
			}
		}
	}
	return nil
}

func (v *volume) add(data map[string][]byte, items []corev1.KeyToPath) {
	if len(items) == 0 {
		for key, content := range data {
			v.files[key] = content
		}
	}
	for _, item := range items {
		v.files[item.Path] = data[item.Key]
	}
}

func fieldOf(p Pod, field string) string {
	switch field {
	case "metadata.namespace":
		return p.Namespace
	case "metadata.name":
		return p.Name
	case "spec.serviceAccountName":
		return p.serviceAccount()
	}
	return ""
}

// token is what a TokenRequest for the pod's ServiceAccount gives.
func (n *Node) token(p Pod, audience string, lifetime time.Duration) ([]byte, error) {
	uid, _ := n.API.ServiceAccount(p.Namespace, p.serviceAccount())
	raw, err := mint.OfServiceAccount(n.World.World, n.Cluster, mint.ServiceAccount{
		Namespace: p.Namespace, Name: p.serviceAccount(), UID: uid, PodName: p.Name,
		PodUID: world.GUID("pod", p.Namespace, p.Name, n.World.Next()),
	}, audience, lifetime)
	return []byte(raw), err
}

// injection is a token, with environment variables, that a cloud's admission webhook adds to a pod.
type injection struct {
	dir, file, audience string
	env                 map[string]string
}

// injections are those of the clusters' webhooks (EKS user guide, "Configure Pods to use a Kubernetes service account" and "Learn how EKS
// Pod Identity grants pods access"; Microsoft Entra Workload ID, "Labels and annotations").
func (n *Node) injections(p Pod) []injection {
	_, annotations := n.API.ServiceAccount(p.Namespace, p.serviceAccount())
	switch {
	case n.Cluster.Cloud == "eks" && aws.Association(n.World, n.Cluster, p.Namespace, p.serviceAccount()) != nil:
		const dir, file = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount", "eks-pod-identity-token"
		return []injection{{dir, file, "pods.eks.amazonaws.com", map[string]string{
			"AWS_CONTAINER_CREDENTIALS_FULL_URI":     "http://169.254.170.23/v1/credentials",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": dir + "/" + file,
		}}}
	case n.Cluster.Cloud == "eks" && annotations["eks.amazonaws.com/role-arn"] != "":
		const dir, file = "/var/run/secrets/eks.amazonaws.com/serviceaccount", "token"
		return []injection{{dir, file, "sts.amazonaws.com", map[string]string{
			"AWS_ROLE_ARN": annotations["eks.amazonaws.com/role-arn"], "AWS_WEB_IDENTITY_TOKEN_FILE": dir + "/" + file,
		}}}
	case n.Cluster.Cloud == "aks" && p.Labels["azure.workload.identity/use"] == "true":
		const dir, file = "/var/run/secrets/azure/wi/token", "azure-identity-token"
		return []injection{{dir, file, "api://AzureADTokenExchange", map[string]string{
			"AZURE_CLIENT_ID": annotations["azure.workload.identity/client-id"], "AZURE_TENANT_ID": n.Cluster.Account,
			"AZURE_FEDERATED_TOKEN_FILE": dir + "/" + file, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
		}}}
	}
	return nil
}

// tree is what one container sees: mounted volumes, and a root that may be read-only.
type tree struct {
	mounts map[string]mounted
	root   volume
}

type mounted struct {
	volume   *volume
	sub      string
	readOnly bool
}

func newTree(p Pod, volumes map[string]*volume, c corev1.Container, injected []injection) *tree {
	t := &tree{mounts: map[string]mounted{}, root: volume{files: map[string][]byte{}, writable: true}}
	if s := c.SecurityContext; s != nil && s.ReadOnlyRootFilesystem != nil {
		t.root.writable = !*s.ReadOnlyRootFilesystem
	}
	if v := volumes[automounted]; v != nil {
		t.mounts[serviceAccountDir] = mounted{volume: v, readOnly: true}
	}
	for _, i := range injected {
		t.mounts[i.dir] = mounted{volume: volumes[i.dir], readOnly: true}
	}
	for _, m := range c.VolumeMounts {
		if v := volumes[m.Name]; v != nil {
			t.mounts[path.Clean(m.MountPath)] = mounted{v, m.SubPath, m.ReadOnly}
		}
	}
	return t
}

// place finds the volume and the path in it of a file.
func (t *tree) place(name string) (*volume, string, bool) {
	name = path.Clean("/" + name)
	best := ""
	for dir := range t.mounts {
		if (name == dir || strings.HasPrefix(name, dir+"/")) && len(dir) > len(best) {
			best = dir
		}
	}
	if best == "" {
		return &t.root, name, t.root.writable
	}
	m := t.mounts[best]
	return m.volume, path.Join(m.sub, strings.TrimPrefix(strings.TrimPrefix(name, best), "/")), m.volume.writable && !m.readOnly
}

// Read returns a file's content.
func (t *tree) Read(name string) ([]byte, error) {
	v, in, _ := t.place(name)
	content, found := v.files[in]
	if !found {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return content, nil
}

// errReadOnly is the kernel's EROFS.
var errReadOnly = fmt.Errorf("read-only file system")

func (t *tree) write(name string, content []byte) error {
	v, in, writable := t.place(name)
	if !writable {
		return &fs.PathError{Op: "open", Path: name, Err: errReadOnly}
	}
	v.files[in] = content
	return nil
}

func (t *tree) isWritable(dir string) bool {
	_, _, writable := t.place(dir)
	return writable
}
