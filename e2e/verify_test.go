package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"bifrost/e2e/controlplane"
)

// watched is a cluster of its own, in which things are broken by hand.
var watched = &site{index: 3, stack: "aws-dev", issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB1"}

// finding is a check of bifrostctl verify that is not good.
type finding struct{ Code, Result, Error, Hint string }

// verify runs bifrostctl verify on the stack and returns what is not good.
func (s *site) verify(t *testing.T) []finding {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bifrostctl, "verify", s.stack, "--sandbox", "--dir", repository, "--state", s.state,
		"--kubeconfig", s.plane.KubeconfigOf(controlplane.AdminUser), "-o", "json")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var document struct {
		Success    bool
		Categories []struct{ Checks []finding }
	}
	require.NoError(t, json.Unmarshal(out, &document), "%s", &stderr)
	require.Equal(t, document.Success, err == nil)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		require.Equal(t, 1, exit.ExitCode())
	}
	var found []finding
	for _, category := range document.Categories {
		for _, c := range category.Checks {
			if c.Result == "failed" || c.Result == "warning" {
				found = append(found, c)
			}
		}
	}
	return found
}

// verified waits until verify finds nothing.
func (s *site) verified(t *testing.T, what string) {
	t.Helper()
	eventually(t, what, func(context.Context) error {
		if found := s.verify(t); len(found) > 0 {
			return fmt.Errorf("%+v", found)
		}
		return nil
	})
}

// filled lets the refresher write the pull Secret anew.
func filled(t *testing.T, s *site, l *login) {
	t.Helper()
	defer s.serve(t)()
	s.refreshed(t, l, "filled")
}

// breakage is one thing that somebody with kubectl can break.
type breakage struct {
	name        string
	make, mend  func(t *testing.T, s *site, l *login)
	code, error string
	hint        string // a regular expression
	rest        bool   // run by make e2e-all alone
}

var breakages = []breakage{
	{
		name: "the tag moves",
		make: func(t *testing.T, s *site, _ *login) { s.publish(t, imageTag) },
		mend: func(t *testing.T, s *site, _ *login) { s.publishReal(t) },
		code: "pull-tag", error: "the tag " + imageTag + " has moved", hint: "registry.image",
	},
	{
		name: "the pull Secret is deleted",
		make: func(t *testing.T, s *site, l *login) {
			require.NoError(t, s.client.CoreV1().Secrets(namespace).Delete(t.Context(), l.secret, metav1.DeleteOptions{}))
		},
		mend: filled,
		code: "pull-secret", error: "there is no Secret ecr-pull-secret", hint: "bin/bifrostctl sandbox up aws-dev .*--refresh",
	},
	{
		name: "the pull Secret is for another registry", rest: true,
		make: func(t *testing.T, s *site, l *login) {
			patched(t, s, l.secret, `{"stringData":{".dockerconfigjson":"{\"auths\":{\"example.com\":{\"username\":\"AWS\",\"password\":\"x\"}}}"}}`)
		},
		mend: filled,
		code: "pull-login", error: "holds logins for example.com", hint: "bin/bifrostctl sandbox up aws-dev .*--refresh",
	},
	{
		name: "the registry does not know the login", rest: true,
		make: func(t *testing.T, s *site, l *login) {
			patched(t, s, l.secret, fmt.Sprintf(`{"stringData":{%q:%q}}`, corev1.DockerConfigJsonKey, loginFor(l.host, l.user, "wrong")))
		},
		mend: filled,
		code: "pull-manifest", error: "the registry does not know the pod's login", hint: "bin/bifrostctl sandbox up aws-dev .*--refresh",
	},
	{
		name: "the refresher's Role lacks patch",
		make: func(t *testing.T, s *site, _ *login) { granted(t, s, "create", "get") },
		mend: func(t *testing.T, s *site, _ *login) { granted(t, s, "create", "patch") },
		code: "pull-rights", error: "lets it patch the Secret ecr-pull-secret", hint: "bin/bifrostctl sandbox up aws-dev .*--refresh",
	},
	{
		name: "the CronJob is suspended", rest: true,
		make: func(t *testing.T, s *site, l *login) { suspended(t, s, l, true) },
		mend: func(t *testing.T, s *site, l *login) { suspended(t, s, l, false) },
		code: "pull-schedule", error: "is suspended", hint: "kubectl patch cronjob refresh-ecr-secret -n bifrost",
	},
	{
		name: "the last refresh failed",
		make: failingJob,
		mend: func(t *testing.T, s *site, _ *login) {
			background := metav1.DeletePropagationBackground
			require.NoError(t, s.client.BatchV1().Jobs(namespace).Delete(t.Context(), "failing", metav1.DeleteOptions{PropagationPolicy: &background}))
		},
		code: "pull-job", error: "the role does not trust the refresher's ServiceAccount", hint: "bin/bifrostctl sandbox up aws-dev .*--refresh",
	},
	{
		name: "the Service selects no pod",
		make: func(t *testing.T, s *site, _ *login) { selector(t, s, "nobody") },
		mend: func(t *testing.T, s *site, _ *login) { selector(t, s, gateway) },
		code: "workload-endpoints", error: "selects no ready pod", hint: "bin/bifrostctl sandbox up aws-dev .*--refresh",
	},
}

