package real

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bifrost/bifrostctl/verify/service"
)

const (
	// answerTime is how long the gateway may take to answer, completionTime how long a model may; maxAnswer is how much of an answer is
	// read.
	answerTime     = 10 * time.Second
	completionTime = 2 * time.Minute
	maxAnswer      = 4 << 20
)

// atURL is a gateway behind a URL.
type atURL struct {
	base   string
	client *http.Client
	// exposed is why nothing secret is sent there; empty where it may be.
	exposed string
}

// Ask implements service.Gateway.
func (g atURL) Ask(ctx context.Context, r service.Request) (service.Answer, error) {
	if r.Secret() && g.exposed != "" {
		return service.Answer{}, fmt.Errorf("%w: %s", service.ErrExposed, g.exposed)
	}
	method, limit := http.MethodGet, answerTime
	if r.Body != nil {
		method, limit = http.MethodPost, completionTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(g.base, "/")+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return service.Answer{}, err
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.Login != nil {
		request.SetBasicAuth(r.Login.User, r.Login.Password)
	}
	if r.VirtualKey != "" {
		request.Header.Set("Authorization", "Bearer "+r.VirtualKey)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return service.Answer{}, err
	}
	defer response.Body.Close()
	body, err := read(response.Body, r.Arrived)
	return service.Answer{Status: response.StatusCode, Body: body}, err
}

// read takes the body piece by piece, as the network hands it over.
func read(from io.Reader, arrived func([]byte)) ([]byte, error) {
	var body []byte
	buffer := make([]byte, 32<<10)
	for len(body) < maxAnswer {
		n, err := from.Read(buffer)
		if body = append(body, buffer[:n]...); n > 0 && arrived != nil {
			arrived(buffer[:n])
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

// ownHost follows a redirect to the same host, such as from http to https, and none to another one: the page of a sign-in is no answer
// of the gateway.
func ownHost(next *http.Request, before []*http.Request) error {
	last := before[len(before)-1].URL
	if len(before) > 5 || next.URL.Hostname() != last.Hostname() || last.Scheme == "https" && next.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	return nil
}

// At is the gateway at the user's --url. Secrets go there over https, or where they do not leave this machine.
func At(base string) (service.Gateway, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("--url %s: write http:// or https://, and the gateway's name", base)
	}
	g := atURL{base: base, client: &http.Client{CheckRedirect: ownHost}}
	if ip := net.ParseIP(parsed.Hostname()); parsed.Scheme == "http" && parsed.Hostname() != "localhost" && !ip.IsLoopback() {
		g.exposed = "everybody on the way reads http; give --url https://NAME"
	}
	return g, nil
}

// behind reaches the gateway behind a load balancer, by the load balancer's own name.
func behind(url string) (service.Gateway, error) {
	if url == "" {
		return nil, fmt.Errorf("load balancer: %w", service.ErrNotFound)
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		// The certificate is for a name of the customer's: all but the name is verified below. Nothing secret is sent there.
		InsecureSkipVerify: true,
		VerifyConnection:   verifyButName(nil),
	}}
	return atURL{url, &http.Client{Transport: transport, CheckRedirect: ownHost},
		"the name of the load balancer is not that of its certificate; give --url https://NAME, with a name of the certificate"}, nil
}

// verifyButName verifies a server's certificate, for whatever name it is. Nil roots are the system's.
func verifyButName(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, certificate := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}
