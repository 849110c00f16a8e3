package components

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// Image is a container image reference, taken apart.
type Image struct {
	// Host is the registry, Path the repository in it.
	Host, Path string
	// Tag and Digest say which image; the digest wins, one of them is there.
	Tag, Digest string
}

// ParseImage takes a full image reference apart. It refuses references without a registry, without both tag and digest, and
// the tag latest, which names another image every time.
func ParseImage(s string) (Image, error) {
	// Parse, not ParseNormalizedNamed: a missing registry must not become docker.io.
	ref, err := reference.Parse(s)
	if err != nil {
		return Image{}, fmt.Errorf("%w; write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST", err)
	}
	named, ok := ref.(reference.Named)
	if !ok {
		return Image{}, errors.New("no repository; write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST")
	}
	image := Image{Host: reference.Domain(named), Path: reference.Path(named)}
	if tagged, ok := ref.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := ref.(reference.Digested); ok {
		image.Digest = digested.Digest().String()
	}
	switch {
	case image.Host == "" || image.Path == "":
		return Image{}, errors.New("no registry host; write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST")
	case image.Digest == "" && image.Tag == "latest":
		return Image{}, errors.New("the tag latest names another image every day; write the version or a digest")
	case image.Digest == "" && image.Tag == "":
		return Image{}, errors.New("neither tag nor digest; add :VERSION or @sha256:DIGEST")
	}
	return image, nil
}

// ValidateImage checks a reference as ParseImage does, at its path.
func ValidateImage(p *field.Path, image string) field.ErrorList {
	if _, err := ParseImage(image); err != nil {
		return field.ErrorList{field.Invalid(p, image, err.Error())}
	}
	return nil
}

// String is the reference to run: with the digest where there is one, else with the tag.
func (i Image) String() string {
	if i.Digest != "" {
		return i.Host + "/" + i.Path + "@" + i.Digest
	}
	return i.Host + "/" + i.Path + ":" + i.Tag
}

var ecrHostPattern = regexp.MustCompile(`^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$`)

// EcrRepository is where an image lies in Amazon ECR.
type EcrRepository struct{ AccountId, Region string }

// Ecr tells which account and region an image's registry belongs to; false when it is no private ECR registry.
func (i Image) Ecr() (EcrRepository, bool) {
	m := ecrHostPattern.FindStringSubmatch(i.Host)
	if m == nil || !check.Region.Pattern.MatchString(m[2]) {
		return EcrRepository{}, false
	}
	return EcrRepository{AccountId: m[1], Region: m[2]}, true
}

var artifactRegistryHostPattern = regexp.MustCompile(`^[a-z0-9-]+-docker\.pkg\.dev$`)

// ArtifactRegistry tells whether the image lies in Google's Artifact Registry.
func (i Image) ArtifactRegistry() bool { return artifactRegistryHostPattern.MatchString(i.Host) }
