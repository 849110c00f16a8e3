package machine

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// insideVariable has the test program, started by a test, run one of the scenes on a machine.
const insideVariable = "BIFROST_MACHINE_SCENE"

func TestMain(m *testing.M) {
	scene, wanted := scenes[os.Getenv(insideVariable)]
	switch {
	case wanted:
		os.Exit(Run(func() int { return play(scene) }))
	case Available() != nil:
		os.Exit(Skip(Available()))
	}
	os.Exit(m.Run())
}

func play(scene func() error) int {
	if err := scene(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 7
}

var scenes = map[string]func() error{"network": network, "everything": everything}

// network is two clusters' hosts that find what they have to.
func network() error {
	for index := 1; index <= 2; index++ {
		n, err := NewNetwork(index)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", n.Outside.String()+":443")
		if err != nil {
			return err
		}
		var from []string
		for number := 11; number <= 12; number++ {
			host, err := n.Namespace("host", n.Host(number))
			if err != nil {
				return err
			}
			connection := make(chan net.Conn)
			go func() {
				c, _ := listener.Accept()
				connection <- c
			}()
			if err := host.Do(func() error { _, err := net.Dial("tcp", listener.Addr().String()); return err }); err != nil {
				return err
			}
			from = append(from, (<-connection).RemoteAddr().(*net.TCPAddr).IP.String())
			if err := host.Close(); err != nil {
				return err
			}
		}
		if want := []string{n.Host(11).String(), n.Host(12).String()}; fmt.Sprint(from) != fmt.Sprint(want) {
			return fmt.Errorf("outside saw %v, not %v", from, want)
		}
		if err := n.Close(); err != nil {
			return err
		}
	}
	return nil
}

// everything leaves on the machine what a node would, and does not end.
func everything() error {
	group, err := NewGroup("node")
	if err != nil {
		return err
	}
	n, err := NewNetwork(1)
	if err != nil {
		return err
	}
	host, err := n.Namespace("host", n.Host(11))
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return os.WriteFile("/proc/sys/kernel/panic", []byte("11"), 0o644) },
		func() error { return os.WriteFile("/etc/cni-of-a-test", nil, 0o644) },
		func() error { return os.MkdirAll("/var/lib/kubelet/of-a-test", 0o755) },
		func() error { return os.MkdirAll("/opt/of-a-test", 0o755) },
		func() error { return os.WriteFile(filepath.Join(os.TempDir(), "of-a-test"), nil, 0o644) },
		func() error { return host.Start(exec.Command("iptables", "-A", "FORWARD", "-j", "DROP")) },
		func() error {
			// In a session of its own and with nobody who waits for it, as a runtime's shim.
			shim := exec.Command("sh", "-c", "setsid sleep 123456 & echo made; wait")
			out, err := shim.StdoutPipe()
			if err != nil {
				return err
			}
			if err := host.Start(shim); err != nil {
				return err
			}
			_, err = bufio.NewReader(out).ReadString('\n')
			return err
		},
		func() error { return group.Add(os.Getpid()) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	fmt.Println("made", Folder())
	time.Sleep(time.Hour) // it is killed; a select for nothing would be a deadlock
	return nil
}

// footprint is what a run could leave on the machine.
func footprint(t *testing.T) string {
	t.Helper()
	var all []string
	for _, command := range []string{
		"cat /proc/self/mounts", "ip -o link", "iptables-save", "nft list ruleset", "ls /etc /opt /var/lib /run/netns",
		"cat /proc/sys/kernel/panic /proc/sys/vm/overcommit_memory",
	} {
		out, _ := exec.Command("sh", "-c", "PATH=$PATH:"+Path+"; "+command+" 2>&1").Output()
		all = append(all, string(out))
	}
	return strings.Join(all, "\n")
}

// remains are this run's processes, control groups and files.
func remains(t *testing.T, folder string) []string {
	t.Helper()
	found, err := Remains(folder)
	require.NoError(t, err)
	processes, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, process := range processes {
		if environment, _ := os.ReadFile(process); bytes.Contains(environment, []byte(folderVariable+"="+folder)) {
			found = append(found, process)
		}
	}
	return found
}

func sceneCommand(name string, out io.Writer) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), insideVariable+"="+name)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd
}

func TestStatusAndNetwork(t *testing.T) {
	before := footprint(t)
	var out bytes.Buffer
	cmd := sceneCommand("network", &out)
	_ = cmd.Run()
	require.Equal(t, 7, cmd.ProcessState.ExitCode(), "%s", &out)
	require.Equal(t, before, footprint(t))
}

func TestNothingStays(t *testing.T) {
	for name, c := range map[string]struct {
		signal syscall.Signal
		// whom to kill: the program that go test started, its keeper, or both.
		keeper, outer bool
	}{
		"interrupted":   {signal: syscall.SIGINT, outer: true},
		"killed":        {signal: syscall.SIGKILL, outer: true},
		"keeper killed": {signal: syscall.SIGKILL, keeper: true},
	} {
		t.Run(name, func(t *testing.T) {
			before := footprint(t)
			cmd := sceneCommand("everything", nil)
			pipe, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewScanner(pipe)
			require.True(t, lines.Scan())
			folder, made := strings.CutPrefix(lines.Text(), "made ")
			require.True(t, made, lines.Text())
			require.NotEmpty(t, remains(t, folder))

			if c.outer {
				require.NoError(t, cmd.Process.Signal(c.signal))
			}
			if c.keeper {
				require.NoError(t, syscall.Kill(childOf(t, cmd.Process.Pid), c.signal))
			}
			_ = cmd.Wait()
			require.Eventually(t, func() bool { return len(remains(t, folder)) == 0 }, 3*time.Minute, 20*time.Millisecond)
			require.Equal(t, before, footprint(t))
		})
	}
}

// childOf is the one child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/status")
	require.NoError(t, err)
	children := slices.DeleteFunc(all, func(file string) bool {
		text, _ := os.ReadFile(file)
		return !strings.Contains(string(text), fmt.Sprintf("\nPPid:\t%d\n", pid))
	})
	require.Len(t, children, 1)
	child, err := strconv.Atoi(filepath.Base(filepath.Dir(children[0])))
	require.NoError(t, err)
	return child
}
