package checks

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

const completionsPath = "/v1/chat/completions"

// noModel is one that no provider has.
const noModel = "bifrostctl-verify"

// encryptionKeyHint: the gateway that cannot read its virtual keys goes on without them.
const encryptionKeyHint = "with another encryption key than the database was written with, the gateway runs and asks for no virtual key: " +
	"give back the old secrets.encryptionKey"

// question is a completion that a model answers shortly, and in more than one piece.
type question struct {
	Model     string    `json:"model"`
	Messages  []message `json:"messages"`
	MaxTokens int       `json:"max_completion_tokens"`
	Stream    bool      `json:"stream,omitempty"`
}

type message struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content"`
}

func completionOf(model string, stream bool) []byte {
	const text = "Count from 1 to 40 in digits, separated by spaces, and write nothing else."
	body, _ := json.Marshal(question{Model: model, Messages: []message{{"user", text}}, MaxTokens: 1024,
		Stream: stream}) // texts and numbers
	return body
}

// anonymous asks for what a virtual key is needed for: a model that does not exist, of a provider that does. A gateway that has lost its
// virtual keys is healthy, and sends this on to the provider.
func (a answers) anonymous(ctx context.Context) check.Result {
	if a.reach == nil {
		_, ended := a.ask(ctx, service.Request{})
		return *ended
	}
	document, err := a.document(ctx)
	if err != nil {
		return unreadable("config.json", err, a.clusterLogin())
	}
	request := service.Request{Path: "/v1/models"}
	if provider := firstProvider(document); provider != "" {
		request = service.Request{Path: completionsPath, Body: completionOf(provider+"/"+noModel, false)}
	}
	answer, ended := a.ask(ctx, request)
	if ended != nil {
		return *ended
	}
	client, _ := document["client"].(map[string]any)
	enforced := client["enforce_auth_on_inference"] == true
	var own struct {
		Data   []any           `json:"data"`
		Fields json.RawMessage `json:"extra_fields"`
	}
	_ = json.Unmarshal(answer.Body, &own) // what is no JSON is not the gateway's own
	switch {
	case locked(answer):
		return check.Pass("%s says %d without one", request.Path, answer.Status)
	case request.Body == nil && answer.Status == http.StatusOK && len(own.Data) == 0:
		return check.Skip("the gateway has no provider, and so no model to ask for")
	case answer.Status == http.StatusBadRequest || own.Fields == nil:
		return check.Warn(a.words, "%s says %d without one, before it asks for a virtual key: whether it would is not known: %s",
			request.Path, answer.Status, excerpt(answer.Body))
	case !enforced:
		return check.Warn("write client.enforce_auth_on_inference: true into gateway.config, then "+a.up(),
			"whoever reaches the gateway uses its models: config.json asks for no virtual key")
	}
	return check.Fail(encryptionKeyHint+"; the gateway's own words: "+a.words,
		"%s says %d without one: the request was sent on to the provider, though client.enforce_auth_on_inference is true", request.Path,
		answer.Status)
}

// complete asks the model. A result that is not nil is the end of the check.
func (a answers) complete(ctx context.Context, stream bool, arrived func([]byte)) (service.Answer, *check.Result) {
	answer, ended := a.ask(ctx, service.Request{Path: completionsPath, Body: completionOf(a.Access.Model, stream),
		VirtualKey: a.Access.VirtualKey, Arrived: arrived})
	if ended != nil || answer.Status == http.StatusOK {
		return answer, ended
	}
	words := excerpt(answer.Body)
	if a.Access.VirtualKey != "" {
		words = strings.ReplaceAll(words, a.Access.VirtualKey, "[secret]")
	}
	result := check.Fail(a.words, "asked for %s, the gateway says %d: %s", a.Access.Model, answer.Status, words)
	switch {
	case answer.Status == http.StatusUnauthorized && a.Access.VirtualKey == "":
		result = check.Skip("the gateway asks for a virtual key: give BIFROST_VIRTUAL_KEY in the environment")
	case answer.Status == http.StatusUnauthorized:
		result.Hint = "give a virtual key that the gateway has in BIFROST_VIRTUAL_KEY; the dashboard lists them"
	case answer.Status == http.StatusForbidden:
		result.Hint = "give the virtual key a provider_configs entry that allows the model, and the provider a key with models, in " +
			"gateway.config"
	case answer.Status == http.StatusBadRequest:
		result.Hint = "write --inference PROVIDER/MODEL, such as openai/gpt-4o-mini, with a provider of gateway.config"
	}
	return answer, &result
}

// choices is an answer of a model, whole or a piece of it.
type choices struct {
	Choices []struct {
		Message message `json:"message"`
		Delta   message `json:"delta"`
	} `json:"choices"`
}

func (a answers) completion(ctx context.Context) check.Result {
	answer, ended := a.complete(ctx, false, nil)
	if ended != nil {
		return *ended
	}
	var said choices
	if err := json.Unmarshal(answer.Body, &said); err != nil || len(said.Choices) == 0 || said.Choices[0].Message.Content == "" {
		return check.Fail(a.words, "asked for %s, the gateway says 200, and no text: %s", a.Access.Model, excerpt(answer.Body))
	}
	return check.Pass("%d bytes of %s", len(said.Choices[0].Message.Content), a.Access.Model)
}

// together is how near to each other all pieces of a streamed answer come, when something on the way has held them back.
const together = 10 * time.Millisecond

// arrivals are the pieces in which the events of a streamed answer came.
type arrivals struct {
	now         func() time.Time
	text        []byte
	events      int
	pieces      int
	first, last time.Time
	done        bool
}

// piece takes what one read of the connection gave.
func (s *arrivals) piece(data []byte) {
	s.text = append(s.text, data...)
	before := s.events
	for {
		line, rest, whole := bytes.Cut(s.text, []byte("\n"))
		if !whole {
			break
		}
		s.text = rest
		event, is := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
		if !is {
			continue
		}
		s.done = s.done || string(bytes.TrimSpace(event)) == "[DONE]"
		var said choices
		if json.Unmarshal(event, &said) == nil && len(said.Choices) > 0 && said.Choices[0].Delta.Content != "" {
			s.events++
		}
	}
	if s.events == before {
		return
	}
	s.pieces++
	s.last = s.now()
	if s.pieces == 1 {
		s.first = s.last
	}
}

func (a answers) stream(ctx context.Context) check.Result {
	s := &arrivals{now: a.now}
	answer, ended := a.complete(ctx, true, s.piece)
	held := "what stands between here and the gateway must not buffer: proxy_buffering off in nginx, no buffering in a service mesh or a " +
		"CDN; without --url, this asks past the Ingress"
	switch {
	case ended != nil:
		return *ended
	case s.events == 0:
		return check.Fail(a.words, "asked for a stream of %s, the gateway says 200, and no event with text: %s", a.Access.Model,
			excerpt(answer.Body))
	case !s.done:
		return check.Fail("let proxies wait for longer than the answer takes; the gateway's own words: "+a.words,
			"the stream ends after %d events without [DONE]: something cut it off", s.events)
	case s.events == 1:
		return check.Skip("%s answers with one event: ask another model", a.Access.Model)
	case s.pieces == 1:
		return check.Fail(held, "%d events arrive in one piece: something holds the stream back until its end", s.events)
	case s.last.Sub(s.first) < together:
		return check.Warn(held, "%d events arrive within %s: something may hold the stream back until its end", s.events,
			s.last.Sub(s.first).Round(time.Millisecond))
	}
	return check.Pass("%d events in %d pieces, the first %s before the last", s.events, s.pieces,
		s.last.Sub(s.first).Round(time.Millisecond))
}
