// Package outsidetest stands in for a command of the sandbox: a proxy with a password, and behind it a registry and services with an
// authority of their own, which answer what a test wants.
package outsidetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"bifrost/e2e/outside"
)

// Registry is the host that asks for a login.
const Registry = "444455556666.dkr.ecr.us-east-1.amazonaws.com"

// Tag is the one that its repositories have.
const Tag = "2.1.0"

// The words of Amazon ECR's refusals, as the sandbox says them.
const (
	Expired = "Your authorization token has expired. Reauthenticate and try again."
	Denied  = "User: arn:aws:sts::111122223333:assumed-role/pull/x is not authorized to perform: ecr:BatchGetImage on resource: " +
		"arn:aws:ecr:us-east-1:444455556666:repository/acme-hub because no resource-based policy allows the ecr:BatchGetImage action"
)

// Clouds is what the sandbox would serve.
type Clouds struct {
	dir string

	mu        sync.Mutex
	passwords map[string]string
	asked     []string
	closers   []func()
}

// Start serves until Close. dir is an empty folder.
func Start(dir string) (*Clouds, error) {
	c := &Clouds{dir: dir, passwords: map[string]string{}}
	return c, c.Restart()
}

// File is its network.json.
func (c *Clouds) File() string { return filepath.Join(c.dir, "network.json") }

// Login says what becomes of a password of the user AWS: Expired or Denied, or empty for a good one. Others are unknown.
func (c *Clouds) Login(password, refusal string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passwords[password] = refusal
}

// Asked are the requests since it was called last.
func (c *Clouds) Asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.asked
	c.asked = nil
	return asked
}

// Close ends all that was started.
func (c *Clouds) Close() {
	for _, closer := range c.closers {
		closer()
	}
}

// Restart serves on other ports, with another password and another authority, as the next command of the sandbox does.
func (c *Clouds) Restart() error {
	authority, err := outside.NewAuthority()
	if err != nil {
		return err
	}
	services := httptest.NewUnstartedServer(http.HandlerFunc(c.answer))
	services.TLS = authority.TLS()
	services.StartTLS()
	password := fmt.Sprint("password", len(c.closers))
	proxy := httptest.NewServer(c.proxy(password, services.Listener.Addr().String()))
	c.closers = append(c.closers, proxy.Close, services.Close)
	ca := filepath.Join(c.dir, "network-ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		return err
	}
	address := strings.Replace(proxy.URL, "http://", "http://sandbox:"+password+"@", 1)
	text, err := json.Marshal(map[string]string{"proxy": address, "ca": ca})
	if err != nil {
		return err
	}
	return os.WriteFile(c.File(), text, 0o600)
}

// proxy knows every host but those of nowhere.
func (c *Clouds) proxy(password, services string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if _, sent, _ := request.BasicAuth(); sent != password {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			c.answer(w, r)
			return
		}
		if strings.HasPrefix(r.Host, "nowhere.") {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		server, err := net.Dial("tcp", services)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer server.Close()
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(client, server)
	})
}

// answer is the registry's, or says what was asked of any other host.
func (c *Clouds) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.asked = append(c.asked, r.Method+" "+r.Host+r.URL.Path)
	c.mu.Unlock()
	if r.Host != Registry {
		fmt.Fprintf(w, "%s %s %s %s", r.Host, r.URL.Path, r.Header.Get("Authorization"), body)
		return
	}
	user, password, given := r.BasicAuth()
	if !given {
		w.Header().Set("WWW-Authenticate", `Basic realm="https://`+r.Host+`/"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Not Authorized")
		return
	}
	c.mu.Lock()
	refusal, known := c.passwords[password]
	c.mu.Unlock()
	switch {
	case !known || user != "AWS":
		refuse(w, http.StatusUnauthorized, "DENIED", "Your Authorization Token is invalid.")
	case refusal != "":
		refuse(w, http.StatusForbidden, "DENIED", refusal)
	case r.URL.Path != "/v2/" && !strings.HasSuffix(r.URL.Path, "/manifests/"+Tag):
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found")
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
}
