package reach

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	corev1 "k8s.io/api/core/v1"
)

// Flow is a connection that can be tried.
type Flow struct {
	From, To Place
	Protocol corev1.Protocol // TCP or UDP
	Port     uint16
}

// String is for people.
func (f Flow) String() string {
	return fmt.Sprintf("%s -> %s %s %d", f.From.Name, f.To.Name, f.Protocol, f.Port)
}

// How long an answer may take. What is refused is mostly told so at once; what is dropped, never.
const (
	connectTimeout = 3 * time.Second
	answerTimeout  = 500 * time.Millisecond
	questions      = 4 // a datagram may be lost
)

// Try tells whether the other end is reached. Where nothing listens on the port yet, it listens there meanwhile. An error is one of the
// attempt itself.
func (f Flow) Try() (bool, error) {
	stop, err := f.listen()
	if err != nil {
		return false, fmt.Errorf("%s: listen: %w", f, err)
	}
	defer stop()
	reached := false
	err = f.From.do(func() error {
		var err error
		if f.Protocol == corev1.ProtocolUDP {
			reached, err = f.ask()
		} else {
			reached, err = f.connect()
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", f, err)
	}
	return reached, nil
}

// to is the other end.
func (f Flow) to() netip.AddrPort { return netip.AddrPortFrom(f.To.Address, f.Port) }

// listen opens the port unless somebody has.
func (f Flow) listen() (stop func(), err error) {
	stop = func() {}
	if f.To.closed {
		return stop, nil
	}
	err = f.To.do(func() error {
		if f.Protocol == corev1.ProtocolUDP {
			conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(f.to()))
			if err == nil {
				stop = func() { _ = conn.Close() }
				go echo(conn)
			}
			return err
		}
		listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(f.to()))
		if err == nil {
			stop = func() { _ = listener.Close() }
		}
		return err
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return stop, nil
	}
	return stop, err
}

func echo(conn *net.UDPConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		_, _ = conn.WriteToUDPAddrPort(buffer[:n], from)
	}
}

// connect is done when the kernels have agreed on a connection, whether or not anybody accepts it.
func (f Flow) connect() (bool, error) {
	dialer := net.Dialer{Timeout: connectTimeout, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(f.From.Address, 0))}
	conn, err := dialer.Dial("tcp", f.to().String())
	if err == nil {
		return true, conn.Close()
	}
	return false, refused(err)
}

// ask sends what a DNS server answers, and an echo as well.
func (f Flow) ask() (bool, error) {
	question, err := (&dnsmessage.Message{Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("kubernetes.default.svc.cluster.local."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}).Pack()
	if err != nil {
		return false, err
	}
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(f.From.Address, 0)), net.UDPAddrFromAddrPort(f.to()))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	for range questions {
		if _, err := conn.Write(question); err != nil {
			return false, refused(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
			return false, err
		}
		_, err := conn.Read(make([]byte, 1500))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return false, refused(err)
		}
	}
	return false, nil
}

// refused is nil where an error means that what was sent did not get there: a filter's answer, or none.
func refused(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	for _, no := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EPERM} {
		if errors.Is(err, no) {
			return nil
		}
	}
	return err
}
