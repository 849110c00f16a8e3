package images

import (
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Variables that put another gateway into the place of the stand-in: the tar file of an image, as docker save writes it, or a program that
// runs without its image.
const imageVariable, binaryVariable = "BIFROST_IMAGE", "BIFROST_BINARY"

// entrypoint does what the gateway's image does: it wants a data folder that it can write to, and hands its variables over as flags.
const entrypoint = `#!/bin/sh
dir="${APP_DIR:-/app/data}"
if ! [ -w "$dir" ]; then
  echo "the data folder $dir cannot be written to by user $(id -u)" >&2
  exit 1
fi
exec "$@" -app-dir "$dir" -host "${APP_HOST:-0.0.0.0}" -port "${APP_PORT:-8080}" \
	-log-level "${LOG_LEVEL:-info}" -log-style "${LOG_STYLE:-json}"
`

// gatewayUser is the user that the vendor's image sets.
const gatewayUser = 1000

// gateway is laid out as the vendor's image: user 1000, port 8080, the volume /app/data, busybox with wget and no curl.
func (c Config) gateway() (v1.Image, error) {
	if saved := os.Getenv(imageVariable); saved != "" {
		return c.saved(saved)
	}
	binary := os.Getenv(binaryVariable)
	if binary == "" {
		binary = filepath.Join(c.Programs, "gateway")
	}
	return Spec{
		Files: map[string]string{"/app/main": binary}, Texts: map[string]string{"/app/docker-entrypoint.sh": entrypoint},
		Folders: map[string]int64{"/app/data": gatewayUser}, Busybox: []string{"*"}, CA: c.CA,
		Entrypoint: []string{"/app/docker-entrypoint.sh"}, Cmd: []string{"/app/main"}, WorkingDir: "/app", User: fmt.Sprint(gatewayUser),
		Volumes: []string{"/app/data"},
	}.Build()
}

// saved is an image out of a file, with the authorities added to it.
func (c Config) saved(file string) (v1.Image, error) {
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", imageVariable, file, err)
	}
	return mutate.AppendLayers(image, trust(c.CA))
}
