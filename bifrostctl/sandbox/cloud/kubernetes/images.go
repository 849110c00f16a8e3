package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// dockerConfig is the key of a pull Secret's document.
const dockerConfig = ".dockerconfigjson"

// privateRegistry finds the hosts of registries that ask for a login: Amazon ECR (Amazon ECR user guide, "Private
// registries") and Google Artifact Registry (Artifact Registry, "Repository and image names"). All other registries are
// public in the sandbox, as those of the tools' images are in life.
var privateRegistry = regexp.MustCompile(`\b\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\b|\b[a-z0-9-]+-docker\.pkg\.dev\b`)

// imageHost returns the host of an image's private registry, or "".
func imageHost(image string) string {
	host, _, _ := strings.Cut(image, "/")
	if privateRegistry.FindString(host) != host {
		return ""
	}
	return host
}

// images checks that the pull Secrets which the pod names hold a login for each private registry among its images. A pod
// that names none is pulled for by its node, whose rights the sandbox does not know.
func (p *podCheck) images(pod corev1.PodSpec) {
	if len(pod.ImagePullSecrets) == 0 {
		return
	}
	var logins []string
	for _, reference := range pod.ImagePullSecrets {
		secret := p.find(secretType, reference.Name)
		if secret == nil {
			p.add("Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed: ImagePullBackOff", reference.Name)
			return
		}
		logins = append(logins, loginHosts(secret.State)...)
	}
	for _, container := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
		host := imageHost(container.Image)
		if host != "" && !slices.Contains(logins, host) {
			p.add("Failed to pull image %q: no basic auth credentials for %s in the image pull secrets: ImagePullBackOff: Back-off pulling image %q", container.Image, host, container.Image)
		}
	}
}

// loginHosts returns the registries for which a pull Secret holds a login. Keys may be URLs.
func loginHosts(secret double.Object) []string {
	encoded, _ := double.Map(secret, "data")[dockerConfig].(string)
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil
	}
	var document struct {
		Auths map[string]struct {
			Auth, Username, Password, IdentityToken string
		} `json:"auths"`
	}
	if json.Unmarshal(text, &document) != nil {
		return nil
	}
	var hosts []string
	for registry, login := range document.Auths {
		if login.Auth != "" || login.Username != "" || login.IdentityToken != "" {
			host, _, _ := strings.Cut(strings.TrimPrefix(registry, "https://"), "/")
			hosts = append(hosts, host)
		}
	}
	return hosts
}
