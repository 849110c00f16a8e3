package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/stacks"
)

// refusedIn is what a configuration is refused with.
func refusedIn(t *testing.T, s settings) *stacks.ConfigError {
	t.Helper()
	_, err := stacks.Parse("prod", rawOf(t, s))
	var refused *stacks.ConfigError
	require.ErrorAs(t, err, &refused)
	return refused
}

// only is the one problem of a configuration.
func only(t *testing.T, s settings) *field.Error {
	t.Helper()
	refused := refusedIn(t, s)
	require.Len(t, refused.Problems, 1, refused)
	return refused.Problems[0]
}

// TestWrongKinds: whatever stands where something else is wanted, the error says what it is and what to write, and nothing follows from it.
func TestWrongKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack, path string
		value       any
		want        string
	}{
		"text for a list":               {"azure-dev", "network.noProxy", "a.example.com", `"a.example.com": is text; write a list: [a.example.com]`},
		"several texts for a list":      {"aws-dev", "ecs.subnets", "subnet-1, subnet-2", `"subnet-1, subnet-2": is text; write a list: [subnet-1, subnet-2]`},
		"a wildcard for a list":         {"azure-dev", "network.noProxy", "*.example.com", `"*.example.com": is text; write a list: ["*.example.com"]`},
		"a number for a list":           {"azure-dev", "gateway.networkPolicy.databasePorts", 5432, `5432: is a number; write a list: [5432]`},
		"an object for a list":          {"aws-dev", "ecs.subnets", map[string]any{"a": "subnet-1"}, `is an object with the keys a; write a list: [VALUE, VALUE]`},
		"an object for a list of them":  {"azure-dev", "gateway.scheduling.tolerations", map[string]any{"key": "a", "operator": "Exists"}, "is an object with the keys key, operator; write a list of objects: put `- ` before its first key, and two blanks before the others"},
		"text for a list of objects":    {"azure-dev", "gateway.scheduling.tolerations", "NoSchedule", `"NoSchedule": is text; write a list of objects with the keys effect, key, operator, tolerationSeconds, value`},
		"a list of texts, for objects":  {"azure-dev", "gateway.scheduling.tolerations", []any{"NoSchedule"}, `[0]: Invalid value: "NoSchedule": is text; write an object with the keys effect, key, operator, tolerationSeconds, value`},
		"text for an object":            {"azure-dev", "gateway.log", "debug", `"debug": is text; write an object with the keys level, style`},
		"a key without a blank":         {"azure-dev", "gateway.log", "level:debug", `"level:debug": is text; write a blank behind the colon: level: debug`},
		"true for an object":            {"azure-dev", "gateway.monitoring", true, "true: is true or false; write an object with the keys serviceMonitor, interval"},
		"a list for an object":          {"azure-dev", "gateway.log", []any{map[string]any{"level": "info"}}, `is a list; write an object: leave the dash out`},
		"text for free keys":            {"aws-dev", "tags", "team=ai", `"team=ai": is text; write an object: {KEY: VALUE}`},
		"a list for free keys":          {"azure-dev", "gateway.annotations", []any{"a=b"}, `is a list; write an object: {KEY: VALUE}`},
		"true for text":                 {"azure-dev", "gateway.podAnnotations", map[string]any{"sidecar.istio.io/inject": false}, `[sidecar.istio.io/inject]: Invalid value: false: is true or false; write it in quotes: "false"`},
		"a list for text":               {"azure-dev", "gateway.namespace", []any{"bifrost"}, `is a list; write text: bifrost, without brackets or dash`},
		"several for text":              {"azure-dev", "gateway.namespace", []any{"a", "b"}, `is a list; write text`},
		"an object for text":            {"azure-dev", "gateway.namespace", map[string]any{"name": "bifrost"}, `is an object with the keys name; write text`},
		"yes for true":                  {"azure-dev", "gateway.existingNamespace", "Yes", `"Yes": is text; write true`},
		"off for false":                 {"azure-dev", "protectIdentities", "off", `"off": is text; write false`},
		"1 for true":                    {"azure-dev", "gateway.existingNamespace", 1, `1: is a number; write true`},
		"anything for true":             {"azure-dev", "gateway.existingNamespace", "created", `"created": is text; write true or false`},
		"a list for true":               {"azure-dev", "gateway.existingNamespace", []any{true}, `is a list; write true or false: true, without brackets or dash`},
		"a number in quotes":            {"azure-dev", "gateway.replicas", "3", `"3": is text; write the number without quotes: 3`},
		"text for a number":             {"azure-dev", "gateway.startupSeconds", "5m", `"5m": is text; write a whole number`},
		"a fraction":                    {"azure-dev", "gateway.replicas", 1.5, `1.5: is a number; write a whole number`},
		"true for a number":             {"azure-dev", "gateway.replicas", true, `true: is true or false; write a whole number`},
		"an object for a number":        {"azure-dev", "gateway.replicas", map[string]any{"min": 1}, `is an object with the keys min; write a whole number`},
		"a long text":                   {"azure-dev", "gateway.log", strings.Repeat("x", 100), `"` + strings.Repeat("x", 60) + `...": is text; write an object`},
		"config.json as text":           {"azure-dev", "gateway.config", `{"key": "` + canary + `"`, `gateway.config: Forbidden: is text; write an object: {KEY: VALUE}`},
		"variables as a list":           {"azure-dev", "gateway.env", []any{"A=" + canary}, `gateway.env: Forbidden: is a list; write an object: {KEY: VALUE}`},
		"a variable that is an object":  {"azure-dev", "gateway.env.PG_HOST", map[string]any{"b": canary}, `gateway.env[PG_HOST]: Forbidden: is an object with the keys b; write text`},
		"a secret of another kind":      {"azure-dev", "secrets.license", []any{canary}, `secrets.license: Forbidden: is a list; write text`},
		"a secret's place":              {"azure-dev", "secrets.env", canary, `secrets.env: Forbidden: is text; write an object: {KEY: VALUE}`},
		"a credential configuration":    {"azure-dev", "gcp.credentialConfig", canary, `gcp.credentialConfig: Forbidden: is text; write an object: {KEY: VALUE}`},
		"text where an API has objects": {"azure-dev", "gateway.extraVolumes", []any{map[string]any{"name": "x", "emptyDir": "5Gi"}}, `[0].emptyDir: Invalid value: "5Gi": is text; write an object with the keys medium, sizeLimit`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problem := only(t, stackFile(t, c.stack).set(c.path, c.value))
			require.Contains(t, problem.Error(), c.want)
			require.NotContains(t, problem.Error(), canary)
		})
	}
}

