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

var ecrHostPattern = regexp.MustCompile(`^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$`)

// EcrRepository is where an image lies in Amazon ECR.
type EcrRepository struct{ AccountId, Region string }

// Ecr tells which account and region an image's registry belongs to; false when it is no private ECR registry.
func (i Reference) Ecr() (EcrRepository, bool) {
	m := ecrHostPattern.FindStringSubmatch(i.Host)
	if m == nil || !check.Region.Pattern.MatchString(m[2]) {
		return EcrRepository{}, false
	}
	return EcrRepository{AccountId: m[1], Region: m[2]}, true
}

var artifactRegistryHostPattern = regexp.MustCompile(`^[a-z0-9-]+-docker\.pkg\.dev$`)

// ArtifactRegistry tells whether the image lies in Google's Artifact Registry.
func (i Reference) ArtifactRegistry() bool { return artifactRegistryHostPattern.MatchString(i.Host) }

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

// ArtifactRegistryRepository tells the repository of an image, which lies at LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE; false
// when it is none of Artifact Registry.
func (i Reference) ArtifactRegistryRepository() (ArtifactRegistryRepository, bool) {
	location, _ := strings.CutSuffix(i.Host, "-docker.pkg.dev")
	parts := strings.SplitN(i.Path, "/", 3)
	if !i.ArtifactRegistry() || len(parts) < 3 || !check.GcpProject.Pattern.MatchString(parts[0]) {
		return ArtifactRegistryRepository{}, false
	}
	return ArtifactRegistryRepository{Project: parts[0], Location: location, Name: parts[1]}, true
}
