package awsec2

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAsTheSDK reads the SDK's package, without compiling it: its names of types, properties and look-ups are the provider's.
func TestAsTheSDK(t *testing.T) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2").Output()
	require.NoError(t, err)
	for _, c := range []struct {
		file, token, typ string
		ours             any
	}{
		{"securityGroup.go", securityGroupType, "securityGroupArgs", securityGroupArgs{}},
		{"getSubnet.go", getSubnet, "LookupSubnetArgs", byId{}},
		{"getSubnet.go", getSubnet, "LookupSubnetResult", Subnet{}},
		{"getVpc.go", getVpc, "LookupVpcArgs", byId{}},
		{"getVpc.go", getVpc, "LookupVpcResult", Vpc{}},
		{"pulumiTypes*.go", "", "GetVpcCidrBlockAssociation", CidrBlockAssociation{}},
		{"getRouteTable.go", getRouteTable, "LookupRouteTableArgs", routeTableArgs{}},
		{"getRouteTable.go", getRouteTable, "LookupRouteTableResult", RouteTable{}},
		{"pulumiTypes*.go", "", "GetRouteTableRoute", Route{}},
		{"pulumiTypes*.go", "", "GetRouteTableFilter", Filter{}},
		{"getVpcEndpoint.go", getVpcEndpoint, "LookupVpcEndpointArgs", vpcEndpointArgs{}},
		{"getVpcEndpoint.go", getVpcEndpoint, "LookupVpcEndpointResult", VpcEndpoint{}},
		{"pulumiTypes*.go", "", "GetVpcEndpointFilter", Filter{}},
	} {
		text, theirs := sdkType(t, filepath.Join(strings.TrimSpace(string(dir)), c.file), c.typ)
		require.Contains(t, text, c.token)
		for name, kind := range properties(reflect.TypeOf(c.ours)) {
			require.Equal(t, theirs[name], kind, "%s.%s", c.typ, name)
		}
	}
}

// properties are the names and kinds of a struct's properties: scalar, list or map.
func properties(t reflect.Type) map[string]string {
	all := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		kind, ok := map[reflect.Kind]string{reflect.Slice: "list", reflect.Map: "map"}[f.Type.Kind()]
		if !ok {
			kind = "scalar"
		}
		all[f.Tag.Get("pulumi")] = kind
	}
	return all
}

// sdkType finds a struct in the files that match a pattern, with the text of its file.
func sdkType(t *testing.T, pattern, name string) (text string, properties map[string]string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if !strings.Contains(string(b), "type "+name+" struct") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, b, parser.SkipObjectResolution)
		require.NoError(t, err)
		properties = map[string]string{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if ok && spec.Name.Name == name {
				maps.Copy(properties, structProperties(spec.Type.(*ast.StructType)))
			}
			return !ok
		})
		return string(b), properties
	}
	require.Fail(t, "not found", "%s in %s", name, pattern)
	return "", nil
}

func structProperties(s *ast.StructType) map[string]string {
	all := map[string]string{}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		kind := "scalar"
		switch f.Type.(type) {
		case *ast.ArrayType:
			kind = "list"
		case *ast.MapType:
			kind = "map"
		}
		all[reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("pulumi")] = kind
	}
	return all
}
