package kubernetes_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
)

// containers is a list of one container with more fields.
func containers(more pulumi.Map) pulumi.Map {
	container := pulumi.Map{"name": s("c"), "image": s("i:1")}
	for key, v := range more {
		container[key] = v
	}
	return pulumi.Map{"containers": pulumi.Array{container}}
}

// What the API server's own validation refuses is refused in a preview already, in its words.
func TestInvalid(t *testing.T) {
	cron := func(more pulumi.Map) enginetest.Resource {
		spec := pulumi.Map{"schedule": s("0 * * * *"), "jobTemplate": pulumi.Map{"spec": job("x", nil).Props["spec"].(pulumi.Map)}}
		for key, v := range more {
			spec[key] = v
		}
		return object(cronJobType, "x", pulumi.Map{"spec": spec})
	}
	port := func(port pulumi.Map) enginetest.Resource {
		return object(serviceType, "x", pulumi.Map{"spec": pulumi.Map{"ports": pulumi.Array{port}}})
	}
	jobSpec := func(more pulumi.Map) enginetest.Resource {
		spec := pulumi.Map{"template": pulumi.Map{"spec": pod(pulumi.Map{"restartPolicy": s("Never")})}}
		for key, v := range more {
			spec[key] = v
		}
		return object(jobType, "x", pulumi.Map{"spec": spec})
	}
	tests := []struct {
		name   string
		object enginetest.Resource
		want   string
	}{
		{"no container", deployment(1, pulumi.Map{"containers": pulumi.Array{}}), `Deployment.apps "web" is invalid: spec.template.spec.containers: Required value`},
		{"replicas", deployment(-1, nil), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
		{"request over limit", deployment(1, containers(pulumi.Map{"resources": pulumi.Map{"limits": pulumi.StringMap{"memory": s("1Gi")}, "requests": pulumi.StringMap{"memory": s("2Gi")}}})), "resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi"},
		{"mount without volume", deployment(1, containers(pulumi.Map{"volumeMounts": pulumi.Array{pulumi.Map{"name": s("v"), "mountPath": s("/v")}}})), `volumeMounts[0].name: Not found: "v"`},
		{"probe without handler", deployment(1, containers(pulumi.Map{"livenessProbe": pulumi.Map{"periodSeconds": pulumi.Int(5)}})), "must specify a handler type"},
		{"container port", deployment(1, containers(pulumi.Map{"ports": pulumi.Array{pulumi.Map{"containerPort": pulumi.Int(70000)}}})), "must be between 1 and 65535"},
		{"pull policy", deployment(1, containers(pulumi.Map{"imagePullPolicy": s("Sometimes")})), `imagePullPolicy: Unsupported value: "Sometimes"`},
		{"variable's name", deployment(1, containers(pulumi.Map{"env": pulumi.Array{pulumi.Map{"name": s("A=B")}}})), "env[0].name: Invalid value"},
		{"spread without topology", deployment(1, pulumi.Map{"topologySpreadConstraints": pulumi.Array{pulumi.Map{"maxSkew": pulumi.Int(1), "topologyKey": s(""), "whenUnsatisfiable": s("DoNotSchedule")}}}), "topologyKey: Required value"},
		{"job's restart policy", jobSpec(pulumi.Map{"template": pulumi.Map{"spec": pod(pulumi.Map{"restartPolicy": s("Always")})}}), `Job.batch "x" is invalid: spec.template.spec.restartPolicy`},
		{"job's backoff", jobSpec(pulumi.Map{"backoffLimit": pulumi.Int(-1)}), "spec.backoffLimit: Invalid value: -1"},
		{"job's foreign labels", jobSpec(pulumi.Map{"template": pulumi.Map{"metadata": pulumi.Map{"labels": pulumi.StringMap{"job-name": s("other")}}, "spec": pod(pulumi.Map{"restartPolicy": s("Never")})}}), `spec.template.metadata.labels[job-name]`},
		{"concurrency", cron(pulumi.Map{"concurrencyPolicy": s("Once")}), `CronJob.batch "x" is invalid: spec.concurrencyPolicy: Unsupported value: "Once"`},
		{"time zone", cron(pulumi.Map{"timeZone": s("Mars/Olympus")}), "spec.timeZone: Invalid value"},
		{"service port", port(pulumi.Map{"port": pulumi.Int(0)}), `Service "x" is invalid: [spec.ports[0].port: Invalid value: 0`},
		{"protocol", port(pulumi.Map{"port": pulumi.Int(80), "protocol": s("HTTP")}), `spec.ports[0].protocol: Unsupported value: "HTTP"`},
		{"rule without verbs", object(roleType, "x", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"apiGroups": pulumi.StringArray{s("")}, "resources": pulumi.StringArray{s("secrets")}, "verbs": pulumi.StringArray{}}}}), `Role.rbac.authorization.k8s.io "x" is invalid: rules[0].verbs: Required value`},
		{"binding's subject", object(roleBindingType, "x", pulumi.Map{"roleRef": bindPull.Props["roleRef"], "subjects": pulumi.Array{pulumi.Map{"kind": s("Robot"), "name": s("r")}}}), `subjects[0].kind: Unsupported value: "Robot"`},
		{"Pod Security level", object(namespaceType, "x", pulumi.Map{"metadata": pulumi.Map{"name": s("x"), "labels": pulumi.StringMap{"pod-security.kubernetes.io/enforce": s("strict")}}}), "must be one of privileged, baseline, restricted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			preview := stack(t, newWorld(), namespace, test.object).Preview()
			require.Error(t, preview.Err)
			require.Contains(t, preview.Messages(), test.want)
		})
	}
}

