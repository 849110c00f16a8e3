package images

import (
	"maps"
	"path/filepath"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// What the clusters' own manifests name. The stacks name the others, and any name that is not known is the gateway's.
const (
	Pause         = "registry.k8s.io/pause:3.10.1"
	CoreDNS       = "registry.k8s.io/coredns/coredns:v1.12.4"
	KubeRouter    = "docker.io/cloudnativelabs/kube-router:v2.1.0"
	MetricsServer = "registry.k8s.io/metrics-server/metrics-server:v0.9.0"
	// Tool has busybox with all its commands, for clients and small servers.
	Tool = "docker.io/library/busybox:1.37"
	// AWSVendor and GoogleVendor hold the CLIs that are installed on this machine: see Vendors.
	AWSVendor    = "e2e.test/vendor/aws-cli:installed"
	GoogleVendor = "e2e.test/vendor/google-cloud-cli:installed"
)

type known struct {
	repository string
	image      func() (v1.Image, error)
}

// sh are what a script may count on in an image with a shell.
var sh = []string{"sh", "base64", "cat", "date", "mkdir", "printf", "sleep", "test", "[", "tr", "sed", "env", "id", "ls"}

// kubeRouterCommands are what kube-router starts.
var kubeRouterCommands = []string{"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore",
	"ipset", "ip"}

// known are all images. aws-cli has no kubectl, Google's images have none either, kubectl's has no shell.
func (c Config) known() []known {
	rows := []struct {
		repository, program string
		spec                Spec
	}{
		{`(^|/)pause$`, "pause", Spec{User: "65535:65535"}},
		{`(^|/)kubectl$`, "kubectl", Spec{}},
		{`(^|/)aws-cli$`, "aws", Spec{Busybox: sh, CA: c.CA, Env: trusting}},
		{`(^|/)(google-cloud-cli|cloud-sdk)$`, "gcloud", Spec{
			Machine: []string{"curl"}, Busybox: sh, CA: c.CA, Env: trusting, Cmd: []string{"/bin/sh"},
		}},
		{`(^|/)load$`, "load", Spec{Busybox: sh, CA: c.CA, User: "65532:65532"}},
		{`(^|/)coredns$`, "coredns", Spec{}},
		{`(^|/)kube-router$`, "kube-router", Spec{Machine: kubeRouterCommands, Files: extensions(), Busybox: sh}},
		{`(^|/)metrics-server$`, "metrics-server", Spec{User: "65534:65534"}},
		{`(^|/)busybox$`, "", Spec{Busybox: []string{"*"}, CA: c.CA, Env: trusting, Cmd: []string{"sh"}}},
	}
	all := []known{{``, c.gateway}}
	for _, r := range rows {
		all = append(all, known{r.repository, r.spec.with(c.Programs, r.program).Build})
	}
	for reference := range vendors {
		repository, _, _ := strings.Cut(reference, ":")
		all = append(all, known{"^" + regexp.QuoteMeta(repository) + "$", func() (v1.Image, error) { return c.vendor(reference) }})
	}
	return all
}

// with adds a program that was built for the image, which it starts unless something else is said.
func (s Spec) with(programs, name string) Spec {
	if name == "" {
		return s
	}
	inImage := "/usr/local/bin/" + name
	s.Files = maps.Clone(s.Files)
	if s.Files == nil {
		s.Files = map[string]string{}
	}
	s.Files[inImage] = filepath.Join(programs, name)
	if s.Cmd == nil {
		s.Entrypoint = []string{inImage}
	}
	return s
}

// extensions are those of iptables, which looks for them where they are on this machine.
func extensions() map[string]string {
	found, _ := filepath.Glob("/usr/lib/*/xtables")
	all := map[string]string{}
	for _, folder := range found {
		all[folder] = folder
	}
	return all
}

// trusting are the variables with which the clouds' CLIs and libraries take the image's authorities instead of those they bring along
// (AWS CLI user guide, "Environment variables"; gcloud topic configurations, core/custom_ca_certs_file; requests, "SSL Cert Verification").
var trusting = []string{
	"SSL_CERT_FILE=" + caFile, "CURL_CA_BUNDLE=" + caFile, "AWS_CA_BUNDLE=" + caFile, "REQUESTS_CA_BUNDLE=" + caFile,
	"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE=" + caFile,
}