// TestHowItIsMended: the last line gives a command only where that mends one of the problems.
func TestHowItIsMended(t *testing.T) {
	t.Parallel()
	const edit, set = "Edit Pulumi.prod.yaml", "Edit Pulumi.prod.yaml, or: pulumi config set --stack prod "
	for name, c := range map[string]struct {
		path  string
		value any
		want  string
	}{
		"a text":                       {"gateway.namespace", "A_B", set + "--path 'bifrost:KEY' VALUE"},
		"a name of one's own":          {"gateway.env.PG_HOST", "postgres://db.example.com", set + "--path 'bifrost:KEY' VALUE, where a name in brackets takes quotes: [\"NAME\"]"},
		"an unknown key":               {"gateway.replica", 5, edit},
		"a key that must go":           {"registry.pullThroughCache", true, edit},
		"text for a list":              {"network.noProxy", "a.example.com", edit},
		"a list that is missing":       {"gateway.ingress", map[string]any{"controller": "nginx", "tlsSecret": "x", "allowedCidrs": []any{"10.0.0.0/8"}}, set + "--path 'bifrost:KEY[0]' VALUE"},
		"text for an object":           {"gateway.log", "debug", edit},
		"true for text":                {"gateway.podAnnotations", map[string]any{"a": true}, edit},
		"text for true":                {"gateway.existingNamespace", "yes", set + "--path 'bifrost:KEY' VALUE"},
		"a number in quotes":           {"gateway.replicas", "3", set + "--path 'bifrost:KEY' VALUE"},
		"a secret that is missing":     {"secrets.encryptionKey", nil, set + "--secret --path 'bifrost:secrets.KEY'"},
		"what config.json has no type": {"gateway.config.config_store.type", "mysql", set + "--path 'bifrost:KEY' VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set(c.path, c.value)
			lines := strings.Split(refusedIn(t, s).Error(), "\n")
			require.Equal(t, c.want, lines[len(lines)-1], lines)
		})
	}
}

