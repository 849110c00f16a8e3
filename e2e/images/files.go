package images

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

func byName(a, b entry) int { return strings.Compare(a.header.Name, b.header.Name) }

// files is what is at a place of this machine, under the name that it has in the image. Within a folder links stay links.
func files(name, source string) ([]entry, error) {
	root, err := filepath.EvalSymlinks(source)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		one, err := file(name, root)
		return []entry{one}, err
	}
	var all []entry
	err = filepath.WalkDir(root, func(place string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inImage := name + strings.TrimPrefix(place, root)
		switch {
		case d.IsDir() && d.Name() == "__pycache__":
			return filepath.SkipDir
		case d.IsDir():
			all = append(all, folder(inImage, 0o755, 0))
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(place)
			if err != nil {
				return err
			}
			all = append(all, link(inImage, target))
		case d.Type().IsRegular():
			one, err := file(inImage, place)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}

// program is the busybox of this machine.
type program struct {
	path     string
	commands []string
}

// findBusybox looks for one that needs no libraries, and asks it for its commands.
var findBusybox = sync.OnceValues(func() (program, error) {
	path, err := exec.LookPath("busybox")
	if err != nil || !static(path) {
		return program{}, errNoBusybox
	}
	list, err := exec.Command(path, "--list").Output()
	if err != nil {
		return program{}, err
	}
	return program{path, strings.Fields(string(list))}, nil
})

// static tells whether a program runs without libraries and loader.
func static(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}
