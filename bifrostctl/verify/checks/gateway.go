package checks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components"
)

// answers is what the running gateway answers.
type answers struct {
	Stack
	// reach is nil where no gateway runs.
	reach func(context.Context) (service.Gateway, error)
	// silent is what it means that it does not answer, words are where its own are.
	silent func(error) check.Result
	words  string
}

// gateway asks through the Service of a cluster.
func (s Stack) gateway(c service.Clouds, names *Cluster) []check.Check {
	a := answers{Stack: s, words: s.logs()}
	if c.Gateway != nil {
		a.reach = func(ctx context.Context) (service.Gateway, error) {
			return c.Gateway(ctx, names.Namespace, names.Service)
		}
	}
	a.silent = func(err error) check.Result {
		forward := "kubectl port-forward service/" + names.Service + " 8080:http -n " + names.Namespace
		return check.Fail("bifrostctl verify "+s.Name+" --url http://127.0.0.1:8080 beside "+forward+"; the gateway's own words: "+a.words, "the gateway does not answer: %v", err)
	}
	return a.checks("gateway", "workload-endpoints")
}

// ecsGateway asks through the load balancer that the stack makes.
func (s Stack) ecsGateway(c service.Clouds) []check.Check {
	a := answers{Stack: s, words: s.ecsLogs()}
	if c.LoadBalancer != nil {
		a.reach = func(context.Context) (service.Gateway, error) { return c.LoadBalancer(s.Outputs.ECS.URL) }
	}
	a.silent = func(err error) check.Result {
		switch balancer := s.Config.ECS.LoadBalancer; {
		case errors.Is(err, service.ErrNotFound):
			return check.Skip("the stack makes no load balancer: give --url")
		case balancer == nil || balancer.Scheme != components.SchemeInternetFacing:
			return check.Skip("no way from here to %s, which is internal: run this inside the VPC (%v)", s.Outputs.ECS.URL, err)
		}
		return check.Fail("curl -sv "+s.Outputs.ECS.URL+"/health from where ecs.loadBalancer.allowedCidrs lets in; the gateway's own words: "+a.words, "the gateway does not answer at %s: %v", s.Outputs.ECS.URL, err)
	}
	return a.checks("ecs-gateway", "ecs-service")
}

func (a answers) checks(prefix, need string) []check.Check {
	if a.reach != nil {
		a.reach = shared(a.reach)
	}
	on := ""
	if prefix != "gateway" {
		on = " on ECS"
	}
	healthy := prefix + "-health"
	return []check.Check{
		{Code: healthy, Description: "the gateway" + on + " is healthy", Needs: []string{need}, Run: a.health},
		{Code: prefix + "-metrics", Description: "the gateway" + on + " gives its metrics", Needs: []string{healthy}, Run: a.metrics},
		{Code: prefix + "-version", Description: "the gateway's version" + on + " is that of the image", Needs: []string{healthy}, Run: a.version},
	}
}

// get asks for a path. A result that is not nil is the end of the check.
func (a answers) get(ctx context.Context, path string) (service.Answer, *check.Result) {
	if a.reach == nil {
		skipped := check.Skip("the sandbox runs no gateway")
		return service.Answer{}, &skipped
	}
	gateway, err := a.reach(ctx)
	if err == nil {
		var answer service.Answer
		if answer, err = gateway.Get(ctx, path); err == nil {
			return answer, nil
		}
	}
	silent := a.silent(err)
	return service.Answer{}, &silent
}

func (a answers) health(ctx context.Context) check.Result {
	answer, ended := a.get(ctx, "/health")
	switch {
	case ended != nil:
		return *ended
	case answer.Status == http.StatusServiceUnavailable:
		return check.Fail("see that the PostgreSQL server runs and lets the gateway in; the gateway's own words: "+a.words, "/health says 503: a store is down: %s", excerpt(answer.Body))
	case answer.Status != http.StatusOK:
		return check.Fail(a.words, "/health says %d: %s", answer.Status, excerpt(answer.Body))
	}
	return check.Pass("/health says 200")
}

func (a answers) metrics(ctx context.Context) check.Result {
	answer, ended := a.get(ctx, "/metrics")
	switch {
	case ended != nil:
		return *ended
	case answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden:
		return check.Skip("/metrics asks for a login")
	case answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), "# TYPE "):
		return check.Fail("switch the telemetry plugin on in gateway.config, then "+a.up(), "/metrics says %d, and no Prometheus metrics", answer.Status)
	}
	return check.Pass("%d metrics", strings.Count(string(answer.Body), "# TYPE "))
}

// version compares what the gateway says of itself with the tag. The endpoint answers with a JSON text.
func (a answers) version(ctx context.Context) check.Result {
	answer, ended := a.get(ctx, "/api/version")
	want := a.image().Tag
	var have string
	switch {
	case ended != nil:
		return *ended
	case answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden:
		return check.Skip("/api/version asks for a login")
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
