package verify_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/real"
	"bifrost/bifrostctl/verify/service"
)

// standIn answers as the open-source gateway 1.5.16 was seen to answer, and as Enterprise is documented to at /cluster/status. The zero
// value is a gateway as a stack makes it: closed, and in need of a virtual key.
type standIn struct {
	// openAdministration is one without auth_config; openInference one that enforces nothing, or that has lost its virtual keys.
	openAdministration, openInference, lostKey bool
	// What its database holds; nil is one provider, openai, with one key, k1.
	providers, keys, virtualKeys []string
	// health, metrics, version and cluster replace an answer.
	health, metrics, version, cluster service.Answer
	// completion is the text of its model, of which a stream has an event a word. held keeps the stream back until its end, cut ends it early.
	completion string
	held, cut  bool
	// next is waited for after the first event of a stream; nil waits for nothing.
	next <-chan struct{}
}

var (
	admin    = service.Login{User: "admin", Password: "correct horse"}
	modelKey = "sk-bf-0123456789"
)

// page is what the gateway says for every path that it does not know.
const page = "<html></html>"

// serve runs it on loopback.
func (g standIn) serve(t *testing.T) service.Gateway {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	gateway, err := real.At(server.URL)
	require.NoError(t, err)
	return gateway
}

// ServeHTTP implements http.Handler.
func (g standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	closed := strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/api/version" || r.URL.Path == "/metrics"
	switch signedIn := user == admin.User && password == admin.Password; {
	case closed && !g.openAdministration && !signedIn:
		g.refuse(w, 401, `{"is_bifrost_error":false,"status_code":401,"error":{"message":"Unauthorized"},"extra_fields":{"routing_info":{}}}`)
	case r.URL.Path == "/health":
		g.say(w, g.health, `{"components":{"db_pings":"disabled"},"status":"ok"}`)
	case r.URL.Path == "/metrics":
		g.say(w, g.metrics, "# TYPE bifrost_requests counter\n")
	case r.URL.Path == "/api/version":
		g.say(w, g.version, `"v2.1.0"`)
	case r.URL.Path == "/cluster/status":
		g.say(w, g.cluster, page)
	case r.URL.Path == "/api/providers":
		g.say(w, service.Answer{}, `{"providers":`+listed(g.known(), "name")+`}`)
	case r.URL.Path == "/api/keys":
		g.say(w, service.Answer{}, listed(cmpSlice(g.keys, "openai/k1"), "key"))
	case r.URL.Path == "/api/governance/virtual-keys" && !g.lostKey:
		g.say(w, service.Answer{}, `{"virtual_keys":`+listed(g.virtualKeys, "name")+`}`)
	case r.URL.Path == "/v1/models", r.URL.Path == "/v1/chat/completions":
		g.infer(w, r)
	default:
		g.say(w, service.Answer{}, page)
	}
}

func (g standIn) known() []string { return cmpSlice(g.providers, "openai") }

func cmpSlice(all []string, otherwise string) []string {
	if all == nil {
		return []string{otherwise}
	}
	return all
}

// listed is a list of the administration. A key is PROVIDER/NAME; an empty list of the real gateway is null.
func listed(names []string, kind string) string {
	var all []map[string]any
	for _, name := range names {
		entry := map[string]any{"id": "id of " + name, "name": name}
		if provider, key, _ := strings.Cut(name, "/"); kind == "key" {
			entry = map[string]any{"id": 0, "name": key, "provider": provider}
		}
		all = append(all, entry)
	}
	text, _ := json.Marshal(all) // texts alone
	return string(text)
}

func (g standIn) infer(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Model  string `json:"model"`
		Stream bool   `json:"stream"`
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	provider, model, _ := strings.Cut(asked.Model, "/")
	if asked.Model == "" {
		provider = "openai"
	}
	given := r.Header.Get("Authorization") == "Bearer "+modelKey
	switch {
	case asked.Model != "" && !slices.Contains(g.known(), provider):
		g.refuse(w, 400, `{"is_bifrost_error":false,"error":{"message":"failed to get config for provider `+provider+`: not found"},"extra_fields":{"routing_info":{}}}`)
	case len(g.known()) == 0:
		g.say(w, service.Answer{}, `{"data":[],"extra_fields":{"request_type":"list_models"}}`)
	case !g.openInference && !g.lostKey && !given:
		g.refuse(w, 401, `{"type":"virtual_key_required","status_code":401,"error":{"message":"virtual key is required. Provide a virtual key via the x-bf-vk header."},"extra_fields":{"provider":"openai"}}`)
	case asked.Model == "":
		g.say(w, service.Answer{}, `{"data":[{"id":"openai/gpt-4o-mini"}],"extra_fields":{"request_type":"list_models"}}`)
	case model == "forbidden":
		g.refuse(w, 403, `{"type":"model_blocked","error":{"message":"Model 'forbidden' is not allowed for `+modelKey+`"},"extra_fields":{"provider":"openai"}}`)
	case model != "gpt-4o-mini":
		g.refuse(w, 404, `{"error":{"message":"The model does not exist"},"extra_fields":{"provider":"openai","routing_info":{"provider":"openai"}}}`)
	case asked.Stream:
		g.stream(w)
	default:
		g.say(w, service.Answer{}, `{"choices":[{"message":{"role":"assistant","content":"`+cmp.Or(g.completion, "1 2 3")+`"}}]}`)
	}
}

func (g standIn) stream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i, word := range strings.Fields(cmp.Or(g.completion, "1 2 3")) {
		_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"content":"`+word+`"}}]}`+"\n\n")
		if g.held {
			continue
		}
		_ = http.NewResponseController(w).Flush()
		if i == 0 && g.next != nil {
			<-g.next
		}
	}
	if !g.cut {
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
	}
}

// say answers; an empty status is 200, an empty body the ordinary one.
func (standIn) say(w http.ResponseWriter, answer service.Answer, ordinary string) {
	if answer.Status != 0 {
		w.WriteHeader(answer.Status)
	}
	_, _ = io.WriteString(w, cmp.Or(string(answer.Body), ordinary))
}

func (standIn) refuse(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
