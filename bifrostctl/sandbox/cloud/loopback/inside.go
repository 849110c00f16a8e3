package loopback

import (
	"errors"
	"fmt"
	"net"
	"sync"
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
	ours, theirs, err := pair()
	if err != nil {
		return nil, fmt.Errorf("sockets of the sandbox's network: %w", err)
	}
	l.take(theirs)
	return ours, nil
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
