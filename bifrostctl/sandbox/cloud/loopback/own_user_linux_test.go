package loopback

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// attackAddress is the variable with which this test's program starts itself to be another user.
const attackAddress = "LOOPBACK_TEST_ATTACK"

// TestOthersFindClosedConnections: the own user is answered, through either family's socket; another one is not.
func TestOthersFindClosedConnections(t *testing.T) {
	if !KnowsUsers {
		t.Skip("this system does not tell whose a connection is")
	}
	refusals := make(chan error, 1)
	listener, err := Listen(func(err error) { refusals <- err })
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "hello")
			_ = conn.Close()
		}
	}()
	address := netip.MustParseAddrPort(listener.Addr().String())

	own, err := net.Dial("tcp", address.String())
	require.NoError(t, err)
	require.Equal(t, "hello", said(t, own))
	require.Equal(t, "hello", said(t, dialMapped(t, address)))
	require.Empty(t, refusals)

	if os.Getuid() != 0 {
		t.Skip("only root can be another user, too")
	}
	attack := exec.Command("/proc/self/exe", "-test.run=^TestAttack$", "-test.v")
	attack.Env = append(os.Environ(), attackAddress+"="+address.String())
	attack.Dir = "/"
	attack.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4242, Gid: 4242}}
	output, err := attack.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Contains(t, string(output), "user 4242 was told nothing")
	require.ErrorContains(t, <-refusals, "it is of user 4242, and this sandbox serves user 0 alone")
}

// TestAttack runs as another user.
func TestAttack(t *testing.T) {
	address := os.Getenv(attackAddress)
	if address == "" {
		t.Skip("a part of TestOthersFindClosedConnections")
	}
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	got, _ := io.ReadAll(conn)
	require.NotContains(t, string(got), "hello")
	t.Logf("user %d was told nothing", os.Getuid())
}

// TestNobodysConnections: the kernel shows what nobody holds any more as root's, whoever made it. So a user who writes and hangs up at once
// would pass for root.
func TestNobodysConnections(t *testing.T) {
	if !KnowsUsers {
		t.Skip("this system does not tell whose a connection is")
	}
	plain, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = plain.Close() })
	left, err := net.Dial("tcp", plain.Addr().String())
	require.NoError(t, err)
	conn, err := plain.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	user, err := userOf(conn)
	require.NoError(t, err)
	require.Equal(t, os.Getuid(), user)

	require.NoError(t, left.Close())
	_, err = io.ReadAll(conn) // until the kernel knows, too
	require.NoError(t, err)
	_, err = userOf(conn)
	require.ErrorIs(t, err, errNobody)
}

func said(t *testing.T, r io.ReadCloser) string {
	t.Helper()
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return strings.TrimSpace(string(text))
}

// dialMapped reaches an IPv4 address through a socket of IPv6, as some languages do.
func dialMapped(t *testing.T, address netip.AddrPort) io.ReadCloser {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Skip("this kernel has no IPv6")
	}
	to := &syscall.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}
	require.NoError(t, syscall.Connect(fd, to))
	return os.NewFile(uintptr(fd), "socket")
}
