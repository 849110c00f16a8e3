package checks

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/postgres"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/gateway/configjson"
)

const (
	// oldestPostgres is the oldest version that the gateway starts on, as the server writes it.
	oldestPostgres   = 160000
	databaseEncoding = "UTF8"

	databaseReached = "database-reached"
)

// database is the PostgreSQL server of the gateway's stores, as a pod of the gateway reaches it.
type database struct {
	Stack
	objects *objects
	pod     func(ctx context.Context, namespace, pod string) (service.Pod, error)
	// stores are asked once for all checks.
	stores func(context.Context) ([]answered, error)
}

// answered is a store's server, and what it answered.
type answered struct {
	store string
	// pool is how many connections one process opens there at most.
	pool int
	postgres.Settings
	postgres.Server
}

func (a answered) server() string { return a.Host + ":" + a.Port }

func (a answered) String() string {
	return fmt.Sprintf("%s at %s (%s)", a.Database, a.server(), a.store)
}

func (s Stack) database(c service.Clouds, o *objects) []check.Check {
	d := database{Stack: s, objects: o, pod: c.Pod}
	d.stores = shared(d.ask)
	return append([]check.Check{{Code: databaseReached, Description: "a pod reaches the database, with the gateway's login",
		Run: d.reached}}, needing(databaseReached, []check.Check{
		{Code: "database-version", Description: "PostgreSQL is 16 or newer", Run: d.version},
		{Code: "database-encoding", Description: "the database is UTF8", Run: d.encoding},
		{Code: "database-connections", Description: "the server takes the connections of all processes", Run: d.connections},
	})...)
}

// mends are what the words of a connection that failed mean.
var mends = []struct {
	words *regexp.Regexp
	mend  string
}{
	{regexp.MustCompile(`executable file not found|not found in \$PATH|no such file or directory`),
		"the image has no nc: ask from a pod that has psql"},
	{regexp.MustCompile(`(?i)pods/exec|forbidden`), "ask for the right to create pods/exec in the namespace; --database needs it"},
	{regexp.MustCompile(`no encryption`), "write ssl_mode: require, or a stricter one"},
	{regexp.MustCompile(`28P01|28000|password authentication failed`),
		"write the database's password into secrets.env, or let the role in by pg_hba.conf"},
	{regexp.MustCompile(`3D000`), "create the database with the encoding UTF8, or write another one into db_name"},
	{regexp.MustCompile(`server refused TLS`), "let the server speak TLS, or write the ssl_mode that it wants"},
	{regexp.MustCompile(`x509|certificate`),
		"give the authority of the server's certificate with gateway.postgres.caFile, or see that host is a name of the certificate"},
	{regexp.MustCompile(`bad address|Name or service not known|not resolve`), "write a host into gateway.config that the pods' DNS knows"},
	{regexp.MustCompile(`(?i)timed out|refused|unreachable|deadline|EOF`),
		"let the pods out to the database's port: network policy, security group of the database, route"},
}

func (d database) reached(ctx context.Context) check.Result {
	if d.pod == nil {
		return check.Block("the sandbox runs no gateway")
	}
	stores, err := d.stores(ctx)
	if err != nil {
		for _, m := range mends {
			if m.words.MatchString(err.Error()) {
				return check.Fail(m.mend, "%v", err)
			}
		}
		return check.Fail(d.logs(), "%v", err)
	}
	if len(stores) == 0 {
		return check.Block("no store is PostgreSQL")
	}
	var all []string
	for _, a := range stores {
		over := "in clear"
		if a.Encrypted {
			over = "over TLS"
		}
		all = append(all, fmt.Sprintf("%s %s", a, over))
	}
	return check.Pass("%s", strings.Join(all, "; "))
}

func (d database) version(ctx context.Context) check.Result {
	return d.each(ctx, func(a answered) *check.Result {
		if a.Version >= oldestPostgres {
			return nil
		}
		result := check.Fail("upgrade the server to PostgreSQL 16 or newer", "%s is PostgreSQL %s, on which the gateway does not start", a,
			release(a.Version))
		return &result
	}, func(a answered) string { return release(a.Version) })
}

