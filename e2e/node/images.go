package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"

	"bifrost/e2e/node/jail"
)

// image is what is in an image, as far as it concerns the refreshers.
type image struct {
	name *regexp.Regexp
	// host are commands of the machine, own those of Config.Commands.
	host, own []string
	// vendor is the one of own that RunOptions.VendorCLI replaces; it needs more of the machine's commands.
	vendor     string
	more       []string
	entrypoint []string
}

// tools are what a script may count on in an image with a shell.
var tools = []string{"sh", "base64", "cat", "date"}

// images are those of the refreshers. aws-cli has no kubectl, the Google Cloud images have none either, kubectl's has no shell. None
// sets a user: they run as root unless the pod says otherwise.
var images = []image{
	{name: regexp.MustCompile(`(^|/)aws-cli(:|@|$)`), host: tools, own: []string{"aws"}, vendor: "aws", entrypoint: []string{"aws"}},
	{name: regexp.MustCompile(`(^|/)(google-cloud-cli|cloud-sdk)(:|@|$)`), host: append([]string{"curl"}, tools...),
		own:    []string{"gcloud"},
		vendor: "gcloud", more: []string{"python3", "dirname", "readlink", "uname"}},
	{name: regexp.MustCompile(`(^|/)kubectl(:|@|$)`), own: []string{"kubectl"}, entrypoint: []string{"kubectl"}},
}

// imageOf returns what is in an image; false: it is a server that does nothing here.
func imageOf(name string) (image, bool) {
	for _, i := range images {
		if i.name.MatchString(name) {
			return i, true
		}
	}
	return image{}, false
}

const commandDir = "/usr/bin"

// libraries are where a machine's commands find theirs. Some are links to others.
var libraries = []string{"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache"}

// fill puts the image's content into a root. commands is the folder of own, vendorCLI the path of the vendor's own CLI, or "".
func (i image) fill(s *jail.Spec, commands, vendorCLI string) error {
	s.Links = map[string]string{"/bin": "usr/bin"}
	s.Files = map[string]string{
		"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "/etc/group": "root:x:0:\n",
		"/etc/hosts": "127.0.0.1 localhost\n", "/etc/nsswitch.conf": "hosts: files\n",
	}
	host := i.host
	for _, name := range i.own {
		if vendorCLI != "" && name == i.vendor {
			if err := addReal(s, name, vendorCLI); err != nil {
				return err
			}
			host = slices.Concat(host, i.more)
			continue
		}
		if err := add(s, name, filepath.Join(commands, name)); err != nil {
			return err
		}
	}
	for _, name := range host {
		path, err := exec.LookPath(name)
		if err != nil {
			return fmt.Errorf("install %s on this machine, it belongs in the image: %w", name, err)
		}
		if err := add(s, name, path); err != nil {
			return err
		}
	}
	if len(i.host) == 0 {
		return nil
	}
	for _, path := range libraries {
		link, err := os.Readlink(path)
		if err == nil {
			s.Links[path] = link
			continue
		}
		if _, err := os.Stat(path); err == nil {
			s.Mounts = append(s.Mounts, jail.Mount{Source: path, Target: path, ReadOnly: true})
		}
	}
	return nil
}

// add puts one program into a root.
func add(s *jail.Spec, name, path string) error {
	program, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("the image's %s: %w", name, err)
	}
	s.Mounts = append(s.Mounts, jail.Mount{Source: program, Target: filepath.Join(commandDir, name), ReadOnly: true})
	return nil
}
