package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"
)

// limit is how long a client waits for a whole answer. A stream of the tests takes seconds.
const limit = time.Minute

// kind is a way in which clients ask.
type kind struct {
	name string
	// every is the interval, in those of the rate.
	every  float64
	stream bool
	// kept says that connections are used again. A server may close one just as it is used, so that such clients ask once more.
	kept bool
	http *http.Client
}

var kinds = []kind{
	{name: "new connections", every: 1, http: withConnections(false)},
	{name: "kept connections", every: 1, kept: true, http: withConnections(true)},
	{name: "streams", every: 10, stream: true, http: withConnections(false)},
}

func withConnections(kept bool) *http.Client {
	return &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: !kept, MaxIdleConnsPerHost: 16}}
}

// client is whom the requests are of.
type client struct{ url, key, model string }

// ask asks for one completion, and tells how long its first byte took and how often it was asked for again. Where connections are not kept
// the HTTP client cannot send the body twice: it hides no failure by a second try.
func (k kind) ask(c client) (took time.Duration, again int, err error) {
	text, err := json.Marshal(map[string]any{
		"model": c.model, "stream": k.stream, "messages": []any{map[string]string{"role": "user", "content": "count"}},
	})
	if err != nil {
		return 0, 0, err
	}
	connections := 0
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections++ }})
	var body io.Reader = bytes.NewReader(text)
	if !k.kept {
		body = struct{ io.Reader }{body}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/chat/completions", body)
	if err != nil {
		return 0, 0, err
	}
	r.ContentLength = int64(len(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.key)
	if k.kept {
		// net/http, Transport: then a request may be sent again where its connection ended before a byte of the answer.
		r.Header.Set("Idempotency-Key", strconv.FormatInt(rand.Int64(), 36))
	}
	began := time.Now()
	answer, err := k.http.Do(r)
	took, again = time.Since(began), max(0, connections-1)
	if err != nil {
		return took, again, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		return took, again, fmt.Errorf("%s: %s", answer.Status, text)
	}
	if k.stream {
		return took, again, whole(answer.Body)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return took, again, err
}

// whole reads a stream to its end: one that is cut lacks its last line.
func whole(stream io.Reader) error {
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "data: [DONE]" {
			return nil
		}
	}
	return errors.Join(errors.New("the stream was cut"), lines.Err())
}
