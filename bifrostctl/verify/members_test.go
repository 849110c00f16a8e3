package verify_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/postgres/postgrestest"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
)

// podIn is a pod with a gateway in it.
type podIn struct {
	service.Gateway
	closed int // a port at which nothing listens
	log    string
	dial   func(container, host, port string) (net.Conn, error)
}

// Listens implements service.Pod.
func (p podIn) Listens(_ context.Context, port int) (bool, error) { return port != p.closed, nil }

// Log implements service.Pod.
func (p podIn) Log(_ context.Context, container string, _ int) (string, error) {
	if container != "bifrost" || p.log == "" {
		return "", errors.New("you may not read logs")
	}
	return p.log, nil
}

// Tunnel implements service.Pod.
func (p podIn) Tunnel(_ context.Context, container, host, port string) (net.Conn, error) {
	return p.dial(container, host, port)
}

// TestMembers: what the pods of a cluster tell of it.
func TestMembers(t *testing.T) {
	t.Parallel()
	const joined = "successfully joined 2 peers on startup\ncluster health: NOT HEALTHY\ncluster health: HEALTHY\n"
	status := func(text string) standIn { return standIn{cluster: ok(text)} }
	for name, test := range map[string]struct {
		gateway           standIn
		pod               podIn
		error, hint, says string // says where nothing is bad
	}{
		"by their log":      {pod: podIn{log: joined}, says: "3 pods listen at 10101 and 10102, and each says that its cluster is healthy"},
		"by their status":   {gateway: status(`{"members":3,"healthy_members":3,"cluster_health":"HEALTHY"}`), says: "and each says that its cluster is healthy"},
		"they say nothing":  {pod: podIn{log: "started\n"}, says: "3 pods listen at 10101 and 10102, and 0 of them say that their cluster is healthy: whether the others are members is not known"},
		"no right to logs":  {says: "whether the others are members is not known"},
		"no gossip":         {pod: podIn{closed: 10101, log: joined}, error: "nothing listens at port 10101 of pod bifrost-", hint: "Bifrost Enterprise"},
		"no gRPC":           {pod: podIn{closed: 10102, log: joined}, error: "nothing listens at port 10102 of pod bifrost-", hint: "Bifrost Enterprise"},
		"alone":             {gateway: status(`{"members":1,"healthy_members":1,"cluster_health":"HEALTHY"}`), error: "knows 1 members, 1 of them healthy, and 3 run", hint: "10101 (TCP and UDP) and 10102"},
		"one is suspect":    {gateway: status(`{"members":3,"healthy_members":2,"cluster_health":"HEALTHY"}`), error: "knows 3 members, 2 of them healthy, and 3 run", hint: "network policies"},
		"not healthy":       {pod: podIn{log: joined + "cluster health: NOT HEALTHY\n"}, error: `says "cluster health: NOT HEALTHY"`, hint: "kubectl logs deployment/bifrost -n bifrost"},
		"nobody discovered": {pod: podIn{log: "no new nodes discovered\n"}, error: `says "no new nodes discovered"`, hint: "network policies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, clustered)
			clouds := saved.Clouds(r.World, r.Look.Server)
			test.pod.Gateway = test.gateway.serve(t)
			clouds.Gateway = func(context.Context, string, string) (service.Gateway, error) { return test.pod.Gateway, nil }
			clouds.Pod = func(_ context.Context, namespace, pod string) (service.Pod, error) {
				require.Contains(t, namespace+"/"+pod, "bifrost/bifrost-")
				return test.pod, nil
			}
			printed, _ := r.verifyOf(clouds, verify.Options{Format: report.Table}) // whether it is broken is in the document
			found := bad(r.documentOf(clouds, verify.Options{}))
			if test.error == "" {
				require.Empty(t, found)
				require.Contains(t, printed, test.says)
				return
			}
			require.Len(t, found, 1, "%+v", found)
			require.Equal(t, "gateway-members", found[0].Code)
			require.Contains(t, found[0].Error, test.error)
			require.Contains(t, found[0].Hint, test.hint)
		})
	}
}

// TestPeers: a pod that the headless Service does not name is found by nobody.
func TestPeers(t *testing.T) {
	t.Parallel()
	for error, of := range map[string]struct {
		code string
		edit edits.Edit
	}{
		"runs, and has no address in Service bifrost-peers":  {"gateway-peers", edits.With(edits.ServiceKind, "bifrost-peers", "spec.selector={app: another}")},
		"Service bifrost-peers in namespace bifrost is gone": {"made-exposure", edits.Removed(edits.ServiceKind, "bifrost-peers")},
	} {
		r := stand(t, clustered)
		of.edit(t, r.World)
		found := bad(r.document(verify.Options{}))
		require.Len(t, found, 1, "%+v", found)
		require.Equal(t, of.code, found[0].Code)
		require.Contains(t, found[0].Error, error)
	}
}