// TestFollowUps: every problem is told of in one pass, and none that is there because of another one.
func TestFollowUps(t *testing.T) {
	t.Parallel()
	albCertificate := "arn:aws:acm:us-east-1:111122223333:certificate/x"
	for name, c := range map[string]struct {
		stack string
		set   map[string]any
		want  []string
	}{
		"a number where a number is wanted, refused for another reason": {"azure-dev", map[string]any{
			"gateway.autoscaling": map[string]any{"minReplicas": 2, "maxReplicas": 4}, "gateway.replicas": 3,
		}, []string{"bifrost:gateway.replicas: Forbidden: gateway.autoscaling decides; remove one of them\n"}},
		"a number at an unknown key": {"azure-dev", map[string]any{"gateway.replicas": nil, "gateway.replica": 5}, []string{
			"bifrost:gateway.replica: Forbidden: unknown key; did you mean replicas?\n"}},
		"one file with four faults": {"aws-dev", map[string]any{
			"gateway.ingress": map[string]any{"controller": "aws-alb", "hosts": "llm.example.com", "certificateARN": albCertificate},
			"tags":            map[string]any{"aws:x": "y"}, "ecs": nil,
		}, []string{
			"bifrost:gateway.ingress.certificateARN: Forbidden: unknown key; did you mean certificateArn?",
			`bifrost:gateway.ingress.hosts: Invalid value: "llm.example.com": is text; write a list: [llm.example.com]`,
			"bifrost:tags[aws:x]: Invalid value",
			`bifrost:gateway.ingress.controller: Unsupported value: "aws-alb": EKS does not run it; supported values: "alb", "nginx"; did you mean alb?`,
		}},
		"a controller of the other cloud": {"azure-dev", map[string]any{
			"gateway.ingress": map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}, "tlsSecret": "tls"},
		}, []string{`bifrost:gateway.ingress.controller: Unsupported value: "alb": AKS does not run it; supported values: "appRouting", "nginx"` + "\n"}},
		"no controller": {"azure-dev", map[string]any{
			"gateway.ingress": map[string]any{"hosts": []any{"llm.example.com"}},
		}, []string{"bifrost:gateway.ingress.controller: Required value: appRouting or nginx"}},
		"keys in another place": {"aws-dev", map[string]any{
			"gateway.nodeSelector": map[string]any{"pool": "ai"}, "gateway.tolerations": []any{}, "gateway.caFile": "ca.pem", "gateway.image": "x", "gateway.hosts": []any{"a.example.com"},
			"gateway.providers": map[string]any{}, "clusterName": "dev", "accountId": "111122223333",
		}, []string{
			"bifrost:gateway.nodeSelector: Forbidden: unknown key; did you mean gateway.scheduling.nodeSelector?",
			"bifrost:gateway.tolerations: Forbidden: unknown key; did you mean gateway.scheduling.tolerations?",
			"bifrost:gateway.caFile: Forbidden: unknown key; did you mean gateway.postgres.caFile?",
			"bifrost:gateway.image: Forbidden: unknown key; did you mean registry.image?",
			"bifrost:gateway.hosts: Forbidden: unknown key; did you mean gateway.ingress.hosts or gateway.httpRoute.hosts?",
			"bifrost:gateway.providers: Forbidden: unknown key; did you mean gateway.config.providers?",
			"bifrost:accountId: Forbidden: unknown key; did you mean aws.accountId?",
			"bifrost:clusterName: Forbidden: unknown key; ",
		}},
		"a misspelt object": {"azure-dev", map[string]any{"gateway": nil, "gatway": with("azure-dev", "namespace", "A")}, []string{
			"bifrost:gatway: Forbidden: unknown key; did you mean gateway?", `bifrost:gateway.namespace: Invalid value: "A"`,
		}},
		"a misspelt key that is required": {"aws-dev", map[string]any{"aws.accountId": nil, "aws.account": "111122223333"}, []string{
			"bifrost:aws.account: Forbidden: unknown key; did you mean accountId?"}},
		"a misspelt key of another kind": {"azure-dev", map[string]any{"gateway.suppliedObject": "secret/x"}, []string{
			"bifrost:gateway.suppliedObject: Forbidden: unknown key; did you mean suppliedObjects?",
			`bifrost:gateway.suppliedObjects: Invalid value: "secret/x": is text; write a list: [secret/x]`,
		}},
		"a misspelt region beside a certificate": {"aws-dev", map[string]any{"aws.region": "eu-centrl-1", "ecs": nil, "gateway.ingress": map[string]any{
			"controller": "alb", "hosts": []any{"llm.example.com"}, "certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/x",
		}, "gateway.networkPolicy": map[string]any{"fromAnywhere": true}}, []string{
			`bifrost:aws.region: Invalid value: "eu-centrl-1": no region of AWS is called so; did you mean eu-central-1?`}},
		"processors that do not decode": {"aws-dev", map[string]any{"ecs.cpu": "2048", "ecs.memory": 16384}, []string{
			`bifrost:ecs.cpu: Invalid value: "2048": is text; write the number without quotes: 2048`}},
		"a rollout that is none": {"azure-dev", map[string]any{"rollout": "identitiy", "gcp": nil}, []string{
			`bifrost:rollout: Unsupported value: "identitiy": supported values: "identity", "full"; did you mean identity?`}},
		"a way to pull that is none": {"aws-dev", map[string]any{"eks.pull": "nodes", "eks.nodeRoleArns": []any{nodeRole}}, []string{
			`bifrost:eks.pull: Unsupported value: "nodes": supported values: "refresh", "node", "kubelet"; did you mean node?`}},
		"a way in that is none": {"aws-dev", map[string]any{"eks.auth": "pod-identity", "eks.oidcProvider": "existing"}, []string{
			`bifrost:eks.auth: Unsupported value: "pod-identity": supported values: "irsa", "podIdentity"; did you mean podIdentity?`}},
		"a platform that is none": {"aws-dev", map[string]any{"platform": "AWS"}, []string{
			`bifrost:platform: Unsupported value: "AWS": supported values: "aws", "azure", "google", "kubernetes"; did you mean aws?`}},
		"a type of Service that is none": {"azure-dev", map[string]any{"gateway.service": map[string]any{"type": "loadbalancer"}}, []string{
			`bifrost:gateway.service.type: Unsupported value: "loadbalancer"`, "did you mean LoadBalancer?"}},
		"an element that does not decode": {"aws-dev", map[string]any{"ecs.subnets": []any{"subnet-0a1b2c3d4e5f60718", map[string]any{"id": "x"}}}, []string{
			"bifrost:ecs.subnets[1]: Invalid value: is an object with the keys id; write text"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, c.stack).set("gateway.existingNamespace", true)
			for path, value := range c.set {
				s.set(path, value)
			}
			refused := refusedIn(t, s)
			text := refused.Error()
			found := 0
			for _, want := range c.want {
				require.Contains(t, text, want)
				if strings.HasPrefix(want, "bifrost:") {
					found++
				}
			}
			require.Len(t, refused.Problems, found, text)
		})
	}
}

