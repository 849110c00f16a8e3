package kubernetes_test

import (
	"context"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

const (
	namespaceType      = "kubernetes:core/v1:Namespace"
	serviceAccountType = "kubernetes:core/v1:ServiceAccount"
	secretType         = "kubernetes:core/v1:Secret"
	configMapType      = "kubernetes:core/v1:ConfigMap"
	serviceType        = "kubernetes:core/v1:Service"
	roleType           = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	roleBindingType    = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	cronJobType        = "kubernetes:batch/v1:CronJob"
	jobType            = "kubernetes:batch/v1:Job"
	deploymentType     = "kubernetes:apps/v1:Deployment"
)

var cluster = cloud.EKSCluster{Name: "dev", Region: "eu-west-1", Version: "1.33"}

func newWorld() *cloud.World {
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{ID: "111122223333", EKS: []cloud.EKSCluster{cluster, {Name: "other", Region: "eu-west-1", Version: "1.33"}}})
	w.SeedAzure(cloud.AzureSubscription{ID: "sub", Tenant: "tenant", AKS: []cloud.AKSCluster{{Name: "aks", ResourceGroup: "rg", Location: "westeurope", OIDCIssuer: true}}})
	return w
}

// serverOf returns the cluster of that name.
func serverOf(w *cloud.World, name string) *world.Cluster {
	for _, c := range w.Clusters {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func execUser(command string, args ...string) *api.AuthInfo {
	return &api.AuthInfo{Exec: &api.ExecConfig{APIVersion: "client.authentication.k8s.io/v1", Command: command, Args: args, InteractiveMode: api.NeverExecInteractiveMode}}
}

func eksUser(name string) *api.AuthInfo {
	return execUser("aws", "eks", "get-token", "--cluster-name", name, "--output", "json")
}

func kubeconfig(t *testing.T, c *world.Cluster, user *api.AuthInfo) string {
	t.Helper()
	config := api.NewConfig()
	config.Clusters["c"] = &api.Cluster{Server: c.Server, CertificateAuthorityData: []byte(c.CA)}
	config.Contexts["x"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	if user != nil {
		config.AuthInfos["u"] = user
	}
	config.CurrentContext = "x"
	text, err := clientcmd.Write(*config)
	require.NoError(t, err)
	return string(text)
}

// withAuthorityInFile is a kubeconfig that has the path of the cluster's certificate.
func withAuthorityInFile(t *testing.T, c *world.Cluster, user *api.AuthInfo) string {
	t.Helper()
	config, err := clientcmd.Load([]byte(kubeconfig(t, c, user)))
	require.NoError(t, err)
	config.Clusters["c"].CertificateAuthority, config.Clusters["c"].CertificateAuthorityData = written(t, c.CA), nil
	text, err := clientcmd.Write(*config)
	require.NoError(t, err)
	return string(text)
}

// written is the path of a file.
func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func provider(args kubernetes.ProviderArgs) func(*pulumi.Context) (pulumi.ProviderResource, error) {
	return func(ctx *pulumi.Context) (pulumi.ProviderResource, error) {
		return kubernetes.NewProvider(ctx, "kubernetes", &args)
	}
}

// mutable is how the program configures the provider.
func mutable(t *testing.T, w *cloud.World) kubernetes.ProviderArgs {
	return kubernetes.ProviderArgs{
		Kubeconfig:          pulumi.ToSecret(s(kubeconfig(t, serverOf(w, "dev"), eksUser("dev")))).(pulumi.StringOutput),
		EnableSecretMutable: pulumi.Bool(true), EnableConfigMapMutable: pulumi.Bool(true), EnableServerSideApply: pulumi.Bool(true),
	}
}

// stack returns a stack of these objects in the cluster dev.
func stack(t *testing.T, w *cloud.World, objects ...enginetest.Resource) *enginetest.Engine {
	return enginetest.New(t, w, enginetest.Program(provider(mutable(t, w)), objects...), nil)
}

func s(text string) pulumi.String { return pulumi.String(text) }

// object is a resource in the namespace app, or without one, with more properties than its name.
func object(typ, name string, more pulumi.Map) enginetest.Resource {
	metadata := pulumi.Map{"name": s(name), "namespace": s("app")}
	if typ == namespaceType {
		delete(metadata, "namespace")
	}
	props := pulumi.Map{"metadata": metadata}
	for key, v := range more {
		props[key] = v
	}
	return enginetest.Resource{Type: typ, Name: name, Props: props}
}

func annotated(r enginetest.Resource, key, value string) enginetest.Resource {
	metadata := pulumi.Map{"annotations": pulumi.StringMap{key: s(value)}}
	for k, v := range r.Props["metadata"].(pulumi.Map) {
		metadata[k] = v
	}
	props := pulumi.Map{}
	for k, v := range r.Props {
		props[k] = v
	}
	props["metadata"] = metadata
	r.Props = props
	return r
}

func base64Of(text string) pulumi.String {
	return s(base64.StdEncoding.EncodeToString([]byte(text)))
}

var (
	namespace      = object(namespaceType, "app", nil)
	serviceAccount = object(serviceAccountType, "puller", nil)
	labels         = pulumi.StringMap{"app": s("x")}
	pullSecret     = object(secretType, "pull", pulumi.Map{"type": s("kubernetes.io/dockerconfigjson"), "data": pulumi.StringMap{".dockerconfigjson": base64Of(`{"auths":{}}`)}})
	patchPull      = object(roleType, "patch", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"apiGroups": pulumi.StringArray{s("")}, "resources": pulumi.StringArray{s("secrets")}, "resourceNames": pulumi.StringArray{s("pull")}, "verbs": pulumi.StringArray{s("create"), s("patch")}}}})
	bindPull       = object(roleBindingType, "patch", pulumi.Map{"roleRef": pulumi.Map{"apiGroup": s("rbac.authorization.k8s.io"), "kind": s("Role"), "name": s("patch")}, "subjects": pulumi.Array{pulumi.Map{"kind": s("ServiceAccount"), "name": s("puller"), "namespace": s("app")}}})
)

