package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The builder's files besides the standard three.
const (
	inputFD  = 3
	reportFD = 4
)

func init() {
	if len(os.Args) == 0 || os.Args[0] != marker {
		return
	}
	report := os.NewFile(reportFD, "report")
	unix.CloseOnExec(inputFD)
	unix.CloseOnExec(reportFD)
	if err := become(); err != nil {
		fmt.Fprintln(report, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// order is what the builder is told.
type order struct {
	Spec
	// UserNamespace says that the process is User already, and that the kernel keeps its groups.
	UserNamespace bool
}

// become turns the builder into the command. It returns nil when there is none.
func become() error {
	var s order
	if err := json.NewDecoder(os.NewFile(inputFD, "input")).Decode(&s); err != nil {
		return fmt.Errorf("read what to run: %w", err)
	}
	syscall.Umask(0)
	for _, step := range []func() error{s.build, s.enter, s.drop} {
		if err := step(); err != nil {
			return err
		}
	}
	syscall.Umask(0o022)
	if len(s.Args) == 0 {
		return nil
	}
	program, err := s.find(s.Args[0])
	if err != nil {
		return err
	}
	return fmt.Errorf("exec: %q: %w", s.Args[0], syscall.Exec(program, s.Args, s.Env))
}

// devices are bound from the host: a user namespace may not make any.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// build makes the root and everything in it.
func (s *Spec) build() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to itself: %w", err)
	}
	if err := unix.Mount("tmpfs", s.Root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	if err := os.Mkdir(s.in("/tmp"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(s.Links)) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(s.in(path)), 0o755), os.Symlink(s.Links[path], s.in(path))); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.Files)) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(s.in(path)), 0o755),
			os.WriteFile(s.in(path), []byte(s.Files[path]), 0o644)); err != nil {
			return err
		}
	}
	for _, device := range devices {
		if err := s.bind(Mount{Source: device, Target: device}); err != nil {
			return err
		}
	}
	for _, mount := range s.Mounts {
		if err := s.bind(mount); err != nil {
			return err
		}
	}
	if err := s.mountProc(); err != nil {
		return err
	}
	if s.Dir != "" {
		if err := os.MkdirAll(s.in(s.Dir), 0o755); err != nil {
			return err
		}
	}
	if !s.ReadOnlyRoot {
		return nil
	}
	return readOnly(s.Root, 0)
}

// mountProc mounts /proc where the host allows it: inside containers it often does not, and few commands need one.
func (s *Spec) mountProc() error {
	if err := os.Mkdir(s.in("/proc"), 0o555); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	err := unix.Mount("proc", s.in("/proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}

// in is a path of the jail, seen from the host.
func (s *Spec) in(path string) string { return filepath.Join(s.Root, path) }

func (s *Spec) bind(m Mount) error {
	target := s.in(m.Target)
	info, err := os.Stat(m.Source)
	if err != nil {
		return fmt.Errorf("mount %s: %w", m.Target, err)
	}
	if err := place(target, info.IsDir()); err != nil {
		return fmt.Errorf("mount %s: %w", m.Target, err)
	}
	if err := unix.Mount(m.Source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", m.Target, err)
	}
	if !m.ReadOnly {
		return nil
	}
	return readOnly(target, unix.AT_RECURSIVE)
}

// place makes what is mounted over: a folder or a file.
func place(target string, dir bool) error {
	if dir {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

func readOnly(target string, flags uint) error {
	err := unix.MountSetattr(unix.AT_FDCWD, target, flags, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		return fmt.Errorf("make %s read-only (Linux 5.12 or newer): %w", target, err)
	}
	return nil
}

// enter makes the root the process's own. Moving it over the old one works on every kind of root, which pivot_root does not.
func (s *Spec) enter() error {
	if err := os.Chdir(s.Root); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if s.Dir == "" {
		return os.Chdir("/")
	}
	return os.Chdir(s.Dir)
}

// drop gives up every right for good: what a container gets by default beyond that, none of ours needs.
func (s *order) drop() error {
	for capability := uintptr(0); ; capability++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); errors.Is(err, unix.EINVAL) {
			break // past the kernel's last
		} else if err != nil {
			return fmt.Errorf("drop capabilities: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if !s.UserNamespace {
		if err := errors.Join(syscall.Setgroups(s.Groups), syscall.Setgid(s.Group), syscall.Setuid(s.User)); err != nil {
			return fmt.Errorf("become user %d: %w", s.User, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	// Another user has lost it: the container ends with the program that started it.
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

// find looks a command up as execvp does, within the root.
func (s *Spec) find(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, entry := range s.Env {
		path, found := strings.CutPrefix(entry, "PATH=")
		if !found {
			continue
		}
		for _, dir := range filepath.SplitList(path) {
			if file := filepath.Join(dir, name); unix.Access(file, unix.X_OK) == nil {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}
