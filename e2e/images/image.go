package images

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Spec is what an image holds. Paths in the image are absolute.
type Spec struct {
	// Files are files of this machine, by their path in the image. A link is followed, and a folder comes with all that is in it.
	Files map[string]string
	// Machine are commands of this machine, which come to /usr/bin.
	Machine []string
	// Texts are files with their content. Scripts may be run.
	Texts map[string]string
	// Links are symbolic links.
	Links map[string]string
	// Folders are empty ones, with the user and group that they belong to.
	Folders map[string]int64
	// Busybox are its commands in /bin, of busybox-static; "*" are all.
	Busybox []string
	// CA is the PEM text of the authorities that its programs trust; empty: none.
	CA []byte

	Entrypoint, Cmd, Env []string
	// User as in an image: a name or a number, with a group after a colon; empty: root.
	User, WorkingDir string
	Volumes          []string
}

// caFile is where programs look for authorities (crypto/x509, certFiles of Linux).
const caFile = "/etc/ssl/certs/ca-certificates.crt"

// defaultPath is what containerd takes where an image has no PATH.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Build makes the image. It fails where a file is missing. Its digest is the same for the same files.
func (s Spec) Build() (v1.Image, error) {
	entries := []entry{
		folder("tmp", 0o1777, 0), folder("etc", 0o755, 0),
		text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644), text("etc/group", "root:x:0:\n", 0o644),
		text("etc/nsswitch.conf", "hosts: files dns\n", 0o644),
	}
	for name, user := range s.Folders {
		entries = append(entries, folder(name, 0o755, user))
	}
	for name, content := range s.Texts {
		mode := int64(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		entries = append(entries, text(name, content, mode))
	}
	for name, target := range s.Links {
		entries = append(entries, link(name, target))
	}
	for name, source := range s.Files {
		below, err := files(name, source)
		if err != nil {
			return nil, fmt.Errorf("%s of an image: %w", name, err)
		}
		entries = append(entries, below...)
	}
	for _, name := range s.Machine {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("install %s on this machine, it belongs in an image: %w", name, err)
		}
		one, err := file("/usr/bin/"+name, path)
		if err != nil {
			return nil, err
		}
		entries = append(entries, one)
	}
	more, err := libraries(entries)
	if err != nil {
		return nil, err
	}
	entries = append(entries, more...)
	shell, err := busybox(s.Busybox)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, byName) // maps have no order
	return s.assemble(append(entries, shell...))
}

// assemble has the authorities in a layer of their own: they are others in each run, and the programs are large.
func (s Spec) assemble(entries []entry) (v1.Image, error) {
	layers := []v1.Layer{newLayer(entries)}
	if len(s.CA) > 0 {
		layers = append(layers, trust(s.CA))
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		return nil, err
	}
	config := v1.Config{
		Entrypoint: s.Entrypoint, Cmd: s.Cmd, User: s.User, WorkingDir: s.WorkingDir, Env: append([]string{defaultPath}, s.Env...),
	}
	if len(s.Volumes) > 0 {
		config.Volumes = map[string]struct{}{}
		for _, name := range s.Volumes {
			config.Volumes[name] = struct{}{}
		}
	}
	had, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file := had.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	return mutate.ConfigFile(image, file)
}

func trust(ca []byte) v1.Layer { return newLayer([]entry{text(caFile, string(ca), 0o644)}) }

var errNoBusybox = errors.New("no static busybox on this machine: apt-get install busybox-static")

// busybox are its commands: links to the one program.
func busybox(commands []string) ([]entry, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	const inImage = "/bin/busybox"
	program, err := findBusybox()
	if err != nil {
		return nil, err
	}
	shell, err := file(inImage, program.path)
	if err != nil {
		return nil, err
	}
	entries := []entry{shell}
	if slices.Contains(commands, "*") {
		commands = program.commands
	}
	for _, name := range slices.Sorted(maps.Keys(set(commands))) {
		entries = append(entries, link("/bin/"+name, inImage))
	}
	return entries, nil
}

func set(names []string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = name != "busybox"
	}
	maps.DeleteFunc(all, func(_ string, wanted bool) bool { return !wanted })
	return all
}
