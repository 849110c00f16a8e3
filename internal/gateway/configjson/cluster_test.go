package configjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// clusters are one of each kind.
var clusters = map[string]Cluster{
	"pods":   {Namespace: "bifrost", LabelSelector: "app=bifrost", Region: "eu-west-1"},
	"tasks":  {DnsName: "bifrost.bifrost.internal"},
	"broker": {BrokerAddress: "bifrost-broker.bifrost.svc:50051"},
	"others": {Region: "eu-west-1"},
}

// TestClusterIsWritten: what is written here is what is wanted here, the document itself stays, and a second time changes nothing.
func TestClusterIsWritten(t *testing.T) {
	t.Parallel()
	plain := document(t, `{"client": {}}`)
	for name, cluster := range clusters {
		made := WithCluster(plain, cluster, "")
		require.NotContains(t, plain, "cluster_config", "the document itself was changed")
		on, decided := Clustered(made)
		require.True(t, on && decided, name)
		require.Empty(t, ValidateCluster(field.NewPath("p"), made, cluster, ""), name)
		text, err := Render(made)
		require.NoError(t, err)
		own := document(t, string(text))
		require.Empty(t, ValidateCluster(field.NewPath("p"), own, cluster, ""), "%s: numbers as JSON has them", name)
		again, err := Render(WithCluster(own, cluster, ""))
		require.NoError(t, err)
		require.JSONEq(t, string(text), string(again), name)
	}
	on, decided := Clustered(plain)
	require.False(t, on || decided)
	require.Equal(t, map[string]any{
		"enabled": true, "type": "broker",
		"broker": map[string]any{"address": "bifrost-broker.bifrost.svc:50051", "auth_token": "env.BIFROST_BROKER_TOKEN", "tls": false, "listen_port": 50051},
	}, BrokerDocument("bifrost-broker.bifrost.svc:50051")["cluster_config"])
}

// TestClusterIsCompleted: what the document says stays, at every depth.
func TestClusterIsCompleted(t *testing.T) {
	t.Parallel()
	own := document(t, `{"cluster_config": {"region": "here", "peers": ["other.example.com:10101"], "gossip": {"config": {"timeout_seconds": 5}}, "discovery": {"dial_timeout": "5s"}}}`)
	text, err := Render(WithCluster(own, clusters["pods"], ""))
	require.NoError(t, err)
	require.JSONEq(t, `{"cluster_config": {
		"enabled": true, "region": "here", "peers": ["other.example.com:10101"],
		"gossip": {"port": 10101, "config": {"timeout_seconds": 5, "success_threshold": 3, "failure_threshold": 3}}, "grpc": {"port": 10102},
		"discovery": {"enabled": true, "type": "kubernetes", "k8s_namespace": "bifrost", "k8s_label_selector": "app=bifrost", "dial_timeout": "5s"}
	}}`, string(text))
}

// TestClusterElsewhere: one document serves two places, each with a discovery of its own.
func TestClusterElsewhere(t *testing.T) {
	t.Parallel()
	own := document(t, `{"cluster_config": {"enabled": true, "discovery": {"type": "kubernetes", "k8s_namespace": "bifrost"}}}`)
	require.Empty(t, ValidateCluster(field.NewPath("p"), own, clusters["tasks"], DiscoveryKubernetes))
	require.Len(t, ValidateCluster(field.NewPath("p"), own, clusters["tasks"], ""), 1)
	discovery := WithCluster(own, clusters["tasks"], DiscoveryKubernetes)["cluster_config"].(map[string]any)["discovery"].(map[string]any)
	require.Equal(t, map[string]any{"enabled": true, "type": "dns", "dns_names": []any{"bifrost.bifrost.internal"}, "bind_port": 10101}, discovery)
	require.Contains(t, own["cluster_config"].(map[string]any)["discovery"], "k8s_namespace", "the document itself was changed")
}

