package loopback

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// KnowsUsers says that this system tells whose a connection of this machine is.
const KnowsUsers = true

var errNobody = errors.New("the system does not say whose it is")

// userOf returns the user of the process at the other end of a TCP connection of this machine. The kernel's tables of sockets have a
// row for that end, too: its own address, this one, and the user who made the socket (proc_pid_net(5), "/proc/pid/net/tcp").
func userOf(conn net.Conn) (int, error) {
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return 0, err
	}
	remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return 0, err
	}
	// While rows come and go, a reading may miss one that stays.
	for range 3 {
		// A program may reach an IPv4 address through a socket of IPv6, where it is mapped (RFC 4291, 2.5.5.2).
		for _, table := range []struct{ file, prefix string }{{"/proc/self/net/tcp", ""}, {"/proc/self/net/tcp6", mapped}} {
			user, err := userIn(table.file, table.prefix+row(remote), table.prefix+row(local))
			if err == nil || !errors.Is(err, errNobody) {
				return user, err
			}
		}
	}
	return 0, errNobody
}

// userIn looks for the socket from one address to another. One that no process holds any more has no inode, and the kernel shows it as
// root's: it is nobody's.
func userIn(table, from, to string) (int, error) {
	file, err := os.Open(table)
	if errors.Is(err, os.ErrNotExist) {
		return 0, errNobody // a kernel without IPv6
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	const fromColumn, toColumn, userColumn, inodeColumn = 1, 2, 7, 9
	for lines := bufio.NewScanner(file); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		if len(columns) <= inodeColumn || columns[fromColumn] != from || columns[toColumn] != to {
			continue
		}
		if columns[inodeColumn] == "0" {
			return 0, errNobody
		}
		return strconv.Atoi(columns[userColumn])
	}
	return 0, errNobody
}

// mapped is what comes before an IPv4 address in the table of IPv6: three words of four bytes.
var mapped = fmt.Sprintf("%024X", binary.NativeEndian.Uint32([]byte{0, 0, 0xff, 0xff}))

// row is an IPv4 address and port as the tables have it: the address is one word.
func row(address netip.AddrPort) string {
	ip := address.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), address.Port())
}
