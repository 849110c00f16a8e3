//go:build !linux

package jail

import (
	"context"
	"errors"
	"io"
)

var errNotLinux = errors.New("containers run on Linux only: use a Linux machine or CI")

// Available says that jails need Linux.
func Available() error { return errNotLinux }

// Run says that jails need Linux.
func Run(context.Context, *Spec, io.Writer) (int, error) { return 0, errNotLinux }
