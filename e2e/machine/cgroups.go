package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroupRoot is where every distribution mounts control groups.
const cgroupRoot = "/sys/fs/cgroup"

// unified says that the machine has control groups of version 2 alone: there is one hierarchy, and it names its controllers at its root.
func unified() bool {
	_, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers"))
	return err == nil
}

// hierarchies are the folders at which control groups are mounted: one with version 2, one for each controller with version 1, where
// a hierarchy of version 2 without controllers may be beside them.
func hierarchies() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(mounts)) {
		words := strings.Fields(line) // device, folder, kind
		if strings.HasPrefix(words[2], "cgroup") && strings.HasPrefix(words[1], cgroupRoot) && !slices.Contains(found, words[1]) {
			found = append(found, words[1])
		}
	}
	return found, nil
}

// groupOf is the name of a run's control group at the root of each hierarchy.
func groupOf(folder string) string { return filepath.Base(folder) }

// makeCgroups makes the run's control group in every hierarchy.
func makeCgroups(folder string) error { return makeGroup(groupOf(folder)) }

// makeGroup makes a control group in every hierarchy, by its path from the root. With version 2 its parents get the controllers that the
// kubelet asks for; at the root of all they stay.
func makeGroup(name string) error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return fmt.Errorf("control group %s: %w", name, err)
		}
	}
	if !unified() {
		return nil
	}
	return enableAbove(cgroupRoot, name)
}

// wanted are the controllers of version 2 without which the kubelet takes no group for its pods, where the machine has them
// (getSupportedUnifiedControllers in k8s.io/kubernetes/pkg/kubelet/cm).
var wanted = []string{"cpu", "cpuset", "hugetlb", "memory", "pids"}

// enableAbove gives a control group of version 2 its controllers: every parent must have them enabled for its children, the root first.
// The group itself has none enabled: it can have processes then (admin-guide/cgroup-v2, "Top-down Constraint" and "No Internal Process
// Constraint").
func enableAbove(root, name string) error {
	dir := root
	for part := range strings.SplitSeq(name, "/") {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err != nil {
			return err
		}
		file := filepath.Join(dir, "cgroup.subtree_control")
		for _, controller := range strings.Fields(string(text)) {
			if !slices.Contains(wanted, controller) {
				continue
			}
			if err := os.WriteFile(file, []byte("+"+controller), 0o644); err != nil {
				return fmt.Errorf("enable %s in %s: %w", controller, file, err)
			}
		}
		dir = filepath.Join(dir, part)
	}
	return nil
}

// clean takes away what outlives a run's processes: its control groups, its folder, and the higher limit.
func clean(folder string) error {
	return errors.Join(removeGroup(groupOf(folder)), os.RemoveAll(folder), lowerLimit(inotifyLimit))
}

// Remains are the control groups and the folder that are left of a run, by its folder.
func Remains(folder string) ([]string, error) {
	dirs, err := hierarchies()
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(folder)
	for _, dir := range dirs {
		groups, err := groupsIn(filepath.Join(dir, groupOf(folder)))
		if err != nil {
			return nil, err
		}
		found = append(found, groups...)
	}
	return found, err
}

// removeGroup removes a control group with those below it. One whose last process has just ended may be busy for a moment.
func removeGroup(name string) error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := removeTree(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove the control group: %w", err)
		}
	}
	return nil
}

func removeTree(root string) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		groups, err := groupsIn(root)
		if err != nil {
			return err
		}
		for _, group := range slices.Backward(groups) {
			if err = os.Remove(group); err != nil {
				break
			}
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// groupsIn are a control group and those below it, parents first; none where there is no such group.
func groupsIn(root string) ([]string, error) {
	var groups []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	return groups, err
}

// Group is a control group of this run: a node's programs, and below it what the node makes for its pods.
type Group struct {
	// Path is the group's in every hierarchy, from its root on.
	Path string
}

// NewGroup makes a control group below the run's own.
func NewGroup(name string) (*Group, error) {
	g := &Group{Path: "/" + filepath.Join(groupOf(Folder()), name)}
	return g, makeGroup(g.own())
}

// own is where its programs are: a group whose children have controllers may have no processes itself.
func (g *Group) own() string { return filepath.Join(g.Path[1:], "system") }

// killer is the hierarchy in which a process is looked for: each has all of them.
func killer() string {
	if unified() {
		return cgroupRoot
	}
	return filepath.Join(cgroupRoot, "pids")
}

// Add takes a process in, with all that it will start.
func (g *Group) Add(pid int) error {
	return os.WriteFile(filepath.Join(killer(), g.own(), "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
}

// Kill ends every process in the group and below it, as when a machine loses power, and waits until none is left.
func (g *Group) Kill() error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		groups, err := groupsIn(filepath.Join(killer(), g.Path))
		if err != nil {
			return err
		}
		killed := 0
		for _, group := range groups {
			text, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
			for _, word := range strings.Fields(string(text)) {
				// 0 is a process that is not in this PID namespace, and none of the group's.
				if pid, err := strconv.Atoi(word); err == nil && pid > 0 {
					killed++
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
		if killed == 0 {
			return nil
		}
	}
	return fmt.Errorf("processes of %s do not end", g.Path)
}