// TestDatabase: the database as a pod reaches it, with the login that the gateway has.
func TestDatabase(t *testing.T) {
	t.Parallel()
	w := refreshIRSA
	w.Settings = []string{"secrets.env.PG_PASSWORD=correct horse", "gateway.postgres.allowInsecure=true",
		"gateway.config.config_store.config.ssl_mode=disable", "gateway.config.logs_store.config.ssl_mode=disable"}
	row := func(row ...string) func(*postgrestest.Server) { return func(s *postgrestest.Server) { s.Row = row } }
	for name, test := range map[string]struct {
		change   func(*postgrestest.Server)
		failed   error // to dial
		settings []string
		code     string
		status   check.Status
		error    string
		hint     string
		says     []string // where nothing is bad
	}{
		"good": {says: []string{"bifrost at bifrost.cluster-c0ffee.us-east-1.rds.amazonaws.com:5432 (config_store, logs_store) in clear", ": 16.4\n", ": UTF8\n", ": up to 300 of 997 by 3 pods\n"}},
		"two databases": {settings: []string{"gateway.config.logs_store.config.db_name=logs", "ecs.env.PG_HOST=theirs.example.com"},
			says: []string{"bifrost at bifrost.cluster-c0ffee.us-east-1.rds.amazonaws.com:5432 (config_store) in clear; logs at "}},
		"old":              {change: row("150008", "UTF8", "500", "3", "0"), code: "database-version", error: "is PostgreSQL 15.8, on which the gateway does not start", hint: "PostgreSQL 16"},
		"another encoding": {change: row("160004", "SQL_ASCII", "500", "3", "0"), code: "database-encoding", error: "is SQL_ASCII", hint: "createdb --encoding UTF8"},
		"few connections":  {change: row("160004", "UTF8", "60", "3", "0"), code: "database-connections", error: "takes 57 connections of ordinary users (60 less 3), and 3 pods, one of a rollout among them, open up to 300", hint: "max_open_conns"},
		"fewer than configured": {settings: []string{"gateway.postgres.maxConnections=5000"}, change: row("160004", "UTF8", "1000", "3", "10"), code: "database-connections", status: check.Warning,
			error: "us-east-1.rds.amazonaws.com:5432 is 1000, and gateway.postgres.maxConnections says 5000", hint: "gateway.postgres.maxConnections"},
		"another password": {change: func(s *postgrestest.Server) { s.Password = "new" }, code: "database-reached", error: "password authentication failed", hint: "secrets.env"},
		"no TLS":           {settings: []string{"gateway.config.config_store.config.ssl_mode=require"}, code: "database-reached", error: "server refused TLS", hint: "let the server speak TLS"},
		"no nc":            {failed: errors.New(`nc: exec: "nc": executable file not found in $PATH`), code: "database-reached", error: "executable file not found", hint: "the image has no nc"},
		"no way":           {failed: errors.New("nc: timed out"), code: "database-reached", error: "timed out", hint: "network policy"},
		"no exec":          {failed: errors.New(`pods "bifrost-1" is forbidden: User "me" cannot create resource "pods/exec"`), code: "database-reached", error: "forbidden", hint: "--database needs it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := w
			own.Settings = append(append([]string{}, w.Settings...), test.settings...)
			r := stand(t, own)
			r.stack.Access = checks.Access{Database: true}
			server := postgrestest.New("correct horse")
			if test.change == nil {
				test.change = row("160004", "UTF8", "1000", "3", "0")
			}
			test.change(&server)
			clouds := saved.Clouds(r.World, r.Look.Server)
			clouds.Pod = func(context.Context, string, string) (service.Pod, error) {
				return podIn{dial: func(container, host, port string) (net.Conn, error) {
					require.Equal(t, "bifrost bifrost.cluster-c0ffee.us-east-1.rds.amazonaws.com:5432", container+" "+host+":"+port)
					if test.failed != nil {
						return nil, test.failed
					}
					return server.Dial(), nil
				}}, nil
			}
			printed, _ := r.verifyOf(clouds, verify.Options{Format: report.Table}) // whether it is broken is in the document
			require.NotContains(t, printed, "correct horse")
			found := bad(r.documentOf(clouds, verify.Options{}))
			if test.code == "" {
				require.Empty(t, found)
				for _, says := range test.says {
					require.Contains(t, printed, says)
				}
				return
			}
			require.Len(t, found, 1, "%+v", found)
			require.Equal(t, test.code, found[0].Code)
			if test.status != "" {
				require.Equal(t, test.status, found[0].Result)
			}
			require.Contains(t, found[0].Error, test.error)
			require.Contains(t, found[0].Hint, test.hint)
		})
	}
}
