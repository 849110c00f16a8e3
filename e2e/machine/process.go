package machine

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// Process is a running program with a log of its own.
type Process struct {
	// Log is the file of what it writes; a program that is started again goes on there.
	Log string

	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Launch starts a program that ends with this one, however that ends: on a host, or with nil beside the tests. What it writes goes to a
// file.
func Launch(host *Namespace, cmd *exec.Cmd, log string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p := &Process{Log: log, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		start := cmd.Start
		if host != nil {
			start = func() error { return host.Start(cmd) }
		}
		// The kernel sends the signal when the thread ends that started the program.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

// PID is the program's process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended says that the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Kill ends the program at once, as a crash does.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Tail is the end of the program's log.
func (p *Process) Tail() string {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