// TestClusterDisagrees: one value that the objects around the gateway are not made for, and its path.
func TestClusterDisagrees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, path, config, want string }{
		{"pods", "type", `{"type": "broker"}`, "must be mesh"},
		{"pods", "discovery.enabled", `{"discovery": {"enabled": false}}`, "must be true"},
		{"pods", "discovery.type", `{"discovery": {"type": "dns"}}`, "must be kubernetes"},
		{"pods", "discovery.k8s_namespace", `{"discovery": {"k8s_namespace": "other"}}`, "must be bifrost"},
		{"pods", "discovery.k8s_label_selector", `{"discovery": {"k8s_label_selector": "app=x"}}`, "must be app=bifrost"},
		{"pods", "gossip.port", `{"gossip": {"port": 7946}}`, "must be 10101"},
		{"pods", "grpc.port", `{"grpc": {"port": 1}}`, "must be 10102"},
		{"tasks", "type", `{"type": "broker"}`, "write mesh"},
		{"tasks", "peers", `{"peers": ["10.0.0.1:10101"]}`, "the addresses of ECS tasks change"},
		{"tasks", "discovery.enabled", `{"discovery": {"enabled": false}}`, "write true"},
		{"tasks", "discovery.type", `{"discovery": {"type": "consul"}}`, "write dns"},
		{"tasks", "discovery.dns_names", `{"discovery": {"dns_names": ["peers.example.com"]}}`, "without bifrost.bifrost.internal"},
		{"tasks", "discovery.bind_port", `{"discovery": {"bind_port": 7946}}`, "the tasks reach each other on 10101"},
		{"tasks", "gossip.port", `{"gossip": {"port": 7946}}`, "the tasks reach each other on 10101"},
		{"tasks", "grpc.port", `{"grpc": {"port": 7947}}`, "the tasks reach each other on 10102"},
		{"broker", "type", `{"type": "mesh"}`, "must be broker"},
		{"broker", "broker.address", `{"broker": {"address": "other:50051"}}`, "must be bifrost-broker.bifrost.svc:50051"},
		{"broker", "broker.listen_port", `{"broker": {"listen_port": 8080}}`, "must be 50051"},
		{"broker", "broker.tls", `{"broker": {"tls": true}}`, "must be false"},
		{"broker", "broker.auth_token", `{"broker": {"auth_token": "env.OTHER"}}`, "must be env.BIFROST_BROKER_TOKEN"},
	} {
		problems := ValidateCluster(field.NewPath("p"), document(t, `{"cluster_config": `+c.config+`}`), clusters[c.kind], "")
		require.Len(t, problems, 1, c.path)
		require.Equal(t, "p.cluster_config."+c.path, problems[0].Field)
		require.Contains(t, problems[0].Detail, c.want, c.kind)
	}
	for _, config := range []string{`{"enabled": true}`, `{"discovery": {"dns_names": ["peers.example.com", "bifrost.bifrost.internal"]}}`} {
		require.Empty(t, ValidateCluster(field.NewPath("p"), document(t, `{"cluster_config": `+config+`}`), clusters["tasks"], ""))
	}
	require.Empty(t, ValidateCluster(field.NewPath("p"), nil, clusters["pods"], ""))
}

func TestOthersBroker(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct {
		problem, address string
	}{
		`"broker.example.com:443"`: {"", "broker.example.com:443"}, `"[fd00::1]:50051"`: {"", "[fd00::1]:50051"},
		`"env.BROKER"`: {"", "env.BROKER"}, `"broker.example.com"`: {"HOST:PORT", "broker.example.com"},
		`"broker:0"`: {"HOST:PORT", "broker:0"}, `"broker:grpc"`: {"HOST:PORT", "broker:grpc"}, `50051`: {"HOST:PORT", ""},
		`""`: {"gateway.clustering.type", ""},
	} {
		d := document(t, `{"cluster_config": {"enabled": true, "type": "broker", "broker": {"address": `+address+`}}}`)
		problems := ValidateBroker(field.NewPath("p"), d)
		if want.problem == "" {
			require.Empty(t, problems, address)
		} else {
			require.Len(t, problems, 1, address)
			require.True(t, strings.HasSuffix(problems[0].Field, "cluster_config.broker.address"))
			require.Contains(t, problems[0].Error(), want.problem)
		}
		require.Equal(t, want.address, BrokerAddress(d))
	}
	require.Len(t, ValidateBroker(field.NewPath("p"), document(t, `{"cluster_config": {"type": "broker"}}`)), 1)
	require.Empty(t, BrokerAddress(document(t, `{"cluster_config": {"type": "gossip", "broker": {"address": "b:1"}}}`)))
}
