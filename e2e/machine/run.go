package machine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// The variables that a program which Run starts again finds: what it is, and the run's folder.
const (
	stageVariable  = "BIFROST_MACHINE_STAGE"
	folderVariable = "BIFROST_MACHINE_FOLDER"
)

// The programs of a run, each the parent of the next. The first is the one that go test started.
const (
	// keeperStage stays outside and in a session of its own, and removes what the kernel does not.
	keeperStage = "keeper"
	// firstStage is process 1 of the namespaces.
	firstStage = "first"
	testsStage = "tests"
)

// aliveFD is the keeper's end of a pipe that breaks when the program ends that go test started.
const aliveFD = 3

// Folder is a folder of this run on the machine's disk, removed after it; empty outside of Run. Temporary files are below it. It is short:
// a socket's path has 107 bytes at most.
func Folder() string { return os.Getenv(folderVariable) }

// Run calls the tests on a machine of their own and returns their status. Call it first thing in TestMain. Where something is missing, it
// says so in one line and skips; with CI set it fails.
func Run(tests func() int) int {
	stage := os.Getenv(stageVariable)
	// Whatever the tests start is not of this run's making.
	_ = os.Unsetenv(stageVariable)
	switch stage {
	case testsStage:
		return tests()
	case firstStage:
		return first()
	case keeperStage:
		return keep()
	}
	if err := Available(); err != nil {
		return Skip(err)
	}
	status, err := begin()
	if err != nil {
		fmt.Println("no machine for the tests:", err)
		return 1
	}
	return status
}

// Skip says in one line why a package's tests do not run, and returns the status of their program: CI does not skip.
func Skip(reason error) int {
	if os.Getenv("CI") != "" {
		fmt.Println("the tests cannot run, and CI does not skip them:", reason)
		return 1
	}
	fmt.Println("skipped, all tests:", reason)
	return 0
}

// begin is what the program does that go test started: it has a keeper, and cleans up where that was killed.
func begin() (int, error) {
	folder, err := os.MkdirTemp("", "bifrost-machine-")
	if err != nil {
		return 0, err
	}
	// Programs of the tests that are another user's find their own in it.
	if err := os.Chmod(folder, 0o711); err != nil {
		return 0, err
	}
	alive, hold, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer hold.Close()
	cmd := again(keeperStage, folder)
	cmd.ExtraFiles = []*os.File{alive}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	status, err := supervise(cmd, func() { alive.Close() })
	return status, errors.Join(err, clean(folder))
}

// keep has process 1 of the namespaces, ends it when the program ends that go test started, and cleans up.
func keep() int {
	// Process 1 gets the signal when the thread ends that started it.
	runtime.LockOSThread()
	folder := Folder()
	cmd := again(firstStage, folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	limit, err := raiseLimit(inotifyLimit)
	if err == nil {
		err = makeCgroups(folder)
	}
	status := 1
	if err == nil {
		status, err = supervise(cmd, func() {
			go func() {
				_, _ = io.Copy(io.Discard, os.NewFile(aliveFD, "alive"))
				_ = cmd.Process.Kill()
			}()
		})
	}
	_ = limit.Close()
	if err := errors.Join(err, clean(folder)); err != nil {
		fmt.Println("the tests' machine:", err)
		return max(status, 1)
	}
	return status
}

// first prepares the machine, runs the tests on it, and reaps what is left to it: the kernel ends all processes with this one.
func first() int {
	cmd := again(testsStage, Folder())
	cmd.Env = append(cmd.Env, "TMPDIR="+filepath.Join(Folder(), "tmp"))
	if err := prepare(Folder()); err != nil {
		fmt.Println("prepare the tests' machine:", err)
		return 1
	}
	if err := cmd.Start(); err != nil {
		fmt.Println("start the tests:", err)
		return 1
	}
	defer forward(cmd.Process)()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			fmt.Println("wait for the tests:", err)
			return 1
		}
		if pid == cmd.Process.Pid {
			return code(status)
		}
	}
}

// again is this program once more, as another stage of the run.
func again(stage, folder string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), stageVariable+"="+stage, folderVariable+"="+folder)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd
}

// supervise runs a program to its end and returns its status.
func supervise(cmd *exec.Cmd, started func()) (int, error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	started()
	defer forward(cmd.Process)()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return code(cmd.ProcessState.Sys().(syscall.WaitStatus)), nil
}

// forward passes on what would end this program, until stop is called.
func forward(to *os.Process) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() {
		for s := range signals {
			_ = to.Signal(s)
		}
	}()
	return func() { signal.Stop(signals) }
}

// code is a program's exit code as shells give it.
func code(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
