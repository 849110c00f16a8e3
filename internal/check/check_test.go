package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule      Rule
		good, bad []string
	}{
		"account":        {AccountId, []string{"111122223333"}, []string{"11112222333", "1111222233334", "11112222333x"}},
		"region":         {Region, []string{"us-east-1", "us-gov-west-1", "cn-north-1", "ap-southeast-2"}, []string{"us-east1", "us-east-1a", "US-EAST-1", "europe-west1"}},
		"IAM path":       {IamPath, []string{"/", "/a/", "/a/b/"}, []string{"a", "/a", "a/", "/a b/", "/" + strings.Repeat("a", 511) + "/"}},
		"issuer":         {Issuer, []string{"https://a.b/c", "https://a.b/c/"}, []string{"http://a.b", "a.b", "https://"}},
		"EKS cluster":    {EksCluster, []string{"dev", "1a_b-c"}, []string{"-a", "a.b", strings.Repeat("a", 101)}},
		"subnet":         {Subnet, []string{"subnet-0a1b2c3d", "subnet-0a1b2c3d4e5f60718"}, []string{"subnet-xxx", "0a1b2c3d", "subnet-0a1b2c3d4"}},
		"security group": {SecurityGroup, []string{"sg-0123456789abcdef0"}, []string{"default", "sg-xxx"}},
		"UUID":           {UUID, []string{"00000000-0000-4000-8000-00000000000F"}, []string{"00000000000040008000000000000001", "x"}},
		"location":       {AzureLocation, []string{"westeurope", "eastus2"}, []string{"West Europe", "westEurope"}},
		"resource group": {ResourceGroup, []string{"rg", "a.b-(c)_d"}, []string{"rg.", "a b", strings.Repeat("a", 91)}},
		"AKS cluster":    {AksCluster, []string{"a", "dev-1"}, []string{"-dev", "dev-", strings.Repeat("a", 64)}},
		"body size":      {ClientBodySize, []string{"0", "100m", "8K", "1g"}, []string{"100Mi", "-1", "m", "1 m"}},
		"interval":       {PrometheusDuration, []string{"30s", "1m", "500ms"}, []string{"30", "0s", "often", "1m30s"}},
		"registry":       {RegistryHost, []string{"r.example.com", "localhost.localdomain:5000"}, []string{"docker", "https://r.example.com", "r.example.com/x"}},
	} {
		for _, value := range c.good {
			require.Empty(t, Required(field.NewPath("x"), value, c.rule), "%s %s", name, value)
		}
		for _, value := range c.bad {
			require.Len(t, Required(field.NewPath("x"), value, c.rule), 1, "%s %s", name, value)
			require.Len(t, Optional(field.NewPath("x"), value, c.rule), 1, "%s %s", name, value)
		}
		require.Equal(t, field.ErrorTypeRequired, Required(field.NewPath("x"), "", c.rule)[0].Type, name)
		require.Empty(t, Optional(field.NewPath("x"), "", c.rule), name)
	}
}

func TestArn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form      ArnForm
		good, bad []string
	}{
		{RoleArn, []string{"arn:aws:iam::111122223333:role/R", "arn:aws-cn:iam::111122223333:role/path/R"},
			[]string{"R", "arn:aws:iam::1:role/R", "arn:aws:iam::111122223333:user/R", "arn:aws:iam:us-east-1:111122223333:role/R", "arn:aws:sts::111122223333:role/R", "arn:x:iam::111122223333:role/R"}},
		{PolicyArn, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111122223333:policy/P"}, []string{"arn:aws:iam::111122223333:role/R"}},
		{RepositoryArn, []string{"arn:aws-us-gov:ecr:us-gov-west-1:444455556666:repository/a/b-c.d_e"},
			[]string{"arn:aws:ecr::444455556666:repository/a", "arn:aws:ecr:us-east-1:444455556666:repository/*", "arn:aws:ecr:us-east-1:444455556666:repository/A", "arn:aws:ecr:us-east-1:aws:repository/a"}},
		{CertificateArn, []string{"arn:aws:acm:us-east-1:111122223333:certificate/0123"}, []string{"0123", "arn:aws:iam::111122223333:server-certificate/x"}},
		{EcsClusterArn, []string{"arn:aws:ecs:us-east-1:111122223333:cluster/dev"}, []string{"dev", "arn:aws:ecs:us-east-1:111122223333:service/dev"}},
	} {
		for _, value := range c.good {
			require.Empty(t, Arn(field.NewPath("x"), value, c.form), value)
		}
		for _, value := range c.bad {
			require.Len(t, Arn(field.NewPath("x"), value, c.form), 1, value)
		}
		require.Empty(t, Arn(field.NewPath("x"), "", c.form))
	}
}

