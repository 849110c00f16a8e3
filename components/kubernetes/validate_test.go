package kubernetes_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
)

// TestEveryTypeValidates: arguments, and what is nested in them, are checked in one way.
func TestEveryTypeValidates(t *testing.T) {
	t.Parallel()
	validator := reflect.TypeFor[interface {
		Validate(*field.Path) field.ErrorList
	}]()
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[kubernetes.BifrostWorkloadArgs]().PkgPath() || seen[typ] {
			return
		}
		seen[typ] = true
		require.True(t, reflect.PointerTo(typ).Implements(validator), "%s has no Validate(*field.Path) field.ErrorList", typ)
		for i := range typ.NumField() {
			check(typ.Field(i).Type)
		}
	}
	check(reflect.TypeFor[kubernetes.BifrostWorkloadArgs]())
	check(reflect.TypeFor[kubernetes.BifrostBrokerArgs]())
	check(reflect.TypeFor[kubernetes.BifrostNamespaceArgs]())
	require.Contains(t, seen, reflect.TypeFor[kubernetes.WorkloadTopologySpreadArgs](), "what is nested in what is nested")
	require.Contains(t, seen, reflect.TypeFor[kubernetes.NetworkPeer](), "elements of lists")
	require.Contains(t, seen, reflect.TypeFor[kubernetes.SecretKeyRef](), "values of maps")
}

// TestNilIsAbsent: what is not given has no problem of its own.
func TestNilIsAbsent(t *testing.T) {
	t.Parallel()
	p := field.NewPath("x")
	for _, problems := range []field.ErrorList{
		(*kubernetes.WorkloadStorageArgs)(nil).Validate(p), (*kubernetes.WorkloadAutoscalingArgs)(nil).Validate(p), (*kubernetes.WorkloadDisruptionBudgetArgs)(nil).Validate(p),
		(*kubernetes.WorkloadSchedulingArgs)(nil).Validate(p), (*kubernetes.WorkloadTopologySpreadArgs)(nil).Validate(p), (*kubernetes.WorkloadClusteringArgs)(nil).Validate(p),
		(*kubernetes.WorkloadServiceArgs)(nil).Validate(p), (*kubernetes.WorkloadIngressArgs)(nil).Validate(p), (*kubernetes.WorkloadHttpRouteArgs)(nil).Validate(p),
		(*kubernetes.WorkloadNetworkPolicyArgs)(nil).Validate(p), (*kubernetes.WorkloadMonitoringArgs)(nil).Validate(p), (*kubernetes.WorkloadBasicAuthArgs)(nil).Validate(p),
		(*kubernetes.WorkloadLoginArgs)(nil).Validate(p), (*kubernetes.WorkloadLogArgs)(nil).Validate(p), (*kubernetes.CaArgs)(nil).Validate(p),
	} {
		require.Empty(t, problems)
	}
}