// pod returns a pod's spec of one container, with more fields.
func pod(more pulumi.Map) pulumi.Map {
	spec := pulumi.Map{"containers": pulumi.Array{pulumi.Map{"name": s("c"), "image": s("i:1")}}}
	for key, v := range more {
		spec[key] = v
	}
	return spec
}

func job(name string, more pulumi.Map) enginetest.Resource {
	spec := pod(more)
	spec["restartPolicy"] = s("Never")
	return object(jobType, name, pulumi.Map{"spec": pulumi.Map{"template": pulumi.Map{"spec": spec}}})
}

// refresher is a Job that writes a login into the pull Secret: what the name of the Job is, as the token.
func refresher(name string) enginetest.Resource {
	login := base64.StdEncoding.EncodeToString([]byte(`{"auths":{"444455556666.dkr.ecr.eu-west-1.amazonaws.com":{"username":"AWS","password":"` + name + `"}}}`))
	manifest := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"pull","namespace":"app"},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"` + login + `"}}`
	work := pulumi.Array{pulumi.Map{"name": s("work"), "mountPath": s("/work")}}
	return job(name, pulumi.Map{
		"serviceAccountName": s("puller"),
		"initContainers": pulumi.Array{pulumi.Map{
			"name": s("write"), "image": s("public.ecr.aws/aws-cli/aws-cli:2.37.1"), "volumeMounts": work,
			"command": pulumi.ToStringArray([]string{"/bin/sh", "-c", "printf '%s' '" + manifest + "' > /work/secret.json"}),
		}},
		"containers": pulumi.Array{pulumi.Map{
			"name": s("apply"), "image": s("registry.k8s.io/kubectl:v1.34.3"), "volumeMounts": work,
			"command": pulumi.ToStringArray([]string{"kubectl", "apply", "--server-side", "--force-conflicts", "--filename=/work/secret.json"}),
		}},
		"volumes": pulumi.Array{pulumi.Map{"name": s("work"), "emptyDir": pulumi.Map{}}},
	})
}

// privateImage asks for a login.
const privateImage = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/acme:1"

// pulling is a Deployment of an image with the pull Secret.
func pulling(image string) enginetest.Resource {
	return deployment(2, pulumi.Map{
		"imagePullSecrets": pulumi.Array{pulumi.Map{"name": s("pull")}},
		"containers":       pulumi.Array{pulumi.Map{"name": s("c"), "image": s(image)}},
	})
}

func deployment(replicas int, more pulumi.Map) enginetest.Resource {
	return object(deploymentType, "web", pulumi.Map{"spec": pulumi.Map{
		"replicas": pulumi.Int(replicas), "selector": pulumi.Map{"matchLabels": labels},
		"template": pulumi.Map{"metadata": pulumi.Map{"labels": labels}, "spec": pod(more)},
	}})
}

func service(selector pulumi.StringMap) enginetest.Resource {
	return object(serviceType, "web-service", pulumi.Map{"spec": pulumi.Map{"selector": selector, "ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(80)}}}})
}

func everything() []enginetest.Resource {
	return []enginetest.Resource{
		namespace, serviceAccount, pullSecret, patchPull, bindPull,
		object(configMapType, "settings", pulumi.Map{"data": pulumi.StringMap{"a": s("b")}}),
		object(cronJobType, "refresh", pulumi.Map{"spec": pulumi.Map{"schedule": s("0 */6 * * *"), "jobTemplate": pulumi.Map{"spec": job("x", nil).Props["spec"].(pulumi.Map)}}}),
		refresher("first-run"),
		pulling("i:1"),
		service(labels),
	}
}

func TestLifecycle(t *testing.T) {
	w := newWorld()
	objects := everything()
	objects[2].Options = []pulumi.ResourceOption{pulumi.IgnoreChanges([]string{"data"})}
	e := stack(t, w, objects...)
	up := e.MustUp()
	require.Equal(t, 12, up.Changes["create"])
	require.Equal(t, "app/web", string(up.Resource("web").ID))
	require.Equal(t, "app", string(up.Resource("app").ID))
	require.Equal(t, "Active", up.Resource("app").Outputs["status"].ObjectValue()["phase"].StringValue())
	require.Equal(t, 2.0, up.Resource("web").Outputs["status"].ObjectValue()["readyReplicas"].NumberValue())
	require.NotEmpty(t, up.Resource("web-service").Outputs["spec"].ObjectValue()["clusterIP"].StringValue())
	require.Empty(t, e.MustUp().Plan())

	require.NoError(t, e.Refresh().Err)
	require.Empty(t, e.MustUp().Plan(), "the refreshed token is not reverted")
	destroyed := e.Destroy()
	require.NoError(t, destroyed.Err)
	require.Empty(t, destroyed.Snapshot.Resources)
}

func TestMetadata(t *testing.T) {
	w := newWorld()
	e := stack(t, w, namespace)
	first := e.MustUp().Resource("app").Outputs["metadata"].ObjectValue()
	require.Regexp(t, `^[0-9a-f-]{36}$`, first["uid"].StringValue())
	require.NotEmpty(t, first["creationTimestamp"].StringValue())

	e.SetProgram(enginetest.Program(provider(mutable(t, w)), annotated(namespace, "a", "b")))
	second := e.MustUp().Resource("app").Outputs["metadata"].ObjectValue()
	require.Equal(t, first["uid"], second["uid"])
	require.NotEqual(t, first["resourceVersion"], second["resourceVersion"])

	require.NoError(t, e.Destroy().Err)
	require.NotEqual(t, first["uid"], e.MustUp().Resource("app").Outputs["metadata"].ObjectValue()["uid"])
}

// A previewed change of an object must not make unknown what others take from it.
func TestPreviewKeepsWhatIsKnown(t *testing.T) {
	w := newWorld()
	named := func(value string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			p, err := provider(mutable(t, w))(ctx)
			if err != nil {
				return err
			}
			first, err := corev1.NewConfigMap(ctx, "first", &corev1.ConfigMapArgs{Metadata: metav1.ObjectMetaArgs{Name: s("first")}, Data: pulumi.StringMap{"a": s(value)}}, pulumi.Provider(p))
			if err != nil {
				return err
			}
			_, err = corev1.NewConfigMap(ctx, "second", &corev1.ConfigMapArgs{Metadata: metav1.ObjectMetaArgs{Name: s("second"), Annotations: pulumi.StringMap{"first": first.Metadata.Uid().Elem()}}}, pulumi.Provider(p))
			return err
		}
	}
	e := enginetest.New(t, w, named("1"), nil)
	uid := e.MustUp().Resource("first").Outputs["metadata"].ObjectValue()["uid"]
	require.Equal(t, uid, e.MustUp().Resource("second").Outputs["metadata"].ObjectValue()["annotations"].ObjectValue()["first"])
	e.SetProgram(named("2"))
	require.Equal(t, []string{"update ConfigMap first [data.a]"}, e.Preview().Plan())
}

func TestRefresher(t *testing.T) {
	w := newWorld()
	e := stack(t, w, namespace, serviceAccount, pullSecret, patchPull, bindPull)
	placeholder := e.MustUp().Resource("pull").Outputs["data"]
	require.True(t, placeholder.IsSecret(), "the provider marks data secret by itself")

	written := func(name string) any {
		e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, serviceAccount, pullSecret, patchPull, bindPull, refresher(name)))
		e.MustUp()
		return w.Get(secretType, serverOf(w, "dev").Server, "app/pull").State["data"].(map[string]any)[".dockerconfigjson"]
	}
	first, second := written("first"), written("second")
	require.NotEqual(t, first, second, "each run writes another token")

	refreshed := e.Refresh().Resource("pull")
	require.NotEqual(t, placeholder, refreshed.Outputs["data"])
	require.True(t, refreshed.Inputs["data"].IsSecret() || refreshed.Inputs["data"].ContainsSecrets())
	require.Equal(t, []string{`update Secret pull [data[".dockerconfigjson"]]`}, e.Preview().Plan(), "without ignoreChanges it would be reverted")
}

// An update of another field leaves alone what is ignored, even when the state has not seen the change.
func TestIgnoredChangesStay(t *testing.T) {
	w := newWorld()
	secret := pullSecret
	secret.Options = []pulumi.ResourceOption{pulumi.IgnoreChanges([]string{"data"})}
	objects := []enginetest.Resource{namespace, serviceAccount, secret, patchPull, bindPull, refresher("run")}
	e := stack(t, w, objects...)
	e.MustUp()
	live := func() any { return w.Get(secretType, serverOf(w, "dev").Server, "app/pull").State["data"] }
	token := live()
	objects[2] = annotated(secret, "a", "b")
	e.SetProgram(enginetest.Program(provider(mutable(t, w)), objects...))
	require.Contains(t, e.MustUp().Plan(), "update Secret pull [metadata.annotations]")
	require.Equal(t, token, live())
}

// failing is a Job whose container asks for a command that its image lacks.
func failing() enginetest.Resource {
	return job("run", pulumi.Map{"containers": pulumi.Array{pulumi.Map{
		"name": s("c"), "image": s("public.ecr.aws/aws-cli/aws-cli:2.37.1"), "command": pulumi.ToStringArray([]string{"/bin/sh", "-c", "kubectl get pods"}),
	}}})
}

func TestFailedJobIsReplaced(t *testing.T) {
	w := newWorld()
	e := stack(t, w, namespace, annotated(failing(), "pulumi.com/replaceUnready", "true"))
	const reason = "container c ended with exit code 127: /bin/sh: kubectl: command not found: refresher container: command not found: the image has no kubectl"
	require.Contains(t, e.Up().Messages(), reason)
	require.Contains(t, e.Up().Messages(), reason, "a failed Job stays failed")

	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, annotated(job("run", nil), "pulumi.com/replaceUnready", "true")))
	up := e.MustUp()
	require.Contains(t, strings.Join(up.Plan(), "\n"), `create-replacement Job run [`)
	require.Empty(t, e.MustUp().Plan())
}

// TestRunningJobIsReplaced: one that an interrupted up left behind goes as one that failed, and without the annotation it is waited for.
func TestRunningJobIsReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		job  enginetest.Resource
		want string
	}{
		"replaceUnready": {annotated(job("run", nil), "pulumi.com/replaceUnready", "true"), "delete-replaced Job run"},
		"without":        {job("run", nil), "update Job run"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			e := stack(t, w, namespace, c.job)
			ctx, cancel := context.WithCancel(t.Context())
			e.SetContext(ctx)
			e.Fault("type=" + jobType + ",op=create,when=after,delay=1h")
			ended := make(chan *enginetest.Result)
			go func() { ended <- e.Up() }()
			require.Eventually(t, e.FaultsMet, 30*time.Second, time.Millisecond)
			cancel()
			require.Contains(t, (<-ended).Messages(), "Resource operation was cancelled")
			e.SetContext(t.Context())

			require.Contains(t, e.MustUp().Plan(), c.want)
			require.Empty(t, e.MustUp().Plan())
		})
	}
}

// Without the annotation the provider waits for the failed Job for ever (pulumi-kubernetes #856).
func TestFailedJobStaysFailed(t *testing.T) {
	w := newWorld()
	e := stack(t, w, namespace, failing())
	require.Error(t, e.Up().Err)
	require.Contains(t, e.Up().Messages(), "the image has no kubectl")
}

func TestChanges(t *testing.T) {
	secret := func(typ, value string) enginetest.Resource {
		return object(secretType, "x", pulumi.Map{"type": s(typ), "stringData": pulumi.StringMap{"a": s(value)}})
	}
	configMap := func(value string) enginetest.Resource {
		return object(configMapType, "x", pulumi.Map{"data": pulumi.StringMap{"a": s(value)}})
	}
	bind := func(role string) enginetest.Resource {
		return object(roleBindingType, "x", pulumi.Map{"roleRef": pulumi.Map{"apiGroup": s("rbac.authorization.k8s.io"), "kind": s("Role"), "name": s(role)}})
	}
	replaced := func(kind, path string) []string {
		return []string{"delete-replaced " + kind, "replace " + kind + " [" + path + "]", "create-replacement " + kind + " [" + path + "]"}
	}
	madeFirst := func(kind, path string) []string {
		return []string{"create-replacement " + kind + " [" + path + "]", "replace " + kind + " [" + path + "]", "delete-replaced " + kind}
	}
	tests := []struct {
		name          string
		immutable     bool
		before, after enginetest.Resource
		want          []string
	}{
		{"replicas", false, deployment(1, nil), deployment(3, nil), []string{"update Deployment web [spec.replicas]"}},
		{"secret data, mutable", false, secret("Opaque", "1"), secret("Opaque", "2"), []string{"update Secret x [stringData.a]"}},
		{"secret data, immutable", true, secret("Opaque", "1"), secret("Opaque", "2"), replaced("Secret x", "stringData.a")},
		{"secret type", false, secret("Opaque", "1"), secret("example.com/other", "1"), replaced("Secret x", "type")},
		{"config map, mutable", false, configMap("1"), configMap("2"), []string{"update ConfigMap x [data.a]"}},
		{"config map, immutable", true, configMap("1"), configMap("2"), replaced("ConfigMap x", "data.a")},
		{"role of a binding", false, bind("a"), bind("b"), replaced("RoleBinding x", "roleRef.name")},
		{"job template", false, job("x", nil), job("x", pulumi.Map{"hostname": s("h")}), replaced("Job x", "spec.template.spec.hostname")},
		{"name", false, configMapNamed("x", "one"), configMapNamed("x", "two"), madeFirst("ConfigMap x", "metadata.name")},
		{"job template, without a name", false, unnamed(job("x", nil)), unnamed(job("x", pulumi.Map{"hostname": s("h")})), madeFirst("Job x", "spec.template.spec.hostname")},
		{"no name any more", false, job("x", nil), unnamed(job("x", nil)), madeFirst("Job x", "metadata.annotations metadata.name")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			args := mutable(t, w)
			if test.immutable {
				args.EnableSecretMutable, args.EnableConfigMapMutable = nil, nil
			}
			e := enginetest.New(t, w, enginetest.Program(provider(args), namespace, test.before), nil)
			e.MustUp()
			e.SetProgram(enginetest.Program(provider(args), namespace, test.after))
			require.Equal(t, test.want, e.MustUp().Plan())
			require.Empty(t, e.MustUp().Plan())
		})
	}
}

// unnamed leaves the name to the provider.
func unnamed(r enginetest.Resource) enginetest.Resource {
	metadata := maps.Clone(r.Props["metadata"].(pulumi.Map))
	delete(metadata, "name")
	r.Props = maps.Clone(r.Props)
	r.Props["metadata"] = metadata
	return r
}

func configMapNamed(logical, name string) enginetest.Resource {
	r := object(configMapType, name, nil)
	r.Name = logical
	return r
}

func TestRefused(t *testing.T) {
	volume := func(source string, fields pulumi.Map) pulumi.Map {
		return pulumi.Map{"volumes": pulumi.Array{pulumi.Map{"name": s("v"), source: fields}}}
	}
	variable := func(source, key string) pulumi.Map {
		ref := pulumi.Map{"name": s("none"), "key": s(key)}
		return pulumi.Map{"containers": pulumi.Array{pulumi.Map{"name": s("c"), "image": s("i:1"), "env": pulumi.Array{pulumi.Map{"name": s("V"), "valueFrom": pulumi.Map{source: ref}}}}}}
	}
	limits := func(memory string) pulumi.Map {
		return pulumi.Map{"containers": pulumi.Array{pulumi.Map{"name": s("c"), "image": s("i:1"), "resources": pulumi.Map{"limits": pulumi.StringMap{"memory": s(memory)}}}}}
	}
	cron := func(schedule string) enginetest.Resource {
		return object(cronJobType, "x", pulumi.Map{"spec": pulumi.Map{"schedule": s(schedule), "jobTemplate": pulumi.Map{"spec": job("x", nil).Props["spec"].(pulumi.Map)}}})
	}
	tests := []struct {
		name   string
		object enginetest.Resource
		want   string
	}{
		{"unknown type", object("kubernetes:core/v1:Pod", "x", nil), "does not model the resource type kubernetes:core/v1:Pod"},
		{"unknown property", object(configMapType, "x", pulumi.Map{"dada": pulumi.StringMap{}}), `unknown property "dada"`},
		{"unknown nested property", deployment(1, pulumi.Map{"serviceAcount": s("x")}), "spec.template.spec.serviceAcount"},
		{"wrong type", object(deploymentType, "x", pulumi.Map{"spec": pulumi.Map{"replicas": s("two")}}), "must be a whole number, not a string"},
		{"quantity", deployment(1, limits("512Mb")), "quantities must match the regular expression"},
		{"base64", object(secretType, "x", pulumi.Map{"data": pulumi.StringMap{"a": s("not base64!")}}), "illegal base64 data"},
		{"name", object(configMapType, "A_b", nil), `Invalid value: "A_b"`},
		{"generated name", enginetest.Resource{Type: configMapType, Name: "x", Props: pulumi.Map{"metadata": pulumi.Map{"generateName": s("x-"), "namespace": s("app")}}}, "is not supported in Server-Side Apply mode"},
		{"service name", object(serviceType, "1st", pulumi.Map{"spec": pulumi.Map{}}), `Invalid value: "1st"`},
		{"label", object(namespaceType, "x", pulumi.Map{"metadata": pulumi.Map{"labels": pulumi.StringMap{"a": s("b c")}}}), `Invalid value: "b c"`},
		{"data key", object(configMapType, "x", pulumi.Map{"data": pulumi.StringMap{"a b": s("c")}}), `Invalid value: "a b"`},
		{"pull secret without document", object(secretType, "x", pulumi.Map{"type": s("kubernetes.io/dockerconfigjson")}), "data[.dockerconfigjson]: Required value"},
		{"pull secret that is not JSON", object(secretType, "x", pulumi.Map{"type": s("kubernetes.io/dockerconfigjson"), "stringData": pulumi.StringMap{".dockerconfigjson": s("hush")}}), `Secret "x" is invalid: data[.dockerconfigjson]: Invalid value: "<secret contents redacted>"`},
		{"secret key", object(secretType, "x", pulumi.Map{"stringData": pulumi.StringMap{"a b": s("hush")}}), `Invalid value: "a b"`},
		{"schedule", cron("every day"), `Invalid value: "every day"`},
		{"restart policy", object(jobType, "x", pulumi.Map{"spec": pulumi.Map{"template": pulumi.Map{"spec": pod(nil)}}}), `valid values: "OnFailure", "Never"`},
		{"selector", object(deploymentType, "x", pulumi.Map{"spec": pulumi.Map{"selector": pulumi.Map{"matchLabels": labels}, "template": pulumi.Map{"spec": pod(nil)}}}), "`selector` does not match template `labels`"},
		{"exists", object(namespaceType, "app", nil), `namespaces "app" already exists`},
		{"exists in every cluster", object(namespaceType, "default", nil), `namespaces "default" already exists`},
		{"namespace", enginetest.Resource{Type: configMapType, Name: "x", Props: pulumi.Map{"metadata": pulumi.Map{"name": s("x"), "namespace": s("none")}}}, `namespaces "none" not found`},
		{"service account", deployment(1, pulumi.Map{"serviceAccountName": s("none")}), `serviceaccount "none" not found`},
		{"pull secret", pulling(privateImage), "Unable to retrieve some image pull secrets (pull)"},
		{"secret volume", deployment(1, volume("secret", pulumi.Map{"secretName": s("none")})), `secret "none" not found`},
		{"config map volume", job("x", volume("configMap", pulumi.Map{"name": s("none")})), `configmap "none" not found`},
		{"projected volume", job("x", volume("projected", pulumi.Map{"sources": pulumi.Array{pulumi.Map{"configMap": pulumi.Map{"name": s("none")}}}})), `configmap "none" not found`},
		{"secret variable", deployment(1, variable("secretKeyRef", "k")), `Error: secret "none" not found`},
		{"config map variable", deployment(1, variable("configMapKeyRef", "k")), `Error: configmap "none" not found`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ns := namespace
			ns.Name = "namespace"
			up := stack(t, newWorld(), ns, test.object).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
			require.NotContains(t, up.Messages(), "hush", "messages never hold a secret's value")
		})
	}
}

// What did not become ready exists nevertheless, and becomes ready when what it lacks has come.
func TestDeploymentConverges(t *testing.T) {
	w := newWorld()
	web := deployment(1, pulumi.Map{"serviceAccountName": s("puller")})
	e := stack(t, w, namespace, web)
	require.Error(t, e.Up().Err)
	e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, serviceAccount, web))
	require.Equal(t, []string{"create ServiceAccount puller", "update Deployment web"}, e.MustUp().Plan())
	require.Empty(t, e.MustUp().Plan())
}

func TestDeletingANamespaceDeletesWhatIsInIt(t *testing.T) {
	w := newWorld()
	ours := stack(t, w, namespace)
	ours.MustUp()
	theirs := stack(t, w, serviceAccount)
	theirs.MustUp()
	require.NoError(t, ours.Destroy().Err)
	require.Nil(t, theirs.Refresh().Resource("puller"))
}

func TestClustersAreApart(t *testing.T) {
	w := newWorld()
	stack(t, w, namespace).MustUp()
	args := kubernetes.ProviderArgs{Kubeconfig: s(kubeconfig(t, serverOf(w, "other"), eksUser("other")))}
	enginetest.New(t, w, enginetest.Program(provider(args), namespace), nil).MustUp()
}

func TestAutomaticNames(t *testing.T) {
	e := stack(t, newWorld(), enginetest.Resource{Type: namespaceType, Name: "app", Props: pulumi.Map{}})
	id := string(e.MustUp().Resource("app").ID)
	require.Regexp(t, `^app-[0-9a-f]{8}$`, id)
	require.Equal(t, id, string(e.MustUp().Resource("app").ID))
}

func TestLogin(t *testing.T) {
	w := newWorld()
	dev, aks := serverOf(w, "dev"), serverOf(w, "aks")
	foreign := &world.Cluster{Server: dev.Server, CA: aks.CA}
	entra := func(login string) *api.AuthInfo {
		return execUser("kubelogin", "get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630", "--login", login)
	}
	const asked = "the server has asked for the client to provide credentials"
	tests := []struct {
		name, kubeconfig, context string
		want                      string // "": it logs in
	}{
		{"EKS token", kubeconfig(t, dev, eksUser("dev")), "", ""},
		{"AKS through the Azure CLI", kubeconfig(t, aks, entra("azurecli")), "", ""},
		{"AKS through a workload identity", kubeconfig(t, aks, entra("workloadidentity")), "", ""},
		{"bearer token", kubeconfig(t, dev, &api.AuthInfo{Token: "t"}), "", ""},
		{"client certificate", kubeconfig(t, dev, &api.AuthInfo{ClientCertificateData: []byte("c"), ClientKeyData: []byte("k")}), "x", ""},
		{"no user", kubeconfig(t, dev, nil), "", asked},
		{"user without credentials", kubeconfig(t, dev, &api.AuthInfo{}), "", asked},
		{"device code", kubeconfig(t, aks, entra("devicecode")), "", "asks a person to log in"},
		{"token of another cluster", kubeconfig(t, dev, eksUser("other")), "", asked},
		{"EKS token for AKS", kubeconfig(t, aks, eksUser("aks")), "", asked},
		{"unknown command", kubeconfig(t, dev, execUser("tool")), "", `the sandbox does not know the command "tool"`},
		{"unknown context", kubeconfig(t, dev, eksUser("dev")), "y", `context "y" does not exist`},
		{"unknown server", kubeconfig(t, &world.Cluster{Server: "https://nowhere.example.com"}, eksUser("dev")), "", "lookup nowhere.example.com: no such host"},
		{"another cluster's CA", kubeconfig(t, foreign, eksUser("dev")), "", "certificate signed by unknown authority"},
		{"the path of a file", written(t, kubeconfig(t, dev, eksUser("dev"))), "", ""},
		{"the authority in a file", withAuthorityInFile(t, dev, eksUser("dev")), "", ""},
		{"no kubeconfig", "", "", "no configuration has been provided"},
		{"not a kubeconfig", "- a", "", "it is no kubeconfig"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", "")
			args := kubernetes.ProviderArgs{}
			if test.kubeconfig != "" {
				args.Kubeconfig = s(test.kubeconfig)
			}
			if test.context != "" {
				args.Context = s(test.context)
			}
			up := enginetest.New(t, newWorld(), enginetest.Program(provider(args), namespace), nil).Up()
			if test.want == "" {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), "configured Kubernetes cluster is unreachable")
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

// A kubeconfig that a preview cannot know yet is not tried; one that is known later goes to the same cluster.
func TestUnknownKubeconfig(t *testing.T) {
	w := newWorld()
	text := kubeconfig(t, serverOf(w, "dev"), eksUser("dev"))
	args := func(ctx *pulumi.Context) pulumi.StringInput {
		if ctx.DryRun() {
			return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
		}
		return s(text)
	}
	e := enginetest.New(t, w, func(ctx *pulumi.Context) error {
		return enginetest.Program(provider(kubernetes.ProviderArgs{Kubeconfig: args(ctx), ClusterIdentifier: s("arn")}), namespace)(ctx)
	}, nil)
	e.MustUp()
	require.NotContains(t, e.Preview().Plan(), "replace Namespace app [metadata]")
	require.Zero(t, e.Preview().Changes["replace"])
}

func TestAnotherClusterReplacesEverything(t *testing.T) {
	w := newWorld()
	at := func(name string) pulumi.RunFunc {
		return enginetest.Program(provider(kubernetes.ProviderArgs{Kubeconfig: s(kubeconfig(t, serverOf(w, name), eksUser(name)))}), namespace)
	}
	e := enginetest.New(t, w, at("dev"), nil)
	e.MustUp()
	e.SetProgram(at("other"))
	require.Equal(t, 2, e.MustUp().Changes["replace"], "the provider and the namespace")
	require.Nil(t, w.Get(namespaceType, serverOf(w, "dev").Server, "app"))
	require.NotNil(t, w.Get(namespaceType, serverOf(w, "other").Server, "app"))
}

// TestBroadRightsAreReported: the Role that customers write by hand lets its ServiceAccount read and make every Secret.
func TestBroadRightsAreReported(t *testing.T) {
	rules := func(more pulumi.Map) enginetest.Resource {
		rule := pulumi.Map{"apiGroups": pulumi.StringArray{s("")}, "resources": pulumi.StringArray{s("secrets")}, "verbs": pulumi.ToStringArray([]string{"get", "create", "delete"})}
		for key, v := range more {
			rule[key] = v
		}
		return object(roleType, "patch", pulumi.Map{"rules": pulumi.Array{rule}})
	}
	w := newWorld()
	stack(t, w, namespace, serviceAccount, rules(nil), bindPull, job("run", pulumi.Map{"serviceAccountName": s("puller")})).MustUp()
	require.Equal(t, []string{"ServiceAccount app/puller may get, create, delete every Secret of its namespace; give its Role resourceNames, and no verb but create and patch"}, w.Warnings)

	w = newWorld()
	named := rules(pulumi.Map{"resourceNames": pulumi.StringArray{s("pull")}})
	stack(t, w, namespace, serviceAccount, named, bindPull, job("run", pulumi.Map{"serviceAccountName": s("puller")})).MustUp()
	require.Empty(t, w.Warnings)
}

// A headless Service has no address, and nobody waits for its pods.
func TestHeadlessService(t *testing.T) {
	headless := object(serviceType, "peers", pulumi.Map{"spec": pulumi.Map{"clusterIP": s("None"), "selector": labels, "ports": pulumi.Array{pulumi.Map{"port": pulumi.Int(80)}}}})
	e := stack(t, newWorld(), namespace, headless)
	require.Equal(t, "None", e.MustUp().Resource("peers").Outputs["spec"].ObjectValue()["clusterIPs"].ArrayValue()[0].StringValue())
	require.Empty(t, e.MustUp().Plan())
}
