//go:build unix

package loopback

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// pair is two connected sockets without names.
func pair() (ours, theirs net.Conn, err error) {
	descriptors, err := socketpair()
	if err != nil {
		return nil, nil, err
	}
	ours, err = connOf(descriptors[0])
	if err != nil {
		return nil, nil, errors.Join(err, syscall.Close(descriptors[1]))
	}
	theirs, err = connOf(descriptors[1])
	if err != nil {
		return nil, nil, errors.Join(err, ours.Close())
	}
	return ours, theirs, nil
}

// socketpair keeps both sockets from a process that is started at that moment.
func socketpair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	descriptors, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(descriptors[0])
		syscall.CloseOnExec(descriptors[1])
	}
	return descriptors, err
}

func connOf(descriptor int) (net.Conn, error) {
	file := os.NewFile(uintptr(descriptor), "sandbox")
	conn, err := net.FileConn(file) // which has a descriptor of its own
	return conn, errors.Join(err, file.Close())
}