func TestListsAndTexts(t *testing.T) {
	t.Parallel()
	p := field.NewPath("x")
	require.Len(t, Ids(p, nil, Subnet), 1)
	require.Equal(t, "x[1]", Ids(p, []string{"subnet-0a1b2c3d", "y"}, Subnet)[0].Field)
	require.Len(t, OneOf(p, "c", "a", "b"), 1)
	require.Empty(t, OneOf(p, "a", "a", "b"))
	require.Len(t, RoleName(p, strings.Repeat("a", 65)), 1)
	require.Empty(t, PolicyName(p, strings.Repeat("a", 65)))
	require.Len(t, Quantity(p, "0"), 1)
	require.Empty(t, Quantity(p, "250m"))
	require.Len(t, File(p, "a/b"), 1)
	require.Len(t, File(p, "/a"), 1)
	require.Empty(t, File(p, "/a/b"))
	require.Len(t, Cron(p, "* * * *"), 1)
	require.Empty(t, Cron(p, "*/20 * * * *"))
	require.Len(t, EnvName(p, "A B"), 1)
	require.Len(t, Labels(p, map[string]string{"a": "b c", "d": "e"}), 1)
	require.Empty(t, Annotations(p, map[string]string{"a.b/C_d": "any text", "E": ""}))
	require.Equal(t, "x[a b]", Annotations(p, map[string]string{"a b": ""})[0].Field)
	require.Len(t, SecretKey(p, "a b"), 1)
	require.Empty(t, SecretKey(p, "config.json"))
	require.Len(t, Between(p, 0, 1, 2), 1)
	require.Len(t, Between(p, 3, 1, 2), 1)
	require.Empty(t, Between(p, 2, 1, 2))
	require.Len(t, Port(p, 0), 1)
	require.Len(t, Port(p, 65536), 1)
	require.Empty(t, Port(p, 65535))
	for _, bad := range []string{"-1", "101%", "1.5", "%", "a"} {
		require.Len(t, Count(p, bad), 1, bad)
	}
	for _, good := range []string{"", "0", "3", "0%", "50%", "100%"} {
		require.Empty(t, Count(p, good), good)
	}
	for _, bad := range []string{"", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "a/8"} {
		require.Len(t, Cidr(p, bad), 1, bad)
	}
	for _, good := range []string{"10.0.0.0/8", "fd00:ec2::23/128", "0.0.0.0/0"} {
		require.Empty(t, Cidr(p, good), good)
	}
	require.Len(t, Hosts(p, nil), 1)
	require.Equal(t, "x[1]", Hosts(p, []string{"a.b", "A.b"})[0].Field)
	require.Empty(t, Hosts(p, []string{"a.b", "*.a.b"}))
	require.Len(t, UrlPath(p, "a"), 1)
	require.Len(t, UrlPath(p, "/a/"), 1)
	require.Empty(t, UrlPath(p, "/a"))
	require.ErrorContains(t, Cidr(p, "10.0.1.5/24").ToAggregate(), "write 10.0.1.0/24")
	require.ErrorContains(t, Cidr(p, "fd00::1/64").ToAggregate(), "write fd00::/64")
}
