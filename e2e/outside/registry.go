package outside

import (
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Pull is an answer to a request for a manifest or a blob.
type Pull struct {
	Host, Repository string
	// Kind is "manifests" or "blobs", Reference a tag or a digest.
	Kind, Reference string
	// Scheme and User are those of the login: "Basic" and its user; empty: none was sent.
	Scheme, User string
	Status       int
	RemoteAddr   string
}

// private are the registries that ask for a login of the clouds: Amazon ECR and Google Artifact Registry. All others count as public.
var private = regexp.MustCompile(`^([0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\..+|[a-z0-9-]+-docker\.pkg\.dev)$`)

var content = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs)/([^/]+)$`)

// login is what a registry wants that no cloud judges.
type login struct{ user, password string }

// Login has a registry that is not the clouds' ask for a user and a password.
func (s *Server) Login(host, user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins[host] = login{user, password}
}

// pulls remembers under which tag a registry gave out what has a digest: the clouds know tags.
type pulls struct {
	mu   sync.Mutex
	tags map[string]string // by HOST/REPOSITORY and digest; "" for the last tag
}

func (p *pulls) learn(repository, digest, tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tags[repository+"@"+digest], p.tags[repository] = tag, tag
}

// reference is what the clouds are asked for a pull's next step: the tag that it began with.
func (p *pulls) reference(repository, kind, reference string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if tag := p.tags[repository+"@"+reference]; tag != "" {
		return tag
	}
	if kind == "blobs" {
		return p.tags[repository]
	}
	return reference
}

// registry serves images to those who may have them.
func (s *Server) registry(w http.ResponseWriter, r *http.Request) {
	asked := content.FindStringSubmatch(r.URL.Path)
	if asked == nil {
		asked = []string{"", "", "", ""}
	}
	answer := &watched{ResponseWriter: w, status: http.StatusOK}
	defer s.told(r, asked, answer)
	allowed := s.known
	if private.MatchString(r.Host) {
		allowed = s.judge
	}
	if !allowed(answer, r, asked) {
		return
	}
	s.config.Images.ServeHTTP(answer, r)
	if answer.status == http.StatusOK && asked[2] == "manifests" && !strings.Contains(asked[3], ":") {
		s.pulls.learn(r.Host+"/"+asked[1], answer.Header().Get("Docker-Content-Digest"), asked[3])
	}
}

func (s *Server) told(r *http.Request, asked []string, answer *watched) {
	if s.config.Pulled == nil || asked[2] == "" {
		return
	}
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	user, _, _ := r.BasicAuth()
	s.config.Pulled(Pull{Host: r.Host, Repository: asked[1], Kind: asked[2], Reference: asked[3], Scheme: scheme, User: user,
		Status: answer.status, RemoteAddr: r.RemoteAddr})
}

// known lets everybody in, unless the registry wants a login.
func (s *Server) known(w http.ResponseWriter, r *http.Request, _ []string) bool {
	s.mu.Lock()
	want, needed := s.logins[r.Host]
	s.mu.Unlock()
	user, password, _ := r.BasicAuth()
	if !needed || subtle.ConstantTimeCompare([]byte(user+":"+password), []byte(want.user+":"+want.password)) == 1 {
		return true
	}
	w.Header().Set("Www-Authenticate", fmt.Sprintf("Basic realm=%q", "https://"+r.Host+"/"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
	return false
}

// judge asks the sandbox's registry for the manifest with the same Authorization, and hands its refusal on.
func (s *Server) judge(w http.ResponseWriter, r *http.Request, asked []string) bool {
	transport, err := s.clouds.current()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return false
	}
	place := "/v2/"
	if reference := s.pulls.reference(r.Host+"/"+asked[1], asked[2], asked[3]); reference != "" {
		place += asked[1] + "/manifests/" + reference
	}
	question, err := http.NewRequestWithContext(r.Context(), r.Method, "https://"+r.Host+place, http.NoBody)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	question.Header["Authorization"] = r.Header["Authorization"]
	answer, err := transport.RoundTrip(question)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return false
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		_, _ = io.Copy(io.Discard, answer.Body)
		return true
	}
	for _, name := range []string{"Www-Authenticate", "Content-Type"} {
		if value := answer.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
	return false
}

// watched remembers the status.
type watched struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
