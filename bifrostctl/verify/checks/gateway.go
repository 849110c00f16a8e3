package checks

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// answers is what the running gateway answers.
type answers struct {
	Stack
	// reach is nil where no gateway runs.
	reach func(context.Context) (service.Gateway, error)
}

func (s Stack) gateway(c service.Clouds, names *Cluster) []check.Check {
	a := answers{Stack: s}
	if c.Gateway != nil {
		a.reach = shared(func(ctx context.Context) (service.Gateway, error) {
			return c.Gateway(ctx, names.Namespace, names.Service)
		})
	}
	needs := []string{"workload-endpoints"}
	return []check.Check{
		{Code: "gateway-health", Description: "the gateway is healthy", Needs: needs, Run: a.health},
		{Code: "gateway-metrics", Description: "the gateway gives its metrics", Needs: []string{"gateway-health"}, Run: a.metrics},
		{Code: "gateway-version", Description: "the gateway's version is that of the image", Needs: []string{"gateway-health"}, Run: a.version},
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
	failed := check.Fail("bifrostctl verify "+a.Name+" --url http://127.0.0.1:8080 beside "+a.forward()+"; the gateway's own words: "+a.logs(), "the gateway does not answer: %v", err)
	return service.Answer{}, &failed
}

func (a answers) forward() string {
	c := a.Outputs.cluster()
	return "kubectl port-forward service/" + c.Service + " 8080:http -n " + c.Namespace
}

func (a answers) health(ctx context.Context) check.Result {
	answer, ended := a.get(ctx, "/health")
	switch {
	case ended != nil:
		return *ended
	case answer.Status == http.StatusServiceUnavailable:
		return check.Fail("see that the PostgreSQL server runs and lets the pods in; the gateway's own words: "+a.logs(), "/health says 503: a store is down: %s", excerpt(answer.Body))
	case answer.Status != http.StatusOK:
		return check.Fail(a.logs(), "/health says %d: %s", answer.Status, excerpt(answer.Body))
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