func patched(t *testing.T, s *site, secret, patch string) {
	t.Helper()
	_, err := s.client.CoreV1().Secrets(namespace).Patch(t.Context(), secret, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "somebody"})
	require.NoError(t, err)
}

func granted(t *testing.T, s *site, all ...string) {
	t.Helper()
	role, err := s.client.RbacV1().Roles(namespace).Get(t.Context(), "secret-manager", metav1.GetOptions{})
	require.NoError(t, err)
	role.Rules[0].Verbs = all
	_, err = s.client.RbacV1().Roles(namespace).Update(t.Context(), role, metav1.UpdateOptions{})
	require.NoError(t, err)
}

func suspended(t *testing.T, s *site, l *login, yes bool) {
	t.Helper()
	_, err := s.client.BatchV1().CronJobs(namespace).Patch(t.Context(), l.cronJob, types.StrategicMergePatchType, []byte(fmt.Sprintf(`{"spec":{"suspend":%t}}`, yes)), metav1.PatchOptions{})
	require.NoError(t, err)
}

func selector(t *testing.T, s *site, app string) {
	t.Helper()
	_, err := s.client.CoreV1().Services(namespace).Patch(t.Context(), gateway, types.StrategicMergePatchType, []byte(`{"spec":{"selector":{"app":"`+app+`"}}}`), metav1.PatchOptions{})
	require.NoError(t, err)
}

// failingJob is a run of the CronJob whose container ends on the words of AWS STS.
func failingJob(t *testing.T, s *site, l *login) {
	t.Helper()
	cronJob, err := s.client.BatchV1().CronJobs(namespace).Get(t.Context(), l.cronJob, metav1.GetOptions{})
	require.NoError(t, err)
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "failing", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cronJob, batchv1.SchemeGroupVersion.WithKind("CronJob"))}},
		Spec:       cronJob.Spec.JobTemplate.Spec,
	}
	once := int32(0)
	job.Spec.BackoffLimit = &once
	job.Spec.Template.Spec.InitContainers[0].Command = []string{"/bin/sh", "-c", "echo 'An error occurred (AccessDenied): Not authorized to perform sts:AssumeRoleWithWebIdentity' >&2; exit 1"}
	_, err = s.client.BatchV1().Jobs(namespace).Create(t.Context(), job, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the Job fails", func(ctx context.Context) error {
		job, err := s.client.BatchV1().Jobs(namespace).Get(ctx, "failing", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range job.Status.Conditions {
			if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return errors.New("not yet")
	})
}

// publish puts an image under the stack's tag into the sandbox's registry.
func (s *site) publish(t *testing.T, image string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), bifrostctl, "sandbox", "publish", s.argument(), image, "--dir", repository, "--state", s.state).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// imageTag is that of the stack's image.
const imageTag = "2.1.0"

// publishReal has the sandbox's registry say of the stack's tag what nodes get for it.
func (s *site) publishReal(t *testing.T) {
	t.Helper()
	world, err := theWorld()
	require.NoError(t, err)
	digest, err := world.catalog.Digest(ecrLogin.host + "/acme-hub:" + imageTag)
	require.NoError(t, err)
	s.publish(t, imageTag+"@"+digest)
}

// TestVerify: on a real API server, too, a healthy stack is fine, and each thing that is broken there is the one finding.
func TestVerify(t *testing.T) {
	onlyLong(t)
	t.Parallel()
	t.Cleanup(watched.stop)
	s := watched.started(t)
	s.fresh(t)
	s.deploy(t, irsa)
	gatewayPods(t, s)
	s.publishReal(t)
	s.verified(t, "a healthy stack is fine")
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			if b.rest {
				onlyAll(t)
			}
			b.make(t, s, irsa.login)
			eventually(t, "verify finds it", func(context.Context) error {
				found := s.verify(t)
				if len(found) != 1 || found[0].Code != b.code || !strings.Contains(found[0].Error, b.error) {
					return fmt.Errorf("%+v", found)
				}
				require.Regexp(t, b.hint, found[0].Hint)
				return nil
			})
			b.mend(t, s, irsa.login)
			s.verified(t, "it is mended")
		})
	}
}
