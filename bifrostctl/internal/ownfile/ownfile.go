// Package ownfile keeps the sandbox's files to the user who runs it: what others could have put there is neither read nor written.
// It needs a Unix: on Windows, where who may write to a folder is not a matter of an owner and nine bits, it refuses every folder.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bifrost/bifrostctl/internal/wholefile"
)

// CheckFolder refuses a folder that is a link, that another user owns, or that others may write to: they could change what is read and
// written there. The error names the command that mends it. A folder that does not exist has no problem.
func CheckFolder(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case unsupported != nil:
		return unsupported
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a link: name the folder that it leads to", dir)
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", dir)
	}
	if err := checkOwner(dir, dir, info); err != nil {
		return err
	}
	if info.Mode()&0o022 != 0 {
		return fmt.Errorf("others may write to the folder %s (mode %#o): they could change what is in it; to keep it to yourself:\n  "+
			"chmod go-w %[1]s",
			dir, info.Mode().Perm())
	}
	return nil
}

// CheckTree refuses a folder as CheckFolder does, and one that holds links, other users' files, or what is neither file nor folder.
func CheckTree(dir string) error {
	if err := CheckFolder(dir); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // there is none yet, or another command has just removed it
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !info.IsDir() && !info.Mode().IsRegular():
			return fmt.Errorf("%s is neither a file nor a folder (%s), and none of the sandbox's own: it could lead anywhere; to remove "+
				"it:\n  rm %[1]s",
				path, info.Mode().Type())
		}
		return checkOwner(path, dir, info)
	})
}

// Open opens a file that is no link. The permissions of a new one are its owner's alone.
func Open(file string, flag int) (*os.File, error) {
	return os.OpenFile(file, flag|noFollow, 0o600)
}

// Read returns what a file holds that is no link.
func Read(file string) ([]byte, error) {
	f, err := Open(file, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Write replaces a file at once, as wholefile.Write does. Only the owner may read the new file.
func Write(file string, text []byte) error { return wholefile.Write(file, text, 0o600) }
