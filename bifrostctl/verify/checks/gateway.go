package checks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/ecs"
	"bifrost/internal/gateway"
)

// answers is what the running gateway answers.
type answers struct {
	Stack
	prefix string
	// document is config.json as the gateway has read it.
	document func(context.Context) (map[string]any, error)
	now      func() time.Time
	// reach is nil where no gateway runs.
	reach func(context.Context) (service.Gateway, error)
	// silent is what it means that it does not answer, words are where its own are.
	silent func(error) check.Result
	words  string
}

// gateway asks through the Service of a cluster.
func (s Stack) gateway(c service.Clouds, o *objects) []check.Check {
	names := o.names
	// It runs: its own words are those of now.
	a := answers{Stack: s, prefix: "gateway", now: c.Now, words: strings.TrimSuffix(s.logs(), " --previous")}
	a.document = func(ctx context.Context) (map[string]any, error) {
		if document := s.Config.Document(); document != nil {
			return document, nil
		}
		document, _, err := kubernetesDrift{s, o}.live(ctx)
		return document, err
	}
	if c.Gateway != nil {
		a.reach = func(ctx context.Context) (service.Gateway, error) {
			return c.Gateway(ctx, names.Namespace, names.Service)
		}
	}
	a.silent = func(err error) check.Result {
		forward := "kubectl port-forward service/" + names.Service + " 8080:http -n " + names.Namespace
		return check.Fail("bifrostctl verify "+s.Name+" --url http://127.0.0.1:8080 beside "+forward+"; the gateway's own words: "+a.words,
			"the gateway does not answer: %v", err)
	}
	return append(a.checks("workload-endpoints"), members{a, o, c.Pod}.checks()...)
}

// ecsGateway asks through the load balancer that the stack makes.
func (s Stack) ecsGateway(c service.Clouds) []check.Check {
	a := answers{Stack: s, prefix: "ecs-gateway", now: c.Now, words: s.ecsLogs()}
	a.document = func(context.Context) (map[string]any, error) { return s.Config.TaskDocument(), nil }
	if c.LoadBalancer != nil {
		a.reach = func(context.Context) (service.Gateway, error) { return c.LoadBalancer(s.Outputs.ECS.URL) }
	}
	a.silent = func(err error) check.Result {
		switch balancer := s.Config.Ecs.LoadBalancer; {
		case errors.Is(err, service.ErrNotFound):
			return check.Skip("the stack makes no load balancer: give --url")
		case balancer == nil || balancer.Scheme != ecs.SchemeInternetFacing:
			return check.Skip("no way from here to %s, which is internal: run this inside the VPC (%v)", s.Outputs.ECS.URL, err)
		}
		return check.Fail("curl -sv "+s.Outputs.ECS.URL+"/health from where ecs.loadBalancer.allowedCidrs lets in; the gateway's own "+
			"words: "+a.words, "the gateway does not answer at %s: %v", s.Outputs.ECS.URL, err)
	}
	return append(a.checks("ecs-service"), taskMembers{a, c.ECS}.checks()...)
}

func (a answers) checks(need string) []check.Check {
	if a.reach != nil {
		a.reach = shared(a.reach)
	}
	on := ""
	if a.prefix != "gateway" {
		on = " on ECS"
	}
	all := []check.Check{{Code: a.code("health"), Description: "the gateway" + on + " is healthy", Needs: []string{need}, Run: a.health}}
	asked := []check.Check{
		{Code: a.code("administration"), Description: "the administration" + on + " asks for a login", Run: a.administration},
		{Code: a.code("login"), Description: "the administrator's login works" + on, Needs: []string{a.code("administration")},
			Run: a.login},
		{Code: a.code("metrics"), Description: "the gateway" + on + " gives its metrics", Run: a.metrics},
		{Code: a.code("version"), Description: "the gateway's version" + on + " is that of the image", Run: a.version},
		{Code: a.code("anonymous"), Description: "the gateway" + on + " refuses completions without a virtual key", Run: a.anonymous},
		{Code: a.code("stored"), Description: "the gateway" + on + " keeps nothing that config.json no longer names", Run: a.stored},
	}
	if a.Access.Model != "" {
		asked = append(asked,
			check.Check{Code: a.code("completion"), Description: "a model answers through the gateway" + on, Run: a.completion},
			check.Check{Code: a.code("stream"), Description: "a streamed answer arrives piece by piece" + on,
				Needs: []string{a.code("completion")}, Run: a.stream})
	}
	return append(all, needing(a.code("health"), asked)...)
}

