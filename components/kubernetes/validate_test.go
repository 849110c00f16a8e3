package kubernetes

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
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
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[BifrostWorkloadArgs]().PkgPath() || seen[typ] {
			return
		}
		seen[typ] = true
		require.True(t, reflect.PointerTo(typ).Implements(validator), "%s has no Validate(*field.Path) field.ErrorList", typ)
		for i := range typ.NumField() {
			check(typ.Field(i).Type)
		}
	}
	check(reflect.TypeFor[BifrostWorkloadArgs]())
	check(reflect.TypeFor[BifrostBrokerArgs]())
	check(reflect.TypeFor[BifrostNamespaceArgs]())
	require.Contains(t, seen, reflect.TypeFor[WorkloadTopologySpreadArgs](), "what is nested in what is nested")
	require.Contains(t, seen, reflect.TypeFor[NetworkPeer](), "elements of lists")
	require.Contains(t, seen, reflect.TypeFor[SecretKeyRef](), "values of maps")
}

// TestNilIsAbsent: what is not given has no problem of its own.
func TestNilIsAbsent(t *testing.T) {
	t.Parallel()
	p := field.NewPath("x")
	for _, problems := range []field.ErrorList{
		(*WorkloadStorageArgs)(nil).Validate(p), (*WorkloadAutoscalingArgs)(nil).Validate(p), (*WorkloadDisruptionBudgetArgs)(nil).Validate(p),
		(*WorkloadSchedulingArgs)(nil).Validate(p), (*WorkloadTopologySpreadArgs)(nil).Validate(p), (*WorkloadClusteringArgs)(nil).Validate(p),
		(*WorkloadServiceArgs)(nil).Validate(p), (*WorkloadIngressArgs)(nil).Validate(p), (*WorkloadHttpRouteArgs)(nil).Validate(p),
		(*WorkloadNetworkPolicyArgs)(nil).Validate(p), (*WorkloadMonitoringArgs)(nil).Validate(p), (*WorkloadBasicAuthArgs)(nil).Validate(p),
		(*WorkloadLoginArgs)(nil).Validate(p), (*WorkloadLogArgs)(nil).Validate(p), (*WorkloadDatabaseCaArgs)(nil).Validate(p),
	} {
		require.Empty(t, problems)
	}
}
