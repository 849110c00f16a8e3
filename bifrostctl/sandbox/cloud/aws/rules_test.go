package aws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
)

// refused wants a preview to refuse a resource.
func refused(t *testing.T, r enginetest.Resource, want string) {
	t.Helper()
	preview := enginetest.New(t, newWorld(), program(r), nil).Preview()
	require.Error(t, preview.Err)
	require.Contains(t, preview.Messages(), want)
}

// statement returns a document of one statement.
func statement(body string) string {
	return `{"Version":"2012-10-17","Statement":[` + body + `]}`
}

func TestPolicyDocuments(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"no JSON", `{`, "This policy contains invalid Json"},
		{"no object", `[]`, "This policy contains invalid Json"},
		{"unknown element", `{"Version":"2012-10-17","Statements":[]}`, "Unknown field Statements"},
		{"version", `{"Version":"2012-10-18","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, "The policy must contain a valid version string"},
		{"no statement", `{"Version":"2012-10-17","Statement":[]}`, "It has no Statement"},
		{"statement", statement(`"Allow"`), "Statement[0] is no object"},
		{"unknown element of a statement", statement(`{"Effect":"Allow","Actions":"*","Action":"*","Resource":"*"}`), "Unknown field Actions (Statement[0])"},
		{"no effect", statement(`{"Action":"*","Resource":"*"}`), "Effect must be Allow or Deny"},
		{"effect in lower case", statement(`{"Effect":"allow","Action":"*","Resource":"*"}`), "Effect must be Allow or Deny, not allow"},
		{"no action", statement(`{"Effect":"Allow","Resource":"*"}`), "Policy statement must contain actions."},
		{"empty actions", statement(`{"Effect":"Allow","Action":[],"Resource":"*"}`), "Policy statement must contain actions."},
		{"Action and NotAction", statement(`{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}`), "Policy statement must contain actions."},
		{"action without vendor", statement(`{"Effect":"Allow","Action":"GetItem","Resource":"*"}`), "must be prefaced by a vendor"},
		{"no resource", statement(`{"Effect":"Allow","Action":"*"}`), "Policy statement must contain resources."},
		{"resource", statement(`{"Effect":"Allow","Action":"*","Resource":"bucket"}`), `Resource bucket must be in ARN format or "*".`},
		{"principal", statement(`{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}`), "Policy document should not specify a principal."},
		{"id of a statement", statement(`{"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"}`), "must be alpha-numeric"},
		{"id twice", statement(`{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}`), "must be unique"},
		{"condition operator", statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqual":{"aws:PrincipalTag/a":"b"}}}`), "Invalid Condition type : StringEqual"},
		{"condition key", statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"account":"b"}}}`), "must be prefaced by a vendor: account"},
		{"condition without keys", statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":"a"}}`), "Condition StringEquals has no keys"},
		{"size", statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("a", 6144) + `"}`), "Cannot exceed quota for PolicySize: 6144"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			refused(t, res(policyType, "x", pulumi.Map{"policy": s(test.document)}), test.want)
		})
	}
}

func TestTrustDocuments(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"no principal", statement(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "Missing required field Principal"},
		{"no action", statement(`{"Effect":"Allow","Principal":"*"}`), "Missing required field Action"},
		{"resource", statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"}`), "Has prohibited field Resource"},
		{"another service's action", statement(`{"Effect":"Allow","Action":"ecr:*","Principal":"*"}`), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"kind of principal", statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Role":"x"}}`), `Invalid principal in policy: "Role":"x"`},
		{"account", statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"1234"}}`), `Invalid principal in policy: "AWS":"1234"`},
		{"size", statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"` + strings.Repeat("a", 2048) + `"}}`), "Cannot exceed quota for ACLSizePerRole: 2048"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			refused(t, res(roleType, "x", pulumi.Map{"assumeRolePolicy": s(test.document)}), test.want)
		})
	}
}

// What the grammar allows is accepted; white space does not count.
func TestAcceptedDocuments(t *testing.T) {
	accepted := map[string]string{
		"without version":  `{"Statement":{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::a/*"}}`,
		"conditions":       statement(`{"Effect":"Allow","Action":["ecr:Get*"],"Resource":["*"],"Condition":{"ForAnyValue:StringLikeIfExists":{"aws:PrincipalTag/a":["b"]},"Null":{"aws:TokenIssueTime":"true"}}}`),
		"with white space": strings.Repeat(" ", 7000) + document,
	}
	for name, text := range accepted {
		t.Run(name, func(t *testing.T) {
			enginetest.New(t, newWorld(), program(res(policyType, "x", pulumi.Map{"policy": s(text)})), nil).MustUp()
		})
	}
	t.Run("web identity", func(t *testing.T) {
		text := statement(`{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/a"},"Condition":{"StringEquals":{"a:aud":"sts.amazonaws.com"}}}`)
		enginetest.New(t, newWorld(), program(res(roleType, "x", pulumi.Map{"assumeRolePolicy": s(text)})), nil).MustUp()
	})
}

