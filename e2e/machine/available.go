package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Path is where programs of the system are, which a user's PATH may lack.
const Path = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

// Tools and plugins that a node needs from the machine.
var (
	tools   = []string{"runc", "iptables", "nft", "conntrack", "ipset"}
	plugins = []string{"bridge", "host-local", "loopback", "portmap"}
	// pluginFolders are where Debian and the plugins' own releases put them.
	pluginFolders = []string{"/usr/lib/cni", "/opt/cni/bin"}
	controllers   = []string{"cpu", "cpuset", "memory", "pids"}
)

// install is the command that brings what is missing on Debian and Ubuntu.
const install = "apt-get install runc containernetworking-plugins iptables nftables conntrack ipset"

// Available says in one line what this machine lacks for a node; nil where a node can run.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("a node needs root: run the tests with sudo")
	}
	var missing []string
	for _, tool := range tools {
		if _, err := Tool(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if _, err := Plugins(); err != nil {
		missing = append(missing, "the plugins of CNI")
	}
	if len(missing) > 0 {
		return fmt.Errorf("a node needs %s: %s", strings.Join(missing, ", "), install)
	}
	for _, controller := range controllers {
		if !hasController(controller) {
			return fmt.Errorf("a node needs the controller %s of control groups at %s", controller, cgroupRoot)
		}
	}
	return nil
}

// Tool is the path of a program of the system.
func Tool(name string) (string, error) {
	for _, dir := range filepath.SplitList(Path) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return exec.LookPath(name)
}

// Plugins is the folder of CNI's plugins.
func Plugins() (string, error) {
	for _, dir := range pluginFolders {
		if !slices.ContainsFunc(plugins, func(name string) bool {
			_, err := os.Stat(filepath.Join(dir, name))
			return err != nil
		}) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no folder has CNI's plugins %s: %s", strings.Join(plugins, ", "), install)
}

func hasController(name string) bool {
	if !unified() {
		info, err := os.Stat(filepath.Join(cgroupRoot, name))
		return err == nil && info.IsDir()
	}
	text, _ := os.ReadFile(filepath.Join(cgroupRoot, "cgroup.controllers"))
	return slices.Contains(strings.Fields(string(text)), name)
}
