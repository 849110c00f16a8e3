//go:build unix

package ownfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// noFollow has the system refuse to open a link.
const noFollow = syscall.O_NOFOLLOW

// unsupported is nil: this system has owners.
var unsupported error

// checkOwner names the command for all of dir.
func checkOwner(path, dir string, info fs.FileInfo) error {
	owner, self := info.Sys().(*syscall.Stat_t).Uid, os.Geteuid()
	if int(owner) == self {
		return nil
	}
	return fmt.Errorf("%s belongs to user %d, not to you (%d): its owner could change what is in it; use another folder, or take it over:"+
		"\n  sudo chown -R %[3]d %[4]s", path, owner, self, dir)
}
