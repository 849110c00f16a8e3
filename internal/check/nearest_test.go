package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/check"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	controllers := []string{"alb", "nginx", "appRouting"}
	for _, c := range []struct {
		mistyped string
		names    []string
		want     string
	}{
		{"aws-alb", controllers, "alb"},
		{"ALB", controllers, "alb"},
		{"app-routing", controllers, "appRouting"},
		{"ngnix", controllers, "nginx"},
		{"traefik", controllers, ""},
		{"al", controllers, "alb"},
		{"xy", controllers, ""},
		{"", controllers, ""},
		{"account", []string{"region", "accountId"}, "accountId"},
		{"role", []string{"nodeRoleArns", "roleName"}, ""},
		{"clustername", []string{"clusterName", "clusterNames"}, "clusterName"},
		{"x", nil, ""},
	} {
		require.Equal(t, c.want, check.Nearest(c.mistyped, c.names), c.mistyped)
	}
}
