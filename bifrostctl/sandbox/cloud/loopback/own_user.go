package loopback

import (
	"fmt"
	"net"
	"os"
)

// Listen listens on a free port of 127.0.0.1 for this process's own user: who else connects finds the connection closed before a byte
// is read, and refused is told of it. Where KnowsUsers is false, everybody on this machine may connect.
func Listen(refused func(error)) (net.Listener, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	return &ownListener{listener, refused}, err
}

type ownListener struct {
	net.Listener
	refused func(error)
}

// Accept implements net.Listener.
func (l *ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !KnowsUsers {
			return conn, err
		}
		user, err := userOf(conn)
		if err == nil && user != os.Geteuid() {
			err = fmt.Errorf("it is of user %d, and this sandbox serves user %d alone: run the Pulumi CLI as that user", user, os.Geteuid())
		}
		if err == nil {
			return conn, nil
		}
		_ = conn.Close()
		l.refused(fmt.Errorf("a connection from %s was refused: %w", conn.RemoteAddr(), err))
	}
}
