package stacks_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestEveryArnHasARule: no key that holds ARNs is forgotten, and no rule is of a key that there is not.
func TestEveryArnHasARule(t *testing.T) {
	t.Parallel()
	var keys []string
	var walk func(path string, object reflect.Type)
	walk = func(path string, object reflect.Type) {
		for i := range object.NumField() {
			f := object.Field(i)
			key := strings.TrimPrefix(path+"."+stacks.KeyOf(f), ".")
			switch typ := stacks.Deref(f.Type); {
			case !f.IsExported():
			case stacks.IsArnKey(f):
				keys = append(keys, key)
			case typ.Kind() == reflect.Struct:
				walk(key, typ)
			}
		}
	}
	walk("", reflect.TypeFor[stacks.Config]())
	require.NotEmpty(t, keys)
	require.Len(t, stacks.ArnRules, len(keys))
	for _, key := range keys {
		require.Contains(t, stacks.ArnRules, key)
	}
}

// TestArnsOfTheStack: what AWS takes from the stack's own region, account or partition alone is refused before anything is looked up, and
// what it takes from elsewhere is not.
func TestArnsOfTheStack(t *testing.T) {
	t.Parallel()
	const (
		account = "another account than aws.accountId 111122223333"
		region  = "another region than us-east-1"
		china   = "of partition aws-cn, from which nothing reaches aws.region us-east-1"
	)
	targets := func(region, account string) string {
		return "arn:aws:elasticloadbalancing:" + region + ":" + account + ":targetgroup/bifrost/0123456789abcdef"
	}
	balancer := func(certificateArn string) any { return lbWith("certificateArn", certificateArn) }
	node := func(arn string) any {
		return map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{nodeRole, arn}}
	}
	pods := func(arn string) any {
		return map[string]any{"clusterName": "dev", "gatewayAuth": "podIdentity", "gatewayRoleArn": arn}
	}
	ingress := func(arn string) any {
		return map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}, "certificateArn": arn}
	}
	const theirPolicy = "arn:aws:iam::222233334444:policy/theirs"
	for name, c := range map[string]struct {
		path, key string
		value     any
		want      []string
	}{
		"assumed role":         {"aws.assumeRoleArn", "", "arn:aws:iam::222233334444:role/deploy", []string{account}},
		"boundary":             {"aws.permissionsBoundary", "", theirPolicy, []string{account}},
		"boundary of AWS":      {"aws.permissionsBoundary", "", "arn:aws:iam::aws:policy/PowerUserAccess", nil},
		"repository":           {"registry.additionalRepositoryArns", "[0]", []any{"arn:aws-cn:ecr:cn-north-1:222233334444:repository/a"}, []string{china}},
		"their repository":     {"registry.additionalRepositoryArns", "", []any{"arn:aws:ecr:eu-west-1:222233334444:repository/a"}, nil},
		"image":                {"registry.image", "", "444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn/acme-hub:2.1.0", []string{china}},
		"node role":            {"eks", ".nodeRoleArns[1]", node("arn:aws:iam::222233334444:role/others"), []string{account, "cluster's account"}},
		"gateway's policy":     {"eks.gatewayPolicyArns", "[1]", []any{"arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess", theirPolicy}, []string{account}},
		"gateway's role":       {"eks.gatewayRoleArn", "", "arn:aws:iam::222233334444:role/gateway", nil},
		"Pod Identity's role":  {"eks", ".gatewayRoleArn", pods("arn:aws:iam::222233334444:role/gateway"), []string{account}},
		"target group":         {"ecs.targetGroupArn", "", targets("eu-west-1", "222233334444"), []string{region, account}},
		"target group's owner": {"ecs.targetGroupArn", "", targets("us-east-1", "222233334444"), []string{account}},
		"task role":            {"ecs.taskRoleArn", "", "arn:aws:iam::222233334444:role/task", []string{account}},
		"tasks' policy":        {"ecs.taskPolicyArns", "[0]", []any{theirPolicy}, []string{account}},
		"certificate": {
			"ecs.loadBalancer", ".certificateArn", balancer("arn:aws:acm:eu-west-1:222233334444:certificate/0a1b2c3d"),
			[]string{region, account, "certificates of its own region"},
		},
		"certificate of IAM": {
			"ecs.loadBalancer", ".certificateArn", balancer("arn:aws:iam::222233334444:server-certificate/llm"), []string{account},
		},
		"topic":       {"ecs.alarms.topicArn", "", "arn:aws:sns:eu-west-1:111122223333:alarms", []string{region}},
		"their topic": {"ecs.alarms.topicArn", "", "arn:aws:sns:us-east-1:222233334444:alarms", nil},
		"logs' key":   {"ecs.logKmsKeyArn", "", "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d", []string{region}},
		"key":         {"ecs.secretKmsKeyArn", "", "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d", []string{region}},
		"their key":   {"ecs.secretKmsKeyArn", "", "arn:aws:kms:us-east-1:222233334444:key/0a1b2c3d", nil},
		"Ingress' certificate": {
			"gateway.ingress", ".certificateArn", ingress("arn:aws:acm:eu-west-1:222233334444:certificate/0a1b2c3d"),
			[]string{region, account},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := refusedWith(t, stackFile(t, "aws-dev").set(c.path, c.value))
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "bifrost:"+c.path+c.key+": Invalid value")
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// TestArnsAtOnce: a stack that was copied to another region and account learns everything that it took along.
func TestArnsAtOnce(t *testing.T) {
	t.Parallel()
	err := refusedWith(t, stackFile(t, "aws-dev").
		set("aws.region", "eu-west-1").set("aws.accountId", "222233334444").
		set("ecs.loadBalancer", lbWith("certificateArn", certificate)).
		set("ecs.secretKmsKeyArn", "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d").
		set("ecs.alarms.topicArn", "arn:aws:sns:us-east-1:111122223333:alarms").
		set("ecs.taskPolicyArns", []any{"arn:aws:iam::111122223333:policy/bedrock"}))
	for _, key := range []string{"loadBalancer.certificateArn", "secretKmsKeyArn", "alarms.topicArn", "taskPolicyArns[0]"} {
		require.ErrorContains(t, err, "bifrost:ecs."+key+": Invalid value")
	}
	require.ErrorContains(t, err, "has 4 problems:")
}

// refusedWith is the error with which a stack's configuration is refused.
func refusedWith(t testing.TB, s settings) error {
	t.Helper()
	raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{"secrets": true}, Dir: ".."}
	for key, text := range s.graph(t, "test").Config {
		raw.Values[strings.TrimPrefix(key, stacks.Project+":")] = text
	}
	_, err := stacks.Parse("test", raw)
	return err
}
