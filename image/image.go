// Package image takes references of container images apart: host, repository, tag, digest, and which registry it is.
package image

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/partition"
)

// Reference is that of a container image, taken apart.
type Reference struct {
	// Host is the registry, Path the repository in it.
	Host, Path string
	// Tag and Digest say which image; the digest wins, one of them is there.
	Tag, Digest string
}

// Parse takes a full image reference apart. It refuses references without a registry, without both tag and digest, and
// the tag latest, which names another image every time.
func Parse(s string) (Reference, error) {
	// Parse, not ParseNormalizedNamed: a missing registry must not become docker.io.
	ref, err := reference.Parse(s)
	if err != nil {
		return Reference{}, fmt.Errorf("%w; write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST", err)
	}
	named, ok := ref.(reference.Named)
	if !ok {
		return Reference{}, errors.New("no repository; write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST")
	}
	image := Reference{Host: reference.Domain(named), Path: reference.Path(named)}
	if tagged, ok := ref.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := ref.(reference.Digested); ok {
		image.Digest = digested.Digest().String()
	}
	switch {
	case image.Host == "" || image.Path == "":
		return Reference{}, errors.New("no registry host; write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST")
	case image.Digest == "" && image.Tag == "latest":
		return Reference{}, errors.New("the tag latest names another image every day; write the version or a digest")
	case image.Digest == "" && image.Tag == "":
		return Reference{}, errors.New("neither tag nor digest; add :VERSION or @sha256:DIGEST")
	}
	return image, nil
}

// Validate checks a reference as Parse does, at its path.
func Validate(p *field.Path, image string) field.ErrorList {
	if _, err := Parse(image); err != nil {
		return field.ErrorList{field.Invalid(p, image, err.Error())}
	}
	return nil
}

// String is the reference to run: with the digest where there is one, else with the tag.
func (i Reference) String() string {
	if i.Digest != "" {
		return i.Host + "/" + i.Path + "@" + i.Digest
	}
	return i.Host + "/" + i.Path + ":" + i.Tag
}

var ecrHostPattern = regexp.MustCompile(`^(\d{12})\.dkr([.-])ecr(-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)$`)

// EcrRepository is where an image lies in Amazon ECR.
type EcrRepository struct {
	AccountId, Region string
	// DualStack says that the host answers over IPv6, too. VPC endpoints do not lead there.
	DualStack bool
}

// Ecr tells which account and region an image's registry belongs to; false when it is no private ECR registry. Its hosts are
// ACCOUNT.dkr.ecr.REGION.DOMAIN and, where they answer over IPv6, too, ACCOUNT.dkr-ecr.REGION.DOMAIN, each with -fips behind ecr for FIPS
// 140; the domains are the partition's (Amazon ECR user guide, "Making requests to Amazon ECR registries"; the kubelet's
// ecr-credential-provider and amazon-ecr-credential-helper know them by ecrPrivateHostPattern and ecrPattern).
func (i Reference) Ecr() (EcrRepository, bool) {
	m := ecrHostPattern.FindStringSubmatch(i.Host)
	if m == nil || !check.Region.Pattern.MatchString(m[4]) {
		return EcrRepository{}, false
	}
	in := partition.Of(m[4])
	domain, dualStack := in.DnsSuffix, m[2] == "-"
	if dualStack {
		domain = in.Registries()
	}
	return EcrRepository{AccountId: m[1], Region: m[4], DualStack: dualStack}, m[5] == domain
}

// googleHosts are the forms of Artifact Registry's hosts, with its location: the ordinary and the regional one (docker-credential-gcr,
// config/const.go, DefaultARRegistries).
var googleHosts = []*regexp.Regexp{
	regexp.MustCompile(`^([a-z0-9-]+)-docker\.pkg\.dev$`), regexp.MustCompile(`^docker\.([a-z0-9-]+)\.rep\.pkg\.dev$`),
}

// gcrLocations are where Artifact Registry keeps what the hosts of the former Container Registry serve, each in a repository of the host's
// name (Artifact Registry, "Transition from Container Registry", "Repositories with gcr.io domain support").
var gcrLocations = map[string]string{"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}

// googleLocation is that of a host of Artifact Registry; empty for any other.
func (i Reference) googleLocation() string {
	for _, form := range googleHosts {
		if m := form.FindStringSubmatch(i.Host); m != nil {
			return m[1]
		}
	}
	return gcrLocations[i.Host]
}

// ArtifactRegistry tells whether the image lies in Google's Artifact Registry.
func (i Reference) ArtifactRegistry() bool { return i.googleLocation() != "" }

// ArtifactRegistryRepository is where images lie in Google's Artifact Registry.
type ArtifactRegistryRepository struct {
	Project  string `pulumi:"project"`
	Location string `pulumi:"location"`
	Name     string `pulumi:"name"`
}

// Validate reports every problem of the repository, below the path.
func (r ArtifactRegistryRepository) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("project"), r.Project, check.GcpProject)
	if r.Location == "" || r.Name == "" {
		errs = append(errs, field.Required(p, "location and name, as in LOCATION-docker.pkg.dev/PROJECT/NAME"))
	}
	return errs
}

// ArtifactRegistryRepository tells the repository of an image, which lies at LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE or below a
// host of the former Container Registry at gcr.io/PROJECT/IMAGE; false when it is none of Artifact Registry.
func (i Reference) ArtifactRegistryRepository() (ArtifactRegistryRepository, bool) {
	location, parts := i.googleLocation(), strings.SplitN(i.Path, "/", 3)
	if gcrLocations[i.Host] != "" {
		project, rest, _ := strings.Cut(i.Path, "/")
		parts = []string{project, i.Host, rest}
	}
	if location == "" || len(parts) < 3 || parts[2] == "" || !check.GcpProject.Pattern.MatchString(parts[0]) {
		return ArtifactRegistryRepository{}, false
	}
	return ArtifactRegistryRepository{Project: parts[0], Location: location, Name: parts[1]}, true
}
