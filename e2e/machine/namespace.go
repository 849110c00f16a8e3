package machine

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Namespace is a host on a network: a network namespace of its own, and all else of the tests' machine.
type Namespace struct {
	Name    string
	Address netip.Addr

	handle netns.NsHandle
	link   string // its end on the bridge
	work   chan func()
}

// Namespace adds a host with an address of the bridge. Its way out is the network's gateway.
func (n *Network) Namespace(name string, address netip.Addr) (*Namespace, error) {
	s := &Namespace{Name: name, Address: address, handle: netns.None(), work: make(chan func()),
		link: fmt.Sprintf("c%dh%d", n.Index, address.As4()[3])}
	if err := s.open(n); err != nil {
		return nil, errors.Join(fmt.Errorf("host %s: %w", name, err), s.Close())
	}
	return s, nil
}

// open makes the namespace, with a thread that stays in it, and its interface.
func (s *Namespace) open(n *Network) error {
	opened := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and with it the processes that it started.
		runtime.LockOSThread()
		var err error
		s.handle, err = netns.New()
		opened <- err
		for work := range s.work {
			work()
		}
	}()
	if err := <-opened; err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MasterIndex = s.link, n.bridge.Attrs().Index
	veth := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(s.handle)}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(veth); err != nil {
		return err
	}
	return s.Do(func() error { return s.configure(n) })
}

func (s *Namespace) configure(n *Network) error {
	for _, name := range []string{"lo", "eth0"} {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return err
		}
		address := s.Address.String() + "/24"
		if name == "lo" {
			address = Resolver + "/32"
		}
		if err := addAddress(netlink.AddrAdd, link, address); err != nil {
			return err
		}
	}
	if err := netlink.RouteAdd(&netlink.Route{Gw: n.Gateway.AsSlice()}); err != nil {
		return fmt.Errorf("default route: %w", err)
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// Do calls a function on a thread in the namespace: sockets that it opens itself are the host's. Goroutines that it starts are not there.
func (s *Namespace) Do(do func() error) error {
	done := make(chan error)
	s.work <- func() { done <- do() }
	return <-done
}

// Start starts a program on the host. It ends with this one, or with the namespace.
func (s *Namespace) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return s.Do(cmd.Start)
}

// Close takes the host away. Programs that its programs started are not ended.
func (s *Namespace) Close() error {
	close(s.work)
	if !s.handle.IsOpen() {
		return nil
	}
	link, err := netlink.LinkByName(s.link)
	if err == nil {
		err = netlink.LinkDel(link)
	}
	return errors.Join(err, s.handle.Close())
}
