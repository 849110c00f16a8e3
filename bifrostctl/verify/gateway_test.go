package verify_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/verify/service"
)

func ok(body string) service.Answer { return service.Answer{Status: 200, Body: []byte(body)} }

// silent is where nobody answers.
func silent(t *testing.T) service.Gateway {
	t.Helper()
	server := httptest.NewServer(nil)
	server.Close()
	gateway, err := real.At(server.URL)
	require.NoError(t, err)
	return gateway
}

const providersOfFile = `gateway.config.providers={openai: {keys: [{name: k1, value: env.OPENAI_KEY, models: ["*"], weight: 1}]}}`

// TestGateway: what a running gateway answers, on a cluster and on ECS. Everything that is not named is good or skipped.
func TestGateway(t *testing.T) {
	t.Parallel()
	withProviders := []string{providersOfFile, "secrets.env.OPENAI_KEY=sk-openai"}
	virtualKeys := append(withProviders, "secrets.env.TEAM_KEY=sk-bf-team",
		`gateway.config.governance={virtual_keys: [{id: a, name: team-a, value: env.TEAM_KEY, provider_configs: [{provider: openai, allowed_models: ["*"], key_ids: ["*"]}]}]}`)
	split := append(virtualKeys, "gateway.config.source_of_truth=split")
	openOnPurpose := []string{"gateway.openAdministration=true", "secrets.adminPassword=null"}
	login := checks.Access{Admin: &admin}
	for name, test := range map[string]struct {
		gateway  standIn
		settings []string
		access   checks.Access
		code     string // without its prefix; "": nothing is bad
		status   check.Status
		error    string
		hint     string
		// says is what is printed, where nothing is bad.
		says string
	}{
		"healthy":           {},
		"a store is down":   {gateway: standIn{health: service.Answer{Status: 503, Body: []byte(`{"error":"config store"}`)}}, code: "health", error: "503: a store is down", hint: "PostgreSQL"},
		"open":              {gateway: standIn{openAdministration: true}, code: "administration", error: "an anonymous GET /api/providers says 200: whoever reaches the gateway lists providers, keys and logs, and makes a virtual key", hint: "bifrost:secrets.adminPassword"},
		"open on purpose":   {gateway: standIn{openAdministration: true}, settings: openOnPurpose, code: "administration", status: check.Warning, error: "as gateway.openAdministration says", hint: "remove gateway.openAdministration"},
		"closed by others":  {settings: openOnPurpose, says: "says 401, though gateway.openAdministration is true"},
		"no login":          {says: "give BIFROST_ADMIN_PASSWORD"},
		"the login":         {access: login, says: "as admin"},
		"another password":  {access: checks.Access{Admin: &service.Login{User: "admin", Password: "old"}}, code: "login", error: "refuses the login", hint: "bifrost:secrets.adminPassword"},
		"metrics locked":    {says: "/metrics asks for a login: give BIFROST_ADMIN_PASSWORD"},
		"metrics":           {access: login, says: "1 metrics"},
		"no metrics":        {gateway: standIn{metrics: ok("hello")}, access: login, code: "metrics", error: "no Prometheus metrics", hint: "telemetry"},
		"another version":   {gateway: standIn{version: ok(`"v2.0.9"`)}, code: "version", error: "says that it is v2.0.9, and the tag of registry.image is 2.1.0", hint: upAWS},
		"version not told":  {gateway: standIn{version: service.Answer{Status: 404}}, says: "says 404, and no version"},
		"version locked":    {gateway: standIn{version: service.Answer{Status: 401}}, says: "/api/version asks for a login"},
		"anonymous":         {says: "/v1/models says 401"},
		"anonymous, named":  {settings: withProviders, says: "/v1/chat/completions says 401"},
		"no provider":       {gateway: standIn{providers: []string{}}, says: "has no provider"},
		"open inference":    {gateway: standIn{openInference: true}, settings: []string{"gateway.config.client.enforce_auth_on_inference=false"}, code: "anonymous", status: check.Warning, error: "uses its models", hint: "enforce_auth_on_inference: true"},
		"lost key":          {gateway: standIn{lostKey: true}, settings: withProviders, code: "anonymous", error: "says 404 without one: the request was sent on", hint: "another encryption key"},
		"lost key, listed":  {gateway: standIn{lostKey: true}, code: "anonymous", error: "/v1/models says 200 without one", hint: "another encryption key"},
		"stored, locked":    {says: "asks for a login"},
		"stored":            {access: login, settings: virtualKeys, gateway: standIn{virtualKeys: []string{"team-a"}}, says: "1 virtual keys, 1 providers, 1 keys of providers"},
		"dashboard's":       {access: login, gateway: standIn{virtualKeys: []string{"team-a"}}, says: "config.json has no section of them, so no start removes these: 1 virtual keys, 1 providers"},
		"removed key":       {access: login, settings: split, gateway: standIn{virtualKeys: []string{"team-a", "contractor"}}, code: "stored", status: check.Warning, error: "and it works: virtual keys contractor", hint: "source_of_truth: config.json"},
		"renamed key":       {access: login, settings: split, gateway: standIn{keys: []string{"openai/k1", "openai/k0"}}, code: "stored", status: check.Warning, error: "keys of providers openai/k0", hint: "dashboard"},
		"removed provider":  {access: login, settings: virtualKeys, gateway: standIn{providers: []string{"openai", "mistral"}, keys: []string{"openai/k1", "mistral/m"}}, code: "stored", status: check.Warning, error: "works: providers mistral", hint: "the next start of the gateway removes the rest"},
		"many removed keys": {access: login, settings: virtualKeys, gateway: standIn{virtualKeys: strings.Fields("a b c d e f g h i j k l")}, code: "stored", status: check.Warning, error: "b, c, d, e, f, g, h, i, j, k and 1 more"},
	} {
		for prefix, w := range map[string]way{"gateway-": refreshIRSA, "ecs-gateway-": onECS} {
			t.Run(prefix+name, func(t *testing.T) {
				t.Parallel()
				w.Settings = append(append([]string{}, w.Settings...), test.settings...)
				r := stand(t, w)
				r.stack.Access = test.access
				gateway := test.gateway.serve(t)
				clouds := saved.Clouds(r.World, r.Look.Server)
				if prefix == "gateway-" {
					clouds.Gateway = func(context.Context, string, string) (service.Gateway, error) { return gateway, nil }
				} else {
					clouds.LoadBalancer = func(string) (service.Gateway, error) { return gateway, nil }
				}
				printed, _ := r.verifyOf(clouds, verify.Options{Format: report.Table}) // whether it is broken is in the document
				require.NotContains(t, printed, admin.Password)
				found := bad(r.documentOf(clouds, verify.Options{}))
				if test.code == "" {
					require.Empty(t, found)
					require.Contains(t, printed, test.says)
					return
				}
				require.NotEmpty(t, found)
				require.Equal(t, prefix+test.code, found[0].Code, "%+v", found)
				require.Equal(t, cmp.Or(test.status, check.Failed), found[0].Result)
				require.Contains(t, found[0].Error, test.error)
				require.Contains(t, found[0].Hint, strings.ReplaceAll(test.hint, upAWS, "pulumi up --refresh --stack "+r.stack.Name))
			})
		}
	}
}

