package jail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// marker is the name under which the program starts itself to build a root.
const marker = "bifrost-e2e-jail"

// Available says why jails do not work here, by trying one.
func Available() error {
	root, err := os.MkdirTemp("", marker)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(root) }()
	if _, err := Run(context.Background(), &Spec{Root: root}, io.Discard); err != nil {
		return fmt.Errorf("containers need Linux namespaces: %w; run as root, or allow unprivileged user namespaces (sysctl "+
			"kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces)", err)
	}
	return nil
}

// Run runs a command to its end and returns its exit code; out gets what it writes. When ctx ends, every process in the jail is
// killed and the code is 137. An error is a StartError when the command did not start.
func Run(ctx context.Context, s *Spec, out io.Writer) (int, error) {
	document, err := json.Marshal(order{Spec: *s, UserNamespace: os.Geteuid() != 0})
	if err != nil {
		return 0, err
	}
	// Through a pipe, because environments hold secrets and arguments are for all to see.
	input, feed, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer feed.Close()
	report, complaint, err := os.Pipe()
	if err != nil {
		input.Close()
		return 0, err
	}
	defer report.Close()

	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args, cmd.Env = []string{marker}, []string{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{input, complaint}
	cmd.SysProcAttr = attributes(s)
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Start()
	input.Close()
	complaint.Close()
	if ctx.Err() != nil && err != nil {
		return killed, nil
	}
	if err != nil {
		return 0, startError("start a process in namespaces of its own: %v", err)
	}
	_, feedErr := feed.Write(document)
	feed.Close()
	// Ends when the command has taken the place of the builder.
	reason, reportErr := io.ReadAll(report)
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return killed, nil
	case len(reason) > 0:
		return 0, &StartError{Reason: string(bytes.TrimSpace(reason))}
	case feedErr != nil || reportErr != nil:
		return 0, errors.Join(feedErr, reportErr)
	}
	var exit *exec.ExitError
	switch status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus); {
	case status.Signaled():
		return 128 + int(status.Signal()), nil
	case err == nil, errors.As(err, &exit):
		return status.ExitStatus(), nil
	}
	return 0, err
}

// killed is 128 and SIGKILL.
const killed = 128 + int(unix.SIGKILL)

// attributes put the process into namespaces. With a PID namespace, the end of its first process is the end of all.
func attributes(s *Spec) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		return a
	}
	a.Cloneflags |= unix.CLONE_NEWUSER
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: s.User, HostID: os.Getuid(), Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: s.Group, HostID: os.Getgid(), Size: 1}}
	// A user other than 0 would lose them when the builder starts.
	a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT, unix.CAP_SETPCAP, unix.CAP_DAC_OVERRIDE}
	return a
}
