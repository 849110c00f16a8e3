package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// sysctls are settings of the whole machine below, plain files inside: those that the kubelet sets, with the values that it wants
// (setupKernelTunables in k8s.io/kubernetes/pkg/kubelet/cm), and one more.
var sysctls = map[string]string{
	"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
	"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	// A run within the run finds the limit high enough: what it is, the keeper outside has seen to.
	"fs/inotify/max_user_instances": "8192",
}

// Addresses that every cloud has, on the loopback interface of the tests' machine or of each node.
const (
	// Resolver is the name server of a node, as in a VPC of AWS.
	Resolver = "169.254.169.253"
	// PodIdentityAgent is where EKS's agent listens, InstanceMetadata where the metadata service of AWS, Azure and Google does.
	PodIdentityAgent = "169.254.170.23"
	InstanceMetadata = "169.254.169.254"
	// PodMetadata is where a node of GKE, without its dataplane V2, has pods' requests to the metadata service go.
	PodMetadata = "169.254.169.252"
)

// prepare makes the machine inside the new namespaces: what programs write outside of the run's folder reaches nothing below.
func prepare(folder string) error {
	steps := []func() error{
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		// A runtime's mounts appear in other mount namespaces of this machine.
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "") },
		func() error {
			return unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		},
		func() error { return unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755") },
		func() error { return errors.Join(os.Mkdir("/run/lock", 0o755), os.Mkdir("/run/netns", 0o755)) },
		func() error { return scratch("/etc") },
		// Containerd makes a folder of its own here.
		func() error { return scratch("/opt") },
		func() error { return scratch("/var") },
		resolveWithin, hideSysctls, func() error { return onDisk(folder) },
		func() error { return os.MkdirAll(filepath.Join(folder, "tmp"), 0o777|os.ModeSticky) },
		loopback, func() error { return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// scratch keeps what is written below a folder in memory.
func scratch(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	upper, work := filepath.Join("/run/scratch", dir, "upper"), filepath.Join("/run/scratch", dir, "work")
	if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
		return err
	}
	if err := unix.Mount("overlay", dir, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work)); err != nil {
		return fmt.Errorf("an overlay on %s: %w", dir, err)
	}
	return nil
}

// resolveWithin makes names known by the node's resolver alone. The file may be a link into what was /run.
func resolveWithin() error {
	if err := os.Remove("/etc/resolv.conf"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile("/etc/resolv.conf", []byte("nameserver "+Resolver+"\n"), 0o644)
}

func hideSysctls() error {
	for name, value := range sysctls {
		file := filepath.Join("/run/sysctl", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(file, filepath.Join("/proc/sys", name), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("hide the sysctl %s: %w", name, err)
		}
	}
	return nil
}

// onDisk sees to it that containers' overlays can lie in the folder: within a container's root they cannot, but in memory.
func onDisk(folder string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil || s.Type != unix.OVERLAYFS_SUPER_MAGIC {
		return err
	}
	return unix.Mount("tmpfs", folder, "tmpfs", unix.MS_NODEV, "mode=0755")
}

func loopback() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("loopback interface: %w", err)
	}
	for _, address := range []string{Resolver, PodIdentityAgent, InstanceMetadata, PodMetadata} {
		if err := addAddress(netlink.AddrAdd, lo, address+"/32"); err != nil {
			return err
		}
	}
	return nil
}