// TestLostKeyWithLogin: with the login, the list that the gateway does not have is told as well.
func TestLostKeyWithLogin(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	r.stack.Access.Admin = &admin
	gateway := standIn{lostKey: true}.serve(t)
	clouds := saved.Clouds(r.World, r.Look.Server)
	clouds.Gateway = func(context.Context, string, string) (service.Gateway, error) { return gateway, nil }
	found := bad(r.documentOf(clouds, verify.Options{}))
	require.Len(t, found, 2, "%+v", found)
	require.Equal(t, "gateway-stored", found[1].Code)
	require.Contains(t, found[1].Error, "GET /api/governance/virtual-keys says 200, and no list: a part of the gateway did not load")
}

// TestNoAnswer: a gateway that does not answer fails one check, with the way to look.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	r := stand(t, refreshIRSA)
	clouds := saved.Clouds(r.World, r.Look.Server)
	gateway := silent(t)
	clouds.Gateway = func(context.Context, string, string) (service.Gateway, error) { return gateway, nil }
	found := bad(r.documentOf(clouds, verify.Options{}))
	require.Len(t, found, 1, "%+v", found)
	require.Equal(t, "gateway-health", found[0].Code)
	require.Contains(t, found[0].Error, "connection refused")
	require.Contains(t, found[0].Hint, "kubectl port-forward service/bifrost 8080:http -n bifrost")
}