func (d database) encoding(ctx context.Context) check.Result {
	return d.each(ctx, func(a answered) *check.Result {
		if a.Encoding == databaseEncoding {
			return nil
		}
		result := check.Fail("createdb --encoding UTF8 --template template0 makes one that is; write it into db_name, or restore the old "+
			"one's dump into it", "%s is %s", a, a.Encoding)
		return &result
	}, func(a answered) string { return a.Encoding })
}

// connections counts by server: databases of one server share what it takes.
func (d database) connections(ctx context.Context) check.Result {
	processes, configured := d.processes(), d.Config.Gateway.Postgres.MaxConnections
	pools := map[string]int{}
	stores, _ := d.stores(ctx) // each tells of an error
	for _, a := range stores {
		pools[a.server()] += a.pool
	}
	return d.each(ctx, func(a answered) *check.Result {
		need, takes := processes*pools[a.server()], a.MaxConnections-a.Reserved
		var result check.Result
		switch {
		case need > takes:
			result = check.Fail("raise max_connections of the server, or lower max_open_conns of the stores in gateway.config",
				"%s takes %d connections of ordinary users (%d less %d), and %d pods, one of a rollout among them, open up to %d",
				a.server(), takes, a.MaxConnections, a.Reserved, processes, need)
		case configured > a.MaxConnections:
			result = check.Warn("write the server's max_connections into gateway.postgres.maxConnections",
				"max_connections of %s is %d, and gateway.postgres.maxConnections says %d", a.server(), a.MaxConnections, configured)
		default:
			return nil
		}
		return &result
	}, func(a answered) string {
		return fmt.Sprintf("up to %d of %d by %d pods", processes*pools[a.server()], a.MaxConnections-a.Reserved, processes)
	})
}

// processes are the pods that may run at once: a Deployment has one more in a rollout.
func (d database) processes() int {
	switch scaling := d.Config.Gateway.Autoscaling; {
	case d.Config.Stateful():
		return d.Config.Replicas()
	case scaling != nil:
		return scaling.MaxReplicas + 1
	}
	return d.Config.Replicas() + 1
}

// each judges every store: the first that is not good is the result.
func (d database) each(ctx context.Context, judge func(answered) *check.Result, evidence func(answered) string) check.Result {
	stores, err := d.stores(ctx)
	if err != nil {
		return check.Block("%s failed", databaseReached)
	}
	var all []string
	for _, a := range stores {
		if bad := judge(a); bad != nil {
			return *bad
		}
		if text := evidence(a); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return check.Pass("%s", strings.Join(all, ", "))
}

// release is a version as people write it.
func release(number int) string { return fmt.Sprintf("%d.%d", number/10000, number%10000) }

// ask asks the servers of all stores, from a pod that runs.
func (d database) ask(ctx context.Context) ([]answered, error) {
	config, secret, err := kubernetesDrift{d.Stack, d.objects}.live(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w", secret, err)
	}
	w, err := d.objects.workload(ctx)
	if err != nil {
		return nil, err
	}
	container, err := w.container()
	if err != nil {
		return nil, err
	}
	client, err := d.objects.client(ctx)
	if err != nil {
		return nil, err
	}
	reads := given{client, w.Namespace, w.template.Spec, container}
	pods, err := d.objects.pods(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(pods, func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
	if i < 0 {
		return nil, fmt.Errorf("no pod of %s runs", w)
	}
	pod, err := d.pod(ctx, pods[i].Namespace, pods[i].Name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx) // which ends the tunnels, too
	defer cancel()
	dial := func(host, port string) (net.Conn, error) { return pod.Tunnel(ctx, container.Name, host, port) }
	var all []answered
	for _, store := range configjson.StoreNames {
		if configjson.StoreKind(config, store) != configjson.Postgres {
			continue
		}
		settings, pool, err := reads.settings(ctx, config, store)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", store, err)
		}
		if i := slices.IndexFunc(all, func(a answered) bool { return a.same(settings) }); i >= 0 {
			all[i].store += ", " + store
			all[i].pool += pool
			continue
		}
		server, err := postgres.Ask(ctx, settings, dial)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", store, err)
		}
		all = append(all, answered{store, pool, settings, server})
	}
	return all, nil
}

// same tells whether another store has the same database and login.
func (a answered) same(s postgres.Settings) bool {
	return a.Host == s.Host && a.Port == s.Port && a.Database == s.Database && a.User == s.User && a.SSLMode == s.SSLMode
}
