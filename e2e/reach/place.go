package reach

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vishvananda/netns"
	corev1 "k8s.io/api/core/v1"
)

// Place is one end of a connection.
type Place struct {
	Name    string
	Address netip.Addr
	// file is of its network namespace; empty: this program's.
	file string
	// closed: it is another's address, as a Service's, where nobody can listen.
	closed bool
}

// Here is an address of this program's own network.
func Here(name string, address netip.Addr) Place { return Place{Name: name, Address: address} }

// Behind is an address that somebody answers at, where nobody else can listen: a Service's.
func Behind(name string, address netip.Addr) Place {
	return Place{Name: name, Address: address, closed: true}
}

// Pod is one that runs on this machine. It fails where no process of the pod is found.
func Pod(name string, pod *corev1.Pod) (Place, error) {
	address, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		return Place{}, fmt.Errorf("pod %s has no address yet: %w", pod.Name, err)
	}
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return Place{}, err
	}
	for _, file := range groups {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), "pod"+string(pod.UID)) {
			return Place{Name: name, Address: address, file: filepath.Join(filepath.Dir(file), "ns", "net")}, nil
		}
	}
	return Place{}, fmt.Errorf("no process of pod %s runs on this machine", pod.Name)
}

// do calls a function on a thread in the place's network namespace: sockets that it opens itself are there.
func (p Place) do(do func() error) error {
	if p.file == "" {
		return do()
	}
	done := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		done <- p.enter(do)
	}()
	return <-done
}

func (p Place) enter(do func() error) error {
	handle, err := netns.GetFromPath(p.file)
	if err != nil {
		return fmt.Errorf("network of %s: %w", p.Name, err)
	}
	defer handle.Close()
	if err := netns.Set(handle); err != nil {
		return fmt.Errorf("network of %s: %w", p.Name, err)
	}
	return do()
}
