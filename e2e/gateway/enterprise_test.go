package gateway

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// enterprise is what the open-source gateway does not have: the stand-in follows the vendor's documentation there, and no build of the
// gateway has judged it.
var enterprise = []struct {
	name string
	live func(t *testing.T, s *site, all table)
}{
	{"BIFROST_MIGRATE_ONLY migrates and ends, BIFROST_NO_MIGRATE starts on that alone", migrations},
	{"a mesh finds its members by DNS, and shares keys and limits", meshByDNS},
	{"a mesh without peers and discovery does not start", meshOfNobody},
	{"a broker relays between its nodes", brokered},
	{"variables of the image are read where there are no flags", imageVariables},
}

func TestEnterprise(t *testing.T) {
	program := os.Getenv(standInVariable)
	if program == "" {
		t.Skip(standInVariable + " is not set")
	}
	all := readTable(t)
	for _, e := range enterprise {
		t.Run(e.name, func(t *testing.T) {
			on := newBench(t, "stand-in", program)
			on.needPostgres(t)
			e.live(t, on.site(t), all)
		})
	}
}

func migrations(t *testing.T, s *site, all table) {
	config := all.configuration(t, "postgres", nil)
	noMigrate := map[string]string{"BIFROST_NO_MIGRATE": "1"}
	require.ErrorIs(t, s.launch(t, config, noMigrate).ready(t.Context()), errExited, "nobody has migrated")
	p := s.launch(t, config, map[string]string{"BIFROST_MIGRATE_ONLY": "1"})
	p.ended(t, startLimit)
	require.Equal(t, 0, p.cmd.ProcessState.ExitCode(), p.log.String())
	require.Equal(t, http.StatusOK, s.up(t, config, noMigrate).completes(t, appKey))
}

// nodes are the members that a process knows.
func (p *process) nodes(t testing.TB) int {
	t.Helper()
	var got struct{ Nodes []string }
	require.NoError(t, json.Unmarshal([]byte(p.must(t, request{path: "/api/cluster/nodes", header: asAdmin}).body), &got))
	return len(got.Nodes)
}

// share makes a key on one process and uses it on another, and finds that both count against one limit.
func share(t *testing.T, one, two *process) {
	t.Helper()
	for _, p := range []*process{one, two} {
		eventually(t, "both find each other", func() bool { return p.nodes(t) == 2 })
	}
	key := one.makeKey(t, "made", asAdmin)
	eventually(t, "a key of one is known to two", func() bool { return two.completes(t, key) == http.StatusOK })
	require.Equal(t, http.StatusOK, one.completes(t, appKey))
	require.Equal(t, http.StatusOK, one.completes(t, appKey))
	eventually(t, "two counts what one let through", func() bool { return two.completes(t, appKey) == http.StatusTooManyRequests })
}

func meshByDNS(t *testing.T, s *site, all table) {
	ports := document{"gossip": document{"port": freePort(t)}, "grpc": document{"port": freePort(t)}}
	discovery := document{"enabled": true, "type": "dns", "dns_names": []any{"127.0.0.1", "127.0.0.2"}}
	cluster := document{"enabled": true, "type": "mesh", "discovery": discovery}
	config := merged(all.configuration(t, "postgres", limited()), document{"cluster_config": merged(cluster, ports)})
	one := s.up(t, config, nil)
	s.host = "127.0.0.2"
	share(t, one, s.up(t, config, nil))
}

func meshOfNobody(t *testing.T, s *site, all table) {
	config := all.configuration(t, "postgres", document{"cluster_config": document{"enabled": true}})
	require.ErrorIs(t, s.launch(t, config, nil).ready(t.Context()), errExited)
}

func brokered(t *testing.T, s *site, all table) {
	port := freePort(t)
	config := all.configuration(t, "postgres", merged(limited(), document{"cluster_config": document{
		"enabled": true, "type": "broker",
		"broker": document{"address": "127.0.0.1:" + strconv.Itoa(port), "listen_port": port, "auth_token": "env.BIFROST_BROKER_TOKEN"},
	}}))
	token := map[string]string{"BIFROST_BROKER_TOKEN": "fake-token"}
	broker := s.launch(t, config, map[string]string{"BIFROST_BROKER_TOKEN": "fake-token", "BIFROST_MODE": "broker", "PG_PASSWORD": ""})
	stranger := s.up(t, config, map[string]string{"BIFROST_BROKER_TOKEN": "wrong"})
	share(t, s.up(t, config, token), s.up(t, config, token))
	require.Zero(t, stranger.nodes(t), "a node without the token is not taken in")
	broker.stop(t)
	require.Equal(t, 0, broker.cmd.ProcessState.ExitCode())
}

func imageVariables(t *testing.T, s *site, all table) {
	port := strconv.Itoa(freePort(t))
	s.withoutFlags = true
	p := s.launch(t, all.configuration(t, "", nil), map[string]string{"APP_DIR": s.dir, "APP_HOST": "::1", "APP_PORT": port})
	p.url = "http://[::1]:" + port
	require.NoError(t, p.ready(t.Context()))
}