func TestLimits(t *testing.T) {
	long := func(n int) pulumi.String { return s(strings.Repeat("a", n)) }
	group := func(tags pulumi.StringMap) enginetest.Resource {
		return res(logGroupType, "x", pulumi.Map{"tags": tags})
	}
	withRole := func(changes pulumi.Map) enginetest.Resource {
		return res(roleType, "x", merge(role.Props, changes))
	}
	issuer := func(changes pulumi.Map) enginetest.Resource {
		return res(oidcType, "x", merge(pulumi.Map{"url": s("https://a"), "clientIdLists": pulumi.StringArray{s("a")}}, changes))
	}
	tooMany, policies := pulumi.StringMap{}, pulumi.StringArray{}
	for i := range 51 {
		tooMany[fmt.Sprint(i)] = s("v")
	}
	for range 11 {
		policies = append(policies, s(readOnly))
	}
	tests := []struct {
		name     string
		resource enginetest.Resource
		want     string
	}{
		{"policy's description", res(policyType, "x", pulumi.Map{"policy": s(document), "description": long(1001)}), "expected length of description to be at most 1000, got 1001"},
		{"role's description", withRole(pulumi.Map{"description": long(1001)}), "expected length of description to be at most 1000"},
		{"characters of a role's description", withRole(pulumi.Map{"description": s("€")}), `"€" must match`},
		{"path", withRole(pulumi.Map{"path": s("/" + strings.Repeat("a", 511) + "/")}), "expected length of path to be at most 512"},
		{"short sessions", withRole(pulumi.Map{"maxSessionDuration": pulumi.Int(60)}), "expected max_session_duration to be in the range (3600 - 43200), got 60"},
		{"long sessions", withRole(pulumi.Map{"maxSessionDuration": pulumi.Int(43201)}), "to be in the range (3600 - 43200)"},
		{"managed policies", withRole(pulumi.Map{"managedPolicyArns": policies}), "Cannot exceed quota for PoliciesPerRole: 10, got 11"},
		{"a role's inline policy", withRole(pulumi.Map{"inlinePolicies": pulumi.Array{pulumi.Map{"name": s("p"), "policy": s("{}")}}}), "MalformedPolicyDocument"},
		{"inline policy", res(rolePolicyType, "x", pulumi.Map{"role": s("app"), "policy": s(trust)}), "Policy document should not specify a principal."},
		{"client ids", issuer(pulumi.Map{"clientIdLists": pulumi.StringArray{long(256)}}), "must have 1 to 255 characters"},
		{"thumbprint", issuer(pulumi.Map{"thumbprintLists": pulumi.StringArray{s("abc")}}), "must be 40 hexadecimal digits"},
		{"number of tags", group(tooMany), "at most 50 tags, got 51"},
		{"tag key", group(pulumi.StringMap{strings.Repeat("a", 129): s("v")}), "must have 1 to 128 characters"},
		{"tag value", group(pulumi.StringMap{"a": long(257)}), "must have at most 256 characters"},
		{"reserved tag", group(pulumi.StringMap{"aws:team": s("v")}), "reserved for AWS use"},
		{"tag characters", group(pulumi.StringMap{"a": s("b&c")}), `the value of "a" may hold`},
		{"log group's name", res(logGroupType, "x", pulumi.Map{"name": s("a b")}), "must be at most 512 of the characters"},
		{"reserved log group", res(logGroupType, "x", pulumi.Map{"name": s("aws/ecs")}), "can't start with the string aws/"},
		{"secret's name", res(secretType, "x", pulumi.Map{"name": s("a b")}), "must be at most 512 of the characters"},
		{"secret's description", res(secretType, "x", pulumi.Map{"description": long(2049)}), "at most 2048"},
		{"a task definition of more than 64 KiB", res(taskDefinitionType, "x", merge(fargate, pulumi.Map{"containerDefinitions": s(`[{"name":"app","image":"app:1","environment":[{"name":"A","value":"` + strings.Repeat("a", 65536) + `"}]}]`)})), "Max allowed length is '65536' bytes."},
		{"family", res(taskDefinitionType, "x", merge(fargate, pulumi.Map{"family": s("a b")})), `"a b" must match`},
		{"service's name", res(serviceType, "x", merge(runningService, pulumi.Map{"name": s("a b")})), `"a b" must match`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { refused(t, test.resource, test.want) })
	}
}