// TestOneMendForSeveral: what mends several problems is told of once.
func TestOneMendForSeveral(t *testing.T) {
	t.Parallel()
	text := refusedIn(t, stackFile(t, "azure-dev").set("gateway.secretRefs", map[string]any{
		"A": map[string]any{"secret": "a", "key": "k"}, "B": map[string]any{"secret": "b", "key": "k"}, "C": map[string]any{"secret": "c", "key": "k"},
	})).Error()
	require.Contains(t, text, `bifrost:gateway.secretRefs[A].secret: Invalid value: "a": secret/a cannot be there before the first up; make namespace bifrost`)
	require.Contains(t, text, `bifrost:gateway.secretRefs[C].secret: Invalid value: "c": secret/c cannot be there before the first up; see above`+"\n")
	require.Equal(t, 1, strings.Count(text, "gateway.suppliedObjects"))
	for _, line := range strings.Split(text, "\n") {
		require.Less(t, len(line), 300, line)
	}
}

// TestPathAsKey: a path that stands in the file as it is written everywhere else is told how it is written there.
func TestPathAsKey(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "azure-dev")
	s["network.proxy"], s["gateway.ingress.hosts"] = "http://proxy.example.com:3128", []any{"a.example.com"}
	refused := refusedIn(t, s).Error()
	for _, want := range []string{
		"bifrost:network.proxy: Forbidden: a path is no key of the file: write bifrost:network: and the rest, proxy, indented below it\n",
		"bifrost:gateway.ingress.hosts: Forbidden: a path is no key of the file: write bifrost:gateway: and the rest, ingress.hosts, indented below it\n",
	} {
		require.Contains(t, refused, want)
	}
}
