// Package jail runs a command in a root of its own, as a container runtime does: absolute paths, the numeric user and the read-only
// root are real. It needs Linux's mount and PID namespaces, as root or, where user namespaces are allowed, as any user. The network
// is the host's.
//
// The running program starts itself again to build the root. Package jail imports nothing but the standard library and x/sys, so that
// this copy begins its work before larger packages of the program are initialised.
package jail

import "fmt"

// Mount shows a file or folder of the host in a jail.
type Mount struct {
	Source, Target string
	ReadOnly       bool
}

// Spec is a command and the root that it runs in.
type Spec struct {
	// Root is an empty folder of the host that the root is built on. The host sees nothing of what is built.
	Root string
	// Files are small files by path, Links symbolic links by path. They exist before Mounts.
	Files, Links map[string]string
	// Mounts are in the order in which they are made. Folders that they need in the root are made.
	Mounts []Mount
	// ReadOnlyRoot takes away writing outside Mounts, /tmp included.
	ReadOnlyRoot bool
	// User, Group and Groups are numeric; without root on the host, files that User's process writes belong to the host's user, and
	// Groups has no effect.
	User, Group int
	Groups      []int
	// Dir is the working folder, made if it is missing.
	Dir string
	// Args are the command; a name without a slash is looked for in the PATH of Env, within the root. No Args: the root is built, and
	// that is all.
	Args, Env []string
}

// StartError says why the command did not start.
type StartError struct{ Reason string }

func (e *StartError) Error() string { return e.Reason }

func startError(format string, args ...any) *StartError {
	return &StartError{Reason: fmt.Sprintf(format, args...)}
}
