package aws

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSchemaIsTheSDKs reads the source of aws/ec2, which nothing here compiles: the structs declared here have its properties, and
// require what it requires.
func TestSchemaIsTheSDKs(t *testing.T) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2").Output()
	require.NoError(t, err)
	for name, ours := range map[string]any{
		"securityGroupArgs": securityGroupArgs{}, "SecurityGroupIngress": securityGroupRule{}, "SecurityGroupEgress": securityGroupRule{},
		"GetRouteTableFilter": filter{}, "GetVpcEndpointFilter": filter{}, "LookupSubnetArgs": getSubnetArgs{}, "LookupVpcArgs": getVpcArgs{},
		"LookupRouteTableArgs": getRouteTableArgs{}, "LookupVpcEndpointArgs": getVpcEndpointArgs{},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, sdkFields(t, strings.TrimSpace(string(dir)), name), fields(reflect.TypeOf(ours)))
		})
	}
}

// fields are a struct's properties, with the first character of their types: * for a pointer, [ for a list.
func fields(t reflect.Type) map[string]string {
	all := map[string]string{}
	for i := range t.NumField() {
		all[t.Field(i).Tag.Get("pulumi")] = t.Field(i).Type.String()[:1]
	}
	return all
}

var sdkField = regexp.MustCompile("(?m)^\\t\\w+\\s+(\\S+)\\s+`pulumi:\"(\\w+)\"`")

func sdkFields(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, file := range slices.Backward(files) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, body, found := strings.Cut(string(text), "\ntype "+name+" struct {\n")
		if !found {
			continue
		}
		body, _, _ = strings.Cut(body, "\n}\n")
		all := map[string]string{}
		for _, m := range sdkField.FindAllStringSubmatch(body, -1) {
			all[m[2]] = m[1][:1]
		}
		require.NotEmpty(t, all)
		return all
	}
	require.Fail(t, "not found", name)
	return nil
}
