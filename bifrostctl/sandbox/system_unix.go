//go:build unix

package sandbox

import (
	"os"
	"syscall"
)

// flock takes a file for this process alone, or fails at once.
func flock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// ownGroup starts a process in a group of its own, which the terminal's Ctrl-C does not reach.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