// TestInference: one plain and one streamed completion, with the user's virtual key.
func TestInference(t *testing.T) {
	t.Parallel()
	key := checks.Access{VirtualKey: modelKey, Model: "openai/gpt-4o-mini"}
	of := func(model string) checks.Access { return checks.Access{VirtualKey: modelKey, Model: model} }
	r := stand(t, refreshIRSA)
	for name, test := range map[string]struct {
		gateway standIn
		access  checks.Access
		// code fails with error and hint; "" is good, or skipped with error.
		code, error, hint string
		status            check.Status
		step              time.Duration
	}{
		"good":                {gateway: standIn{}, access: key, step: 40 * time.Millisecond, error: ", the first 40ms before the last"},
		"no key":              {access: checks.Access{Model: key.Model}, error: "give BIFROST_VIRTUAL_KEY in the environment"},
		"another key":         {access: checks.Access{Model: key.Model, VirtualKey: "sk-bf-old"}, code: "gateway-completion", error: "says 401", hint: "BIFROST_VIRTUAL_KEY"},
		"not allowed":         {access: of("openai/forbidden"), code: "gateway-completion", error: "is not allowed for [secret]", hint: "provider_configs"},
		"no such provider":    {access: of("nobody/x"), code: "gateway-completion", error: "says 400", hint: "PROVIDER/MODEL"},
		"no such model":       {access: of("openai/nothing"), code: "gateway-completion", error: "The model does not exist", hint: "kubectl logs"},
		"held back":           {gateway: standIn{held: true}, access: key, code: "gateway-stream", error: "3 events arrive in one piece", hint: "proxy_buffering off"},
		"one word":            {gateway: standIn{completion: "one"}, access: key, error: "answers with one event"},
		"cut off":             {gateway: standIn{cut: true}, access: key, code: "gateway-stream", error: "ends after 3 events without [DONE]", hint: "let proxies wait"},
		"all in a short time": {gateway: standIn{}, access: key, code: "gateway-stream", status: check.Warning, step: time.Millisecond, error: "3 events arrive within 1ms"},
	} {
		t.Run(name, func(t *testing.T) {
			r.stack.Access = test.access
			clouds := saved.Clouds(r.World, r.Look.Server)
			// The rest of a stream waits until its first event is read; the clock steps meanwhile.
			next, now := make(chan struct{}, 2), time.Now()
			test.gateway.next = next
			gateway := test.gateway.serve(t)
			clouds.Gateway = func(context.Context, string, string) (service.Gateway, error) {
				return stepping{gateway, func() { now = now.Add(test.step); next <- struct{}{} }}, nil
			}
			clouds.Now = func() time.Time { return now }
			printed, _ := r.verifyOf(clouds, verify.Options{Format: report.Table}) // whether it is broken is in the document
			require.NotContains(t, printed, modelKey)
			found := bad(r.documentOf(clouds, verify.Options{}))
			if test.code == "" {
				require.Empty(t, found)
				require.Contains(t, printed, test.error)
				return
			}
			require.Len(t, found, 1, "%+v", found)
			require.Equal(t, test.code, found[0].Code)
			require.Equal(t, cmp.Or(test.status, check.Failed), found[0].Result)
			require.Contains(t, found[0].Error, test.error)
			require.Contains(t, found[0].Hint, test.hint)
		})
	}
}

// stepping calls a function after the first piece of every answer that is read by pieces.
type stepping struct {
	service.Gateway
	step func()
}

// Ask implements service.Gateway.
func (s stepping) Ask(ctx context.Context, request service.Request) (service.Answer, error) {
	if arrived := request.Arrived; arrived != nil {
		first := true
		request.Arrived = func(piece []byte) {
			arrived(piece)
			if first {
				first = false
				s.step()
			}
		}
	}
	return s.Gateway.Ask(ctx, request)
}

// TestECSGateway: what is found through the load balancer that a stack makes, or why nothing is.
func TestECSGateway(t *testing.T) {
	t.Parallel()
	public := withAuthorities(way{Name: "public", Stack: "examples/ecs-production", Settings: []string{"ecs.loadBalancer.scheme=internet-facing", "ecs.loadBalancer.subnets=[subnet-0c1d2e3f4a5b60718, subnet-0d1e2f3a4b5c60718]"}})
	bedrock := []string{"bedrock"}
	healthy := standIn{providers: bedrock}.serve(t)
	down := standIn{providers: bedrock, health: service.Answer{Status: 503}}.serve(t)
	four := standIn{providers: bedrock, cluster: ok(`{"members":4,"healthy_members":4,"cluster_health":"HEALTHY"}`)}.serve(t)
	two := standIn{providers: bedrock, cluster: ok(`{"members":2,"healthy_members":2,"cluster_health":"HEALTHY"}`)}.serve(t)
	for name, test := range map[string]struct {
		way     way
		gateway service.Gateway
		err     error
		// code fails with error; "": some check says error and nothing fails.
		code, error string
	}{
		"healthy":                  {ecsProduction, healthy, nil, "", "the gateway does not answer /cluster/status; look for \"cluster health: HEALTHY\": aws logs tail"},
		"members":                  {ecsProduction, four, nil, "", "a task knows 4 healthy members, and 3 run"},
		"a member is missing":      {ecsProduction, two, nil, "ecs-gateway-members", "a task knows 2 members, 2 of them healthy, and 3 run"},
		"a store is down":          {ecsProduction, down, nil, "ecs-gateway-health", "503: a store is down"},
		"no way to an internal":    {ecsProduction, silent(t), nil, "", "which is internal: run this inside the VPC"},
		"no answer from a public":  {public, silent(t), nil, "ecs-gateway-health", "does not answer at https://"},
		"no load balancer is made": {onECS, nil, fmt.Errorf("load balancer: %w", service.ErrNotFound), "", "give --url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, test.way)
			clouds := saved.Clouds(r.World, r.Look.Server)
			var asked string
			clouds.LoadBalancer = func(url string) (service.Gateway, error) { asked = url; return test.gateway, test.err }
			printed, _ := r.verifyOf(clouds, verify.Options{Format: report.Table}) // whether it is broken is in the document
			document := r.documentOf(clouds, verify.Options{})
			require.Equal(t, test.way.Stack != onECS.Stack, strings.HasPrefix(asked, "https://"), asked)
			found := bad(document)
			if test.code != "" {
				require.Len(t, found, 1, "%+v", found)
				require.Equal(t, test.code, found[0].Code)
				require.Contains(t, found[0].Error, test.error)
				return
			}
			require.Empty(t, found)
			require.Contains(t, printed, test.error)
		})
	}
}
