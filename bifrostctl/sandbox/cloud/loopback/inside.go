package loopback

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

var errClosed = errors.New("the sandbox's network is closed")

// inside is a listener on no address: it takes connections that are handed to it, and those that this process dials.
type inside struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	addr   net.Addr
}

func newInside(addr net.Addr) *inside {
	return &inside{conns: make(chan net.Conn), closed: make(chan struct{}), addr: addr}
}

// dial makes a connection within this process: a pair of sockets, which have the kernel's own buffers and time limits and no name that
// anybody else could connect to.
func (l *inside) dial() (net.Conn, error) {
	pair, err := socketpair()
	if err != nil {
		return nil, fmt.Errorf("sockets of the sandbox's network: %w", err)
	}
	ours, err := connOf(pair[0])
	if err != nil {
		return nil, errors.Join(err, syscall.Close(pair[1]))
	}
	theirs, err := connOf(pair[1])
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	l.take(theirs)
	return ours, nil
}

// socketpair keeps both sockets from a process that is started at that moment.
func socketpair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	return pair, err
}

func connOf(descriptor int) (net.Conn, error) {
	file := os.NewFile(uintptr(descriptor), "sandbox")
	conn, err := net.FileConn(file) // which has a descriptor of its own
	return conn, errors.Join(err, file.Close())
}

// take hands a connection over, or closes it where the listener is closed.
func (l *inside) take(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.closed:
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (l *inside) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, errClosed
	}
}

// Close implements net.Listener.
func (l *inside) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *inside) Addr() net.Addr { return l.addr }
