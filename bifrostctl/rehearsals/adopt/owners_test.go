package adopt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	"bifrost/bifrostctl/adopt"
	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/byhand"
	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// server has the Deployments of a cluster that keeps the books about who owns which field, with the API server's own code.
type server struct{ client kubernetes.Interface }

func (s server) Object(ctx context.Context, name service.ObjectName) (*unstructured.Unstructured, error) {
	if name.Kind == "Namespace" {
		return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": name.Name}}}, nil
	}
	if name.Kind != "Deployment" {
		return nil, fmt.Errorf("%s: %w", name.Name, service.ErrNotFound)
	}
	found, err := s.client.AppsV1().Deployments(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name.Name, service.ErrNotFound)
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(found)
	return &unstructured.Unstructured{Object: object}, err
}

func (s server) List(ctx context.Context, _, kind, namespace string) ([]unstructured.Unstructured, error) {
	if kind != "Deployment" {
		return nil, nil
	}
	list, err := s.client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var all []unstructured.Unstructured
	for _, item := range list.Items {
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&item)
		if err != nil {
			return nil, err
		}
		all = append(all, unstructured.Unstructured{Object: object})
	}
	return all, nil
}

func (s server) Patch(ctx context.Context, name service.ObjectName, patch []byte) error {
	_, err := s.client.AppsV1().Deployments(name.Namespace).Patch(ctx, name.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
	return err
}

// TestTakeOver: what kubectl or Helm own is a conflict; once it is handed over, the stack's apply changes what it names, and what nobody
// names any more goes, such as a probe of another kind.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	for way, manager := range map[string]string{"eks": "kubectl-client-side-apply", "chart": "helm", "module": "Terraform"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			a := byHand(t, "aws-dev", way, stacktest.OnlyEKS)
			a.find()
			a.configure()
			a.Engine.MustUp()
			rendered := edits.The(t, a.World, edits.DeploymentKind, "")[0].Inputs

			client := fake.NewClientset()
			create := func(at kubernetes.Interface) *appsv1.Deployment {
				made, err := at.AppsV1().Deployments("bifrost").Create(t.Context(), byHandDeployment(t, way),
					metav1.CreateOptions{FieldManager: manager})
				require.NoError(t, err)
				require.Len(t, made.ManagedFields, 1)
				return made
			}
			made := create(client)

			clouds := service.Clouds{
				Exists: func(_ context.Context, thing service.Thing) error {
					return fmt.Errorf("%s: %w", thing.ID, service.ErrNotFound)
				},
				Objects: func(context.Context) (service.Objects, error) { return server{client}, nil },
			}
			config := stacks.Lenient("test", "", real.Objects(a.Look.Config))
			plan, err := adopt.Find(t.Context(), "test", config, nil, clouds, adopt.Options{})
			require.NoError(t, err)
			require.Len(t, plan.Owned, 1)
			require.Equal(t, []string{manager}, plan.Owned[0].By)

			apply := func(at kubernetes.Interface) (*appsv1.Deployment, error) {
				text, err := json.Marshal(rendered)
				require.NoError(t, err)
				return at.AppsV1().Deployments("bifrost").Patch(t.Context(), made.Name, types.ApplyPatchType, text,
					metav1.PatchOptions{FieldManager: stacks.AdoptManager})
			}
			// Without: a conflict, or two kinds of one probe, which the API server refuses.
			other := fake.NewClientset()
			create(other)
			if mixed, err := apply(other); err != nil {
				require.True(t, apierrors.IsConflict(err), "%v", err)
			} else {
				probe := mixed.Spec.Template.Spec.Containers[0].LivenessProbe
				require.NotNil(t, probe.HTTPGet)
				require.NotNil(t, probe.TCPSocket)
			}

			written, err := adopt.TakeOver(t.Context(), plan, clouds)
			require.NoError(t, err)
			require.Equal(t, 1, written)
			now, err := client.AppsV1().Deployments("bifrost").Get(t.Context(), made.Name, metav1.GetOptions{})
			require.NoError(t, err)
			require.True(t, equality.Semantic.DeepEqual(made.Spec, now.Spec), "no value is changed: %+v", now.Spec)

			applied, err := apply(client)
			require.NoError(t, err)
			require.Len(t, applied.Spec.Template.Spec.Containers, 1)
			probe := applied.Spec.Template.Spec.Containers[0].LivenessProbe
			require.NotNil(t, probe.TCPSocket)
			require.Nil(t, probe.HTTPGet, "the probe of before is gone: the API server takes one kind")
			require.Equal(t, made.Spec.Selector, applied.Spec.Selector)

			again, err := adopt.Find(t.Context(), "test", config, nil, clouds, adopt.Options{})
			require.NoError(t, err)
			require.Empty(t, again.Owned)
		})
	}
}

func byHandDeployment(t *testing.T, way string) *appsv1.Deployment {
	t.Helper()
	objects, err := byhand.Objects(way, byhand.Values{Namespace: "bifrost", Release: "bifrost", Replicas: 2,
		Image: "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.0"})
	require.NoError(t, err)
	for _, object := range objects {
		if object["kind"] == "Deployment" {
			deployment := &appsv1.Deployment{}
			text, err := json.Marshal(object)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, deployment))
			return deployment
		}
	}
	require.Fail(t, "no Deployment")
	return nil
}