func TestRoleQuotas(t *testing.T) {
	t.Run("attached policies", func(t *testing.T) {
		resources := []enginetest.Resource{role}
		for i := range 11 {
			arn := fmt.Sprintf("arn:aws:iam::aws:policy/P%d", i)
			resources = append(resources, res(attachmentType, fmt.Sprint("attachment-", i), pulumi.Map{"role": s("app"), "policyArn": s(arn)}))
		}
		up := enginetest.New(t, newWorld(), program(resources...), nil).Up()
		require.Contains(t, up.Messages(), "Cannot exceed quota for PoliciesPerRole: 10")
	})
	t.Run("inline policies", func(t *testing.T) {
		large := statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("a", 6000) + `"}`)
		inline := func(name string) enginetest.Resource {
			return res(rolePolicyType, name, pulumi.Map{"role": s("app"), "policy": s(large)})
		}
		up := enginetest.New(t, newWorld(), program(role, inline("one"), inline("two")), nil).Up()
		require.Contains(t, up.Messages(), "Maximum policy size of 10240 bytes exceeded for role app")
	})
}

// A role that was given policies of a kind takes all of that kind with it; one that was not must be bare.
func TestRoleTakesItsPoliciesAlong(t *testing.T) {
	given := res(roleType, "role", merge(role.Props, pulumi.Map{"inlinePolicies": pulumi.Array{pulumi.Map{"name": s("own"), "policy": s(document)}}}))
	w := newWorld()
	first := enginetest.New(t, w, program(given), nil)
	first.MustUp()
	enginetest.New(t, w, program(res(rolePolicyType, "inline", pulumi.Map{"role": s("app"), "policy": s(document)})), nil).MustUp()
	require.NoError(t, first.Destroy().Err)
	require.Empty(t, w.List(rolePolicyType, account), "no policy outlives its role")
}

// checked is a task whose container has a health check.
func checked(command string) enginetest.Resource {
	return res(taskDefinitionType, "task", merge(fargate, pulumi.Map{"containerDefinitions": s(`[{"name":"app","image":"app:1","healthCheck":{"command":` + command + `}}]`)}))
}

func TestHealthChecks(t *testing.T) {
	const unhealthy = `Task failed container health checks: container "app": curl: not found`
	tests := []struct{ name, command, want string }{
		{"wget", `["CMD-SHELL","wget -q -O /dev/null http://127.0.0.1:8080/health || exit 1"]`, ""},
		{"curl", `["CMD-SHELL","curl -f http://127.0.0.1:8080/health || exit 1"]`, unhealthy},
		{"curl without a shell", `["CMD","curl","-f","http://127.0.0.1:8080/health"]`, unhealthy},
		{"wget after curl", `["CMD-SHELL","curl -f http://a || wget -q http://a || exit 1"]`, ""},
		{"curl and wget", `["CMD-SHELL","wget -q http://a && curl -f http://a || exit 1"]`, unhealthy},
		{"a word in an address", `["CMD-SHELL","wget -q http://127.0.0.1/curl || exit 1"]`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := enginetest.New(t, newWorld(), program(checked(test.command), res(serviceType, "service", runningService)), nil).Up()
			if test.want == "" {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

// The provider reports success after a rollback: the service is steady on the revision that ran before.
func TestRollback(t *testing.T) {
	const (
		good = `["CMD-SHELL","wget -q http://a || exit 1"]`
		bad  = `["CMD-SHELL","curl http://a || exit 1"]`
	)
	w := newWorld()
	at := func(task enginetest.Resource, revision string) pulumi.RunFunc {
		return program(task, res(serviceType, "service", merge(runningService, pulumi.Map{
			"taskDefinition":           s("arn:aws:ecs:eu-west-1:111122223333:task-definition/app:" + revision),
			"deploymentCircuitBreaker": pulumi.Map{"enable": pulumi.Bool(true), "rollback": pulumi.Bool(true)},
		})))
	}
	e := enginetest.New(t, w, at(checked(good), "1"), nil)
	running := func() string {
		return e.MustUp().Resource("service").Outputs["taskDefinition"].StringValue()
	}
	require.Contains(t, running(), "app:1")
	e.SetProgram(at(checked(bad), "2"))
	require.Contains(t, running(), "app:1", "it was rolled back")
	e.SetProgram(at(checked(`["CMD","curl","http://a"]`), "3"))
	require.Contains(t, running(), "app:1", "and again")
	e.SetProgram(at(checked(good), "4"))
	require.Contains(t, running(), "app:4")

	t.Run("nothing to return to", func(t *testing.T) {
		up := enginetest.New(t, newWorld(), at(checked(bad), "1"), nil).Up()
		require.Contains(t, up.Messages(), "Task failed container health checks")
	})
}
