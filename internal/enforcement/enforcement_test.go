package enforcement

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAKS: what Azure says, in any case, and what it leaves open.
func TestAKS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plugin, policy, dataplane string
		want                      Verdict
	}{
		"Azure's own":                   {"azure", "azure", "azure", Verdict{By: AzureManager}},
		"Calico":                        {"azure", "Calico", "", Verdict{By: Calico}},
		"Calico on kubenet":             {"kubenet", "calico", "", Verdict{By: Calico}},
		"Cilium":                        {"azure", "cilium", "cilium", Verdict{By: Cilium}},
		"the dataplane alone":           {"azure", "", "Cilium", Verdict{By: Cilium}},
		"none":                          {"azure", "none", "azure", Verdict{Lacking: "its network policy engine is none"}},
		"nothing said":                  {"azure", "", "", Verdict{Lacking: "its network policy engine is none"}},
		"kubenet":                       {"kubenet", "", "", Verdict{Lacking: "its network policy engine is none"}},
		"a plugin of one's own":         {"none", "", "", Verdict{Unknown: "the cluster has a network plugin that Azure does not know"}},
		"no profile":                    {"", "", "", Verdict{Unknown: "the cluster has a network plugin that Azure does not know"}},
		"Cilium, and none":              {"azure", "none", "cilium", Verdict{Unknown: "Azure says networkPolicy none and networkDataplane cilium"}},
		"an engine that is not known":   {"azure", "other", "azure", Verdict{Unknown: "Azure says networkPolicy other and networkDataplane azure"}},
		"one's own plugin with nothing": {"None", "none", "", Verdict{Unknown: "the cluster has a network plugin that Azure does not know"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, AKS(c.plugin, c.policy, c.dataplane)) })
	}
}

// TestEKS: a text and a boolean are the same, and the default is off.
func TestEKS(t *testing.T) {
	t.Parallel()
	off := Verdict{Lacking: "its add-on vpc-cni has not enableNetworkPolicy"}
	for configuration, want := range map[string]Verdict{
		``:                                  off,
		`{}`:                                off,
		`null`:                              off,
		`{"enableNetworkPolicy": "false"}`:  off,
		`{"enableNetworkPolicy": false}`:    off,
		`{"enableNetworkPolicy": 1}`:        off,
		`{"env": {"X": "true"}}`:            off,
		`{"enableNetworkPolicy": "true"}`:   {By: VpcCni},
		`{"enableNetworkPolicy": true}`:     {By: VpcCni},
		"enableNetworkPolicy: \"True\"\n":   {By: VpcCni},
		"enableNetworkPolicy: true\nenv: {": {Unknown: "the configuration of the add-on vpc-cni does not parse"},
		`["enableNetworkPolicy"]`:           {Unknown: "the configuration of the add-on vpc-cni does not parse"},
	} {
		t.Run(configuration, func(t *testing.T) { require.Equal(t, want, EKS(configuration)) })
	}
}

func TestGKE(t *testing.T) {
	t.Parallel()
	require.Equal(t, Verdict{By: DataplaneV2}, GKE("ADVANCED_DATAPATH", false))
	require.Equal(t, Verdict{By: Calico}, GKE("LEGACY_DATAPATH", true))
	for _, datapath := range []string{"", "DATAPATH_PROVIDER_UNSPECIFIED", "LEGACY_DATAPATH"} {
		require.NotEmpty(t, GKE(datapath, false).Lacking, datapath)
	}
}