// What neither the provider replaces nor the API server changes.
func TestImmutable(t *testing.T) {
	withSpec := func(r enginetest.Resource, key string, value pulumi.Input) enginetest.Resource {
		spec := pulumi.Map{key: value}
		for k, v := range r.Props["spec"].(pulumi.Map) {
			spec[k] = v
		}
		return object(r.Type, r.Name, pulumi.Map{"spec": spec})
	}
	sealed := func(immutable bool) enginetest.Resource {
		return object(secretType, "x", pulumi.Map{"immutable": pulumi.Bool(immutable)})
	}
	tests := []struct {
		name          string
		before, after enginetest.Resource
		want          string
	}{
		{"pod failure policy", job("x", nil), withSpec(job("x", nil), "podFailurePolicy", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"action": s("Ignore"), "onPodConditions": pulumi.Array{pulumi.Map{"type": s("DisruptionTarget"), "status": s("True")}}}}}), "spec.podFailurePolicy: Invalid value: "},
		{"immutable secret", sealed(true), sealed(false), "immutable: Forbidden: field is immutable when `immutable` is set"},
		{"service's address family", service(nil), withSpec(service(nil), "ipFamilies", pulumi.StringArray{s("IPv6")}), "spec.ipFamilies[0]: Invalid value: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			e := stack(t, w, namespace, test.before)
			e.MustUp()
			e.SetProgram(enginetest.Program(provider(mutable(t, w)), namespace, test.after))
			up := e.Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

func TestDefaults(t *testing.T) {
	w := newWorld()
	stack(t, w, namespace, job("run", nil), deployment(1, nil)).MustUp()
	live := func(typ, id string) map[string]any { return w.Get(typ, serverOf(w, "dev").Server, id).State }
	jobState, uid := live(jobType, "app/run"), live(jobType, "app/run")["metadata"].(map[string]any)["uid"]
	spec := jobState["spec"].(map[string]any)
	require.Equal(t, map[string]any{"matchLabels": map[string]any{"batch.kubernetes.io/controller-uid": uid}}, spec["selector"])
	labels := spec["template"].(map[string]any)["metadata"].(map[string]any)["labels"].(map[string]any)
	require.Equal(t, "run", labels["batch.kubernetes.io/job-name"])
	require.Equal(t, 6.0, spec["backoffLimit"])
	require.Equal(t, "RollingUpdate", live(deploymentType, "app/web")["spec"].(map[string]any)["strategy"].(map[string]any)["type"])
}

func TestPodSecurity(t *testing.T) {
	enforcing := object(namespaceType, "app", pulumi.Map{"metadata": pulumi.Map{"name": s("app"), "labels": pulumi.StringMap{"pod-security.kubernetes.io/enforce": s("restricted")}}})
	allowed := containers(pulumi.Map{"securityContext": restricted})
	const refusal = `FailedCreate: Error creating: pods "%s-" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)`
	tests := []struct {
		name      string
		namespace enginetest.Resource
		object    enginetest.Resource
		want      string // "": it becomes ready
	}{
		{"deployment", enforcing, deployment(1, nil), fmt.Sprintf(refusal, "web")},
		{"job", enforcing, job("run", nil), fmt.Sprintf(refusal, "run")},
		{"allowed deployment", enforcing, deployment(1, allowed), ""},
		{"namespace without label", namespace, deployment(1, nil), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := stack(t, newWorld(), test.namespace, test.object).Up()
			if test.want == "" {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

func TestPullSecretNeedsALogin(t *testing.T) {
	const host = "444455556666.dkr.ecr.eu-west-1.amazonaws.com"
	holding := func(document string) enginetest.Resource {
		return object(secretType, "pull", pulumi.Map{"type": s("kubernetes.io/dockerconfigjson"), "data": pulumi.StringMap{".dockerconfigjson": base64Of(document)}})
	}
	const refused = "ImagePullBackOff: pull Secret: no credentials: pull holds no login for " + host
	const strange = "Amazon ECR pull: invalid: the login is not one that ECR gave"
	tests := []struct{ name, document, image, want string }{
		{"placeholder", `{"auths":{}}`, privateImage, refused},
		{"another registry", `{"auths":{"example.com":{"auth":"dTpw"}}}`, privateImage, refused},
		{"entry without login", `{"auths":{"` + host + `":{}}}`, privateImage, refused},
		{"login", `{"auths":{"` + host + `":{"auth":"dTpw"}}}`, privateImage, strange},
		{"login under a URL", `{"auths":{"https://` + host + `/v2/":{"auth":"dTpw"}}}`, privateImage, strange},
		{"Artifact Registry", `{"auths":{}}`, "europe-docker.pkg.dev/p/r/i:1", "pull holds no login for europe-docker.pkg.dev"},
		{"public image", `{"auths":{}}`, "public.ecr.aws/aws-cli/aws-cli:2", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := stack(t, newWorld(), namespace, holding(test.document), pulling(test.image)).Up()
			if test.want == "" {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Contains(t, up.Messages(), test.want)
		})
	}
}