// code is that of one of these checks.
func (a answers) code(of string) string { return a.prefix + "-" + of }

// ask asks the gateway. A result that is not nil is the end of the check.
func (a answers) ask(ctx context.Context, request service.Request) (service.Answer, *check.Result) {
	if a.reach == nil {
		skipped := check.Skip("the sandbox runs no gateway")
		return service.Answer{}, &skipped
	}
	gateway, err := a.reach(ctx)
	if err == nil {
		var answer service.Answer
		if answer, err = gateway.Ask(ctx, request); err == nil {
			return answer, nil
		}
	}
	ended := a.silent(err)
	if errors.Is(err, service.ErrExposed) {
		ended = check.Skip("%v", err)
	}
	return service.Answer{}, &ended
}

// signedIn asks for a path, with the login where the gateway asks for one.
func (a answers) signedIn(ctx context.Context, path string) (service.Answer, *check.Result) {
	answer, ended := a.ask(ctx, service.Request{Path: path})
	if ended != nil || !locked(answer) {
		return answer, ended
	}
	if a.Access.Admin == nil {
		skipped := check.Skip("%s asks for a login: %s", path, giveLogin)
		return answer, &skipped
	}
	answer, ended = a.ask(ctx, service.Request{Path: path, Login: a.Access.Admin})
	if ended == nil && locked(answer) {
		skipped := check.Skip("%s refuses the login: see %s", path, a.code("login"))
		ended = &skipped
	}
	return answer, ended
}

// locked tells whether the answer asks for a login.
func locked(answer service.Answer) bool {
	return answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden
}

func (a answers) health(ctx context.Context) check.Result {
	answer, ended := a.ask(ctx, service.Request{Path: gateway.HealthPath})
	switch {
	case ended != nil:
		return *ended
	case answer.Status == http.StatusServiceUnavailable:
		return check.Fail("see that the PostgreSQL server runs and lets the gateway in; the gateway's own words: "+a.words,
			"/health says 503: a store is down: %s", excerpt(answer.Body))
	case answer.Status != http.StatusOK:
		return check.Fail(a.words, "/health says %d: %s", answer.Status, excerpt(answer.Body))
	}
	return check.Pass("/health says 200")
}

func (a answers) metrics(ctx context.Context) check.Result {
	answer, ended := a.signedIn(ctx, "/metrics")
	switch {
	case ended != nil:
		return *ended
	case answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), "# TYPE "):
		return check.Fail("switch the telemetry plugin on in gateway.config, then "+a.up(), "/metrics says %d, and no Prometheus metrics",
			answer.Status)
	}
	return check.Pass("%d metrics", strings.Count(string(answer.Body), "# TYPE "))
}

// version compares what the gateway says of itself with the tag. The endpoint answers with a JSON text.
func (a answers) version(ctx context.Context) check.Result {
	answer, ended := a.signedIn(ctx, "/api/version")
	want := a.Config.Image().Tag
	var have string
	switch {
	case ended != nil:
		return *ended
	case answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &have) != nil:
		return check.Skip("/api/version says %d, and no version", answer.Status)
	case want == "":
		return check.Pass("%s; registry.image names a digest", have)
	case strings.TrimPrefix(have, "v") != strings.TrimPrefix(want, "v"):
		return check.Fail(a.up(), "the gateway says that it is %s, and the tag of registry.image is %s", have, want)
	}
	return check.Pass("%s", have)
}

// excerpt is the beginning of an answer, in one line.
func excerpt(body []byte) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	return text[:min(len(text), 200)]
}
